"""Who people are at the providers they sign in at.

An account is found by issuer and subject alone, for an address may be another's tomorrow. An identity is tied to an
account once, by whoever shows two things: that the issuer has verified the account's address as theirs, and what only
the account's own can show (its password, a recovery link), or an invitation by which the account is made.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from tenants.access import repository
from tenants.access.errors import AccountDisabled, AddressDiffers, IdentityTaken
from tenants.access.models import Identity
from tenants.access.trail import tell_organizations
from tenants.access.wording import check_address
from tenants.database import Session, enter
from tenants.errors import InvalidInput
from tenants.ids import new_id
from tenants.scope import Scope
from tenants.secrets.sealing import DataKey


@dataclass(frozen=True)
class Vouched:
    """Somebody, as an issuer knows them. `address` is theirs, as far as it has verified that."""

    issuer: str
    subject_hash: bytes
    address: str | None


def vouched(*, issuer: str, subject: str, address: str | None, key: DataKey) -> Vouched:
    try:
        checked = None if address is None else check_address(address)
    except InvalidInput:
        checked = None
    return Vouched(issuer, key.keyed_hash("identity", f"{issuer}\0{subject}"), checked)


async def find_linked(session: Session, who: Vouched) -> UUID | None:
    """Enters the scope of whoever it is. Raises AccountDisabled."""
    person_id: UUID | None = await session.scalar(select(func.app.find_identity(who.issuer, who.subject_hash)))
    if person_id is None:
        return None
    await enter(session, Scope(person_id=person_id))
    person = await repository.find_person(session, person_id)
    if person is None or person.disabled_at is not None:
        raise AccountDisabled
    return person_id


async def link(session: Session, who: Vouched, *, person_id: UUID, now: datetime) -> None:
    """Comes back into the person's scope. Raises AccountDisabled, AddressDiffers, IdentityTaken."""
    await enter(session, Scope(person_id=person_id))
    person = await repository.find_person(session, person_id)
    if person is None or person.disabled_at is not None:
        raise AccountDisabled
    if who.address is None or person.sign_in_address != who.address:
        raise AddressDiffers
    added = await session.scalar(
        insert(Identity)
        .values(id=new_id(), created_at=now, person_id=person_id, issuer=who.issuer, subject_hash=who.subject_hash)
        .on_conflict_do_nothing(index_elements=[Identity.issuer, Identity.subject_hash])
        .returning(Identity.id)
    )
    if added is None:
        raise IdentityTaken
    await tell_organizations(session, person_id, action="identityLink", changes={"provider": who.issuer}, now=now)
