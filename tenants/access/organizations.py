"""An agency's sub-organizations: teams with people and grants of their own.

A team manages itself, as any organization does. What the agency passes on to it, it can end.
"""

from uuid import UUID

from sqlalchemy import select

from tenants.access.actor import Actor
from tenants.access.kinds import MemberRole, OrganizationKind
from tenants.access.models import Organization
from tenants.access.service import membership_add, organization_create
from tenants.database import Session, enter
from tenants.errors import InvalidInput, NotFound
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


async def check_is_under(session: Session, actor: Actor, organization_id: UUID, *, field: tuple[str, ...]) -> None:
    """Raises NotFound for what is no sub-organization of the actor's."""
    parent = select(Organization.parent_id).where(Organization.id == organization_id)
    if await session.scalar(parent) != actor.organization_id:
        raise NotFound(field=field)
