"""What happened to a person's account, told to each organization they belong to: there is no other that could ask."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants.access import repository
from tenants.audit.author import Author, AuthorKind
from tenants.audit.service import record_organization_change
from tenants.database import Session, enter
from tenants.scope import Scope


async def tell_organizations(
    session: Session,
    person_id: UUID,
    *,
    action: str,
    changes: Mapping[str, Any],
    now: datetime,
    author: Author | None = None,
) -> None:
    """By themselves, where no author is named. Needs the person's scope, and leaves that of an organization."""
    for each in await repository.list_memberships(session, person_id):
        await enter(session, Scope(organization_id=each.organization_id))
        await record_organization_change(
            session,
            author or Author(AuthorKind.PERSON, str(person_id), each.organization_id),
            organization_id=each.organization_id,
            action=action,
            subject_id=str(person_id),
            changes=changes,
            now=now,
        )
