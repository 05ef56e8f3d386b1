"""The operations an app registers ahead, so that its front ends send an id for a document, or may send nothing else."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from tenants.access.actor import Actor
from tenants.access.apps import live_app
from tenants.access.wording import check_name
from tenants.database import Session
from tenants.errors import AlreadyArchived, Conflict, InvalidInput, NotFound
from tenants.persisted.models import PersistedOperation, PersistedOperationSet

MOST_OPERATIONS = 500
MOST_CHARACTERS = 100_000
"""Of all documents of a set: to judge one takes a while."""
MOST_SETS = 100
"""Of an app, that are not archived."""


class NewOperation(NamedTuple):
    name: str
    document: str


def digest_of(document: str) -> bytes:
    """Of the text as it is, to the letter."""
    return hashlib.sha256(document.encode("utf-8", "surrogatepass")).digest()


async def create_set(
    session: Session, actor: Actor, *, app_id: UUID, operations: Sequence[NewOperation], only: bool | None
) -> PersistedOperationSet:
    """`only` says whether from now on the app is asked for nothing that is not registered; None leaves that as it is.

    The caller has looked at the documents, and whether they are too many.
    """
    app = await live_app(session, actor, app_id)
    # The app is locked: nobody else counts.
    live = func.count().filter(PersistedOperationSet.archived_at.is_(None))
    counted = select(func.coalesce(func.max(PersistedOperationSet.version), 0), live).where(
        PersistedOperationSet.organization_id == app.organization_id, PersistedOperationSet.app_id == app.id
    )
    newest, sets = (await session.execute(counted)).one()
    if sets >= MOST_SETS:
        raise Conflict(
            f"An app has at most {MOST_SETS} sets. Archive those of releases that nobody uses any more.",
            field=("appId",),
            code="SETS_TOO_MANY",
        )
    version = newest + 1
    made = PersistedOperationSet(organization_id=app.organization_id, app_id=app.id, version=version)
    session.add(made)
    await session.flush()
    session.add_all(
        PersistedOperation(
            organization_id=app.organization_id,
            set_id=made.id,
            app_id=app.id,
            digest=digest_of(each.document),
            name=check_name(each.name),
            document=each.document,
        )
        for each in operations
    )
    if only is not None:
        app.persisted_only = only
    await session.flush()
    return made


async def archive_set(session: Session, actor: Actor, *, set_id: UUID, now: datetime) -> PersistedOperationSet:
    found = await session.scalar(
        select(PersistedOperationSet)
        .where(PersistedOperationSet.organization_id == actor.organization_id, PersistedOperationSet.id == set_id)
        .with_for_update()
    )
    if found is None:
        raise NotFound(field=("setId",))
    if found.archived_at is not None:
        raise AlreadyArchived("setId")
    found.archived_at = now
    await session.flush()
    return found


def check_operations(operations: Sequence[NewOperation]) -> None:
    if not 1 <= len(operations) <= MOST_OPERATIONS:
        raise InvalidInput(f"A set has 1 to {MOST_OPERATIONS} operations.", field=("operations",))
    if sum(len(each.document) for each in operations) > MOST_CHARACTERS:
        raise InvalidInput(f"The documents of a set have at most {MOST_CHARACTERS} characters.", field=("operations",))
    met: set[bytes] = set()
    for at, each in enumerate(operations):
        check_name(each.name, field=("operations", str(at), "name"))
        digest = digest_of(each.document)
        if digest in met:
            raise InvalidInput("This document is in the set already.", field=("operations", str(at), "document"))
        met.add(digest)
