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
from tenants.errors import AlreadyArchived, InvalidInput, NotFound
from tenants.persisted.models import PersistedOperation, PersistedOperationSet

MOST_OPERATIONS = 500


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

    Documents are valid: the caller has looked.
    """
    _check(operations)
    app = await live_app(session, actor, app_id)
    newest = select(func.max(PersistedOperationSet.version)).where(
        PersistedOperationSet.organization_id == app.organization_id, PersistedOperationSet.app_id == app.id
    )
    version = (await session.scalar(newest) or 0) + 1  # the app is locked: nobody else counts
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


def _check(operations: Sequence[NewOperation]) -> None:
    if not 1 <= len(operations) <= MOST_OPERATIONS:
        raise InvalidInput(f"A set has 1 to {MOST_OPERATIONS} operations.", field=("operations",))
    met: set[bytes] = set()
    for at, each in enumerate(operations):
        check_name(each.name, field=("operations", str(at), "name"))
        digest = digest_of(each.document)
        if digest in met:
            raise InvalidInput("This document is in the set already.", field=("operations", str(at), "document"))
        met.add(digest)
