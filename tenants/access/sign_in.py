"""Signing in with address and password, slowed for whoever guesses."""

import asyncio
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from sqlalchemy import delete, func, select

from tenants.access import repository
from tenants.access.errors import SignInRefused, SignInThrottled
from tenants.access.models import SignInAttempt
from tenants.access.wording import comparable_address, comparable_password
from tenants.clock import Clock
from tenants.database import Database, Session, enter
from tenants.ids import new_id
from tenants.scope import Scope
from tenants.secrets.hashing import password_matches
from tenants.secrets.sealing import DataKey

MAX_FAILURES = 10
WINDOW = timedelta(minutes=15)
FORGOTTEN_AT_ONCE = 100

_FORGETTING_LOCK = 0x617A_666F_7267  # "azforg"


async def sign_in(database: Database, *, address: str, password: str, key: DataKey, clock: Clock) -> UUID:
    """The person. Raises SignInRefused, SignInThrottled.

    Works in units of its own: a failure counts although the caller is refused, and no connection is held while the
    password is checked. An attempt counts as failed until it has succeeded, so that guesses sent at once count too.
    """
    address = comparable_address(address)
    address_hash = key.keyed_hash("sign-in", address)
    async with database.unit_of_work() as session:
        attempt_id = await _count_attempt(session, address_hash, now=clock.now())
    person_id, password_hash = await _find_credentials(database, address)
    if not await asyncio.to_thread(password_matches, password_hash, comparable_password(password)):
        raise SignInRefused
    assert person_id is not None
    async with database.unit_of_work() as session:
        await session.execute(delete(SignInAttempt).where(SignInAttempt.id == attempt_id))
    return person_id


async def _count_attempt(session: Session, address_hash: bytes, *, now: datetime) -> UUID:
    # One at a time per address, or guesses sent at once would all see the same count.
    await session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(address_hash[:8], signed=True))))
    failures = list(
        await session.scalars(
            select(SignInAttempt.created_at)
            .where(SignInAttempt.address_hash == address_hash, SignInAttempt.created_at > now - WINDOW)
            .order_by(SignInAttempt.created_at.desc())
            .limit(MAX_FAILURES)
        )
    )
    if len(failures) == MAX_FAILURES:
        raise SignInThrottled(max(1, ceil((failures[-1] + WINDOW - now).total_seconds())))
    await _forget_old(session, now=now)
    attempt = SignInAttempt(id=new_id(), created_at=now, address_hash=address_hash)
    session.add(attempt)
    return attempt.id


async def _forget_old(session: Session, *, now: datetime) -> None:
    """Each attempt clears more old ones than it adds, so inventing addresses fills nothing for long."""
    # Whoever comes second leaves it to the first: two who delete the same rows could wait for each other for ever.
    if await session.scalar(select(func.pg_try_advisory_xact_lock(_FORGETTING_LOCK))):
        oldest = select(SignInAttempt.id).order_by(SignInAttempt.id).limit(FORGOTTEN_AT_ONCE)
        await session.execute(
            delete(SignInAttempt).where(SignInAttempt.id.in_(oldest), SignInAttempt.created_at <= now - WINDOW)
        )


async def _find_credentials(database: Database, address: str) -> tuple[UUID | None, str | None]:
    """Nothing for an address that cannot exist, for an unknown and for a disabled person alike."""
    if "\0" in address:
        return None, None
    async with database.snapshot() as session:
        found = await repository.find_person_id(session, address)
        # The same steps where nobody was found, or the time would tell.
        person_id = found or new_id()
        await enter(session, Scope(person_id=person_id))
        person = await repository.find_person(session, person_id)
        if person is None or person.disabled_at is not None:
            return None, None
        return person_id, person.password_hash
