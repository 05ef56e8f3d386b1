"""People who sign in, and what they are in which organization."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tenants.access import service
from tenants.access.actor import Actor, ApiScope
from tenants.access.authorizations import open_authorization
from tenants.access.clients import find_client
from tenants.access.invitations import NewInvitation, create_invitation
from tenants.access.kinds import MemberRole
from tenants.access.members import find_member
from tenants.access.sign_ins import PASSWORD as PASSWORD_METHOD
from tenants.access.sign_ins import open_sign_in
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


async def new_consent(
    database: Database, actor: Actor, person: KnownPerson, *, scopes: Collection[str] = (ApiScope.READ_METRICS,)
) -> UUID:
    """What a member of the actor's organization allowed the actor's app."""
    now = datetime.now(UTC)
    async with database.unit_of_work() as session:
        client = await find_client(session, client_id=actor.client_id, now=now)
        assert client is not None
        member = await find_member(
            session, client=client, organization_id=actor.organization_id, person_id=person.person_id
        )
        assert member is not None
        return await open_authorization(session, client=client, member=member, code_id=None, scopes=scopes, now=now)


async def new_sign_in(database: Database, person: KnownPerson) -> UUID:
    now = datetime.now(UTC)
    async with database.unit_of_work() as session:
        return await open_sign_in(
            session,
            person_id=person.person_id,
            browser=secrets.token_hex(8),
            method=PASSWORD_METHOD,
            expires_at=now + timedelta(minutes=15),
            now=now,
        )


async def new_invitation(
    database: Database, actor: Actor, *, address: str = "guest@agency.example", role: MemberRole = MemberRole.VIEWER
) -> UUID:
    """Into the actor's organization."""
    async with database.unit_of_work(Scope(organization_id=actor.organization_id)) as session:
        row, _ = await create_invitation(session, actor, NewInvitation(address, role), now=datetime.now(UTC))
    return row.id
