"""An agency's sub-organizations: teams with people and grants of their own.

A team manages itself, as any organization does. What the agency passes on to it, it can end.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from tenants.access.actor import Actor
from tenants.access.apps import archive_apps
from tenants.access.invitations import end_invitations, end_made_invitations
from tenants.access.kinds import MemberRole, OrganizationKind
from tenants.access.models import Organization
from tenants.access.service import membership_add, organization_create
from tenants.access.wording import check_name
from tenants.database import Session, enter
from tenants.errors import AlreadyArchived, InvalidInput, NotFound
from tenants.scope import Scope


async def create_sub_organization(session: Session, actor: Actor, *, name: str) -> Organization:
    """Under the actor's own. A person who makes one is its first owner. Raises InvalidInput."""
    own = await session.scalar(select(Organization).where(Organization.id == actor.organization_id))
    assert own is not None, "an organization sees itself"
    if own.kind != OrganizationKind.AGENCY or own.parent_id is not None:
        raise InvalidInput("Only an agency has sub-organizations, and they have none.", code="NOT_AN_AGENCY")
    made = await organization_create(session, kind=OrganizationKind.AGENCY, name=name, parent_id=own.id)
    if actor.person_id is not None:
        await membership_add(session, organization_id=made.id, person_id=actor.person_id, role=MemberRole.OWNER)
    await enter(session, Scope(organization_id=own.id))
    return made


async def rename(session: Session, actor: Actor, *, organization_id: UUID, name: str, field: str) -> None:
    """The actor's own, or a team of it. Comes back into the actor's. Raises NotFound, InvalidInput."""
    if organization_id != actor.organization_id:
        await check_is_under(session, actor, organization_id, field=(field,))
    await enter(session, Scope(organization_id=organization_id))
    row = await session.get(Organization, organization_id, with_for_update=True)
    assert row is not None, "an organization sees itself"
    row.name = check_name(name)
    await session.flush()
    await enter(session, Scope(organization_id=actor.organization_id))


async def archive_team(session: Session, actor: Actor, *, organization_id: UUID, now: datetime) -> None:
    """One of the actor's: nobody acts for it from now on, and its apps are put away. Its people and its audit stay.

    Comes back into the actor's organization. Raises NotFound, AlreadyArchived.
    """
    await check_is_under(session, actor, organization_id, field=("organizationId",))
    await end_invitations(session, actor, into_id=organization_id, now=now)
    await enter(session, Scope(organization_id=organization_id))
    row = await session.get(Organization, organization_id, with_for_update=True)
    assert row is not None, "an organization sees itself"
    if row.archived_at is not None:
        raise AlreadyArchived("organizationId")
    row.archived_at = now
    await archive_apps(session, organization_id=organization_id, now=now)
    await end_made_invitations(session, organization_id=organization_id, now=now)
    await session.flush()
    await enter(session, Scope(organization_id=actor.organization_id))


async def check_is_live_team(session: Session, actor: Actor, organization_id: UUID, *, field: str) -> None:
    """Raises NotFound for what is no sub-organization of the actor's, AlreadyArchived for one that was put away."""
    await check_is_under(session, actor, organization_id, field=(field,))
    archived = select(Organization.archived_at).where(Organization.id == organization_id)
    if await session.scalar(archived) is not None:
        raise AlreadyArchived(field)


async def hold_live(session: Session, organization_id: UUID, *, field: str) -> None:
    """Whoever it is, it is not put away before this unit of work has ended. Leaves the session in its scope.

    Raises AlreadyArchived.
    """
    await enter(session, Scope(organization_id=organization_id))
    own = select(Organization.archived_at).where(Organization.id == organization_id)
    if await session.scalar(own.with_for_update(read=True, key_share=True)) is not None:
        raise AlreadyArchived(field)


async def check_is_under(session: Session, actor: Actor, organization_id: UUID, *, field: tuple[str, ...]) -> None:
    """Raises NotFound for what is no sub-organization of the actor's."""
    parent = select(Organization.parent_id).where(Organization.id == organization_id)
    if await session.scalar(parent) != actor.organization_id:
        raise NotFound(field=field)
