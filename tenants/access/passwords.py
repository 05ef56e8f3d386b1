"""A person's own password: changed by whoever knows it, or set anew by whoever holds a recovery link.

Either ends every sign-in of theirs and all that apps were allowed: whoever knew the old one may have begun them.
A recovery link is issued by the operator alone. An account is its person's: an organization that could open it would
come by it into the others they belong to.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, update

from tenants.access import repository
from tenants.access.authorizations import end_all_authorizations
from tenants.access.models import Identity, Person
from tenants.access.service import password_hashed
from tenants.access.sign_in import sign_in
from tenants.access.sign_ins import end_all_sign_ins
from tenants.access.trail import tell_organizations
from tenants.access.wording import check_password, comparable_address
from tenants.audit.author import OPERATOR
from tenants.clock import Clock
from tenants.database import Database, Session, enter
from tenants.errors import NotFound
from tenants.scope import Scope
from tenants.secrets.keyring import SYSTEM
from tenants.secrets.sealing import DataKey, opened_text, place, sealed_text

RECOVERY_PREFIX = "azl"
LIFETIME = timedelta(days=1)
_WHERE = place(SYSTEM, "recovery", "token")


class Recoverable(NamedTuple):
    person_id: UUID
    address: str


async def change_password(database: Database, *, address: str, old: str, new: str, key: DataKey, clock: Clock) -> UUID:
    """The person. Raises InvalidInput, SignInRefused, SignInThrottled."""
    check_password(new)  # before an attempt is counted
    person_id = await sign_in(database, address=address, password=old, key=key, clock=clock)
    new_hash = await password_hashed(new)
    async with database.unit_of_work(Scope(person_id=person_id)) as session:
        await set_password(session, person_id=person_id, password_hash=new_hash, now=clock.now())
    return person_id


async def set_password(session: Session, *, person_id: UUID, password_hash: str | None, now: datetime) -> None:
    """None for who signs in at a provider only. Ends what was begun by the old one. Needs the person's scope."""
    await session.execute(update(Person).where(Person.id == person_id).values(password_hash=password_hash))
    await end_all_sign_ins(session, person_id=person_id, now=now)
    await tell_organizations(session, person_id, action="passwordChange", changes={}, now=now)
    await end_all_authorizations(session, person_id=person_id, now=now)
    await enter(session, Scope(person_id=person_id))


async def issue_recovery(session: Session, *, address: str, key: DataKey, now: datetime) -> tuple[UUID, str]:
    """The person and a token, for the operator to hand on. Raises NotFound."""
    person_id = await repository.find_person_id(session, comparable_address(address))
    if person_id is None:
        raise NotFound(field=("address",))
    await enter(session, Scope(person_id=person_id))
    expires_at = int((now + LIFETIME).timestamp())
    content = f"{person_id}|{expires_at}|{await _state(session, person_id, key)}"
    await tell_organizations(session, person_id, action="recoveryIssue", changes={}, now=now, author=OPERATOR)
    return person_id, f"{RECOVERY_PREFIX}_{sealed_text(content, key, _WHERE)}"


async def find_recoverable(
    session: Session, *, token: str, key: DataKey, now: datetime, locked: bool = False
) -> Recoverable | None:
    """Enters the person's scope. Nothing for a token that is unknown, old or was used. To use it, lock it."""
    content = opened_text(token.removeprefix(f"{RECOVERY_PREFIX}_"), key, _WHERE)
    if content is None:
        return None
    id, expires_at, state = content.split("|")
    person_id = UUID(id)
    await enter(session, Scope(person_id=person_id))
    wanted = select(Person).where(Person.id == person_id, Person.disabled_at.is_(None))
    person = await session.scalar(wanted.with_for_update() if locked else wanted)
    if person is None or int(expires_at) <= now.timestamp() or state != await _state(session, person_id, key):
        return None
    return Recoverable(person_id, person.sign_in_address)


async def _state(session: Session, person_id: UUID, key: DataKey) -> str:
    """By what one signs in. It is another as soon as a token was used, so that none works twice."""
    password_hash = await session.scalar(select(Person.password_hash).where(Person.id == person_id))
    identities = select(Identity.id).where(Identity.person_id == person_id).order_by(Identity.id)
    known = [str(each) for each in await session.scalars(identities)]
    return key.keyed_hash("recovery", "|".join([password_hash or "", *known])).hex()
