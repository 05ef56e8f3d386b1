"""Organizations and the people in them.

Creating an organization or a person narrows the transaction to it: row-level security lets nobody write another's row.
"""

import asyncio
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from tenants.access import repository
from tenants.access.errors import SignInAddressTaken
from tenants.access.kinds import MemberRole, OrganizationKind
from tenants.access.models import Membership, Organization, Person
from tenants.access.wording import check_address, check_name, check_password
from tenants.clock import wall_now
from tenants.database import Session, enter
from tenants.ids import new_id
from tenants.scope import Scope
from tenants.secrets.hashing import hash_password


async def organization_create(
    session: Session, *, kind: OrganizationKind, name: str, parent_id: UUID | None = None
) -> Organization:
    organization = Organization(id=new_id(), kind=kind, name=check_name(name), parent_id=parent_id)
    await enter(session, Scope(organization_id=organization.id))
    session.add(organization)
    await session.flush()
    return organization


async def person_create(session: Session, *, address: str, password: str) -> UUID:
    """Raises InvalidInput, SignInAddressTaken."""
    return await person_add(session, address=check_address(address), password_hash=await password_hashed(password))


async def password_hashed(password: str) -> str:
    """Takes its time: not while a connection is held that others wait for. Raises InvalidInput."""
    return await asyncio.to_thread(hash_password, check_password(password))


async def person_add(session: Session, *, address: str, password_hash: str | None) -> UUID:
    """Of an address that was checked; without a password, of who signs in at a provider. Raises SignInAddressTaken."""
    person_id = new_id()
    await enter(session, Scope(person_id=person_id))
    # Not looked up first: of two who come at once with one address one loses, and its transaction stays whole.
    added = await session.scalar(
        insert(Person)
        .values(id=person_id, created_at=wall_now(), sign_in_address=address, password_hash=password_hash)
        .on_conflict_do_nothing(index_elements=[Person.sign_in_address])
        .returning(Person.id)
    )
    if added is None:
        raise SignInAddressTaken
    return person_id


async def membership_add(session: Session, *, organization_id: UUID, person_id: UUID, role: MemberRole) -> None:
    """A member gets the new role. Needs the organization's scope."""
    await session.execute(
        insert(Membership)
        .values(organization_id=organization_id, person_id=person_id, role=role, created_at=wall_now())
        .on_conflict_do_update(index_elements=["organization_id", "person_id"], set_={"role": role})
    )


async def find_sign_in_address(session: Session, *, person_id: UUID) -> str | None:
    """Needs the person's scope."""
    person = await repository.find_person(session, person_id)
    return None if person is None else person.sign_in_address
