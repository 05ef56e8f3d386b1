"""People who sign in, and what they are in which organization."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from tenants.access import service
from tenants.access.actor import Actor
from tenants.access.invitations import NewInvitation, create_invitation
from tenants.access.kinds import MemberRole
from tenants.database import Database, enter
from tenants.scope import Scope

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class KnownPerson:
    person_id: UUID
    address: str
    password: str = PASSWORD


async def new_person(
    database: Database,
    organization_id: UUID | None = None,
    role: MemberRole = MemberRole.VIEWER,
    *,
    password: str = PASSWORD,
) -> KnownPerson:
    address = f"p{secrets.token_hex(6)}@agency.example"
    async with database.unit_of_work() as session:
        person_id = await service.person_create(session, address=address, password=password)
        if organization_id is not None:
            await enter(session, Scope(organization_id=organization_id))
            await service.membership_add(session, organization_id=organization_id, person_id=person_id, role=role)
    return KnownPerson(person_id, address, password)


async def new_invitation(
    database: Database, actor: Actor, *, address: str = "guest@agency.example", role: MemberRole = MemberRole.VIEWER
) -> UUID:
    """Into the actor's organization."""
    async with database.unit_of_work(Scope(organization_id=actor.organization_id)) as session:
        row, _ = await create_invitation(session, actor, NewInvitation(address, role), now=datetime.now(UTC))
    return row.id
