"""The keys that sign access tokens: ECDSA on P-256, private halves sealed under the system's data key.

A key is *next* while it is published and does not sign yet, *current* while it signs, and *retired* while tokens that
it signed may be valid. The clock takes it from one to the other, so processes need to be told nothing.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import inf

from joserfc.jwk import ECKey
from sqlalchemy import ColumnElement, Select, func, or_, select

from tenants.access.errors import KeyWaits
from tenants.access.models import SigningKey
from tenants.access.public_keys import Jwk
from tenants.clock import Clock, WallClock
from tenants.database import Database, Session
from tenants.secrets.keyring import SYSTEM, KeyMissing, KeyRing
from tenants.secrets.sealing import DataKey, place

ALGORITHM = "ES256"
MEMORY_SECONDS = 60.0
UNKNOWN_KEY_PAUSE_SECONDS = 1.0

LEAD = timedelta(minutes=15)
"""For which a key is published before it signs: longer than anybody keeps what they were told at `jwks_uri`."""
LONGEST_TOKEN = timedelta(days=1)
KEPT = LONGEST_TOKEN + timedelta(seconds=MEMORY_SECONDS)
"""A process may sign for so long with a key that was retired meanwhile; after that it has nothing left to verify."""

_CREATION_LOCK = 0x617A_7369_676E  # "azsign"


@dataclass(frozen=True)
class PrivateKey:
    kid: str
    pem: bytes = field(repr=False)


class KeyState(StrEnum):
    NEXT = "NEXT"
    CURRENT = "CURRENT"
    RETIRED = "RETIRED"


def system_key(ring: KeyRing) -> DataKey:
    try:
        return ring.key_of(SYSTEM)
    except KeyMissing:
        return ring.create(SYSTEM)


async def signing_key_ensure(session: Session, *, key: DataKey, now: datetime) -> PrivateKey:
    """The key to sign with, made if there is none. Raises SealBroken where another key ring sealed it."""
    stored = await session.scalar(_current(now))
    if stored is None:
        # Processes that start at once wait here for the first, and then find its key.
        await _lock(session)
        stored = await session.scalar(_current(now))
    if stored is None:
        stored = await _make(session, key, now=now, signs_from=now)
    return PrivateKey(stored.kid, key.unseal(stored.sealed_private_key, _place(stored.kid)))


async def signing_key_rotate(session: Session, *, key: DataKey, now: datetime) -> SigningKey:
    """A new key, which signs as soon as everybody has heard of it; the present one is retired then.

    Raises KeyWaits where one is on its way already.
    """
    await _lock(session)
    await signing_key_ensure(session, key=key, now=now)
    at = now + LEAD
    for each in await list_signing_keys(session, now=now):
        match state_of(each, now):
            case KeyState.NEXT:
                raise KeyWaits(each.signs_from)
            case KeyState.CURRENT:
                each.retired_at = at
    return await _make(session, key, now=now, signs_from=at)


async def signing_keys_replace(session: Session, *, key: DataKey, now: datetime) -> SigningKey:
    """A new key that signs at once. No other is believed any more, whatever it signed: for when one may be known."""
    await _lock(session)
    for each in await list_signing_keys(session, now=now):
        each.retired_at = now - KEPT
    return await _make(session, key, now=now, signs_from=now)


async def list_signing_keys(session: Session, *, now: datetime) -> Sequence[SigningKey]:
    """Every one that may sign, or may have signed a token which is still valid, oldest first."""
    return (await session.scalars(select(SigningKey).where(_after(now - KEPT)).order_by(SigningKey.signs_from))).all()


def state_of(row: SigningKey, now: datetime) -> KeyState:
    if row.signs_from > now:
        return KeyState.NEXT
    return KeyState.CURRENT if row.retired_at is None or row.retired_at > now else KeyState.RETIRED


class SigningKeys:
    """The keys, remembered for a minute: signing and verifying ask for them on every request."""

    def __init__(
        self,
        database: Database,
        ring: KeyRing,
        clock: Clock | None = None,
        *,
        memory_seconds: float = MEMORY_SECONDS,
    ) -> None:
        self._database = database
        self._ring = ring
        self._clock = clock or WallClock()
        self._memory_seconds = memory_seconds
        self._private: tuple[float, PrivateKey] | None = None
        self._public: dict[str, Jwk] = {}
        self._read_at = -inf
        self._missed_at = -inf
        self._reading = asyncio.Lock()

    async def private(self) -> PrivateKey:
        if self._private is not None and self._private[0] > time.monotonic():
            return self._private[1]
        async with self._database.unit_of_work() as session:
            key = await signing_key_ensure(session, key=system_key(self._ring), now=self._clock.now())
        self._private = (time.monotonic() + self._memory_seconds, key)
        return key

    async def public(self, *, kid: str | None = None) -> Mapping[str, Jwk]:
        """All that verify. A `kid` not among them is looked for, as another process may just have made it."""
        if self._fresh(kid):
            return self._public
        async with self._reading:
            if not self._fresh(kid):
                await self._read()
                if kid is not None and kid not in self._public:
                    self._missed_at = time.monotonic()
        return self._public

    def _fresh(self, kid: str | None) -> bool:
        now = time.monotonic()
        if kid is None or kid in self._public:
            return now - self._read_at < self._memory_seconds
        # Tokens with invented kids must not turn into a query each.
        return now - self._missed_at < UNKNOWN_KEY_PAUSE_SECONDS

    async def _read(self) -> None:
        async with self._database.snapshot() as session:
            rows = await list_signing_keys(session, now=self._clock.now())
        self._public = {row.kid: row.public_jwk for row in rows}
        self._read_at = time.monotonic()


def _current(now: datetime) -> Select[SigningKey]:
    """The newest that signs. Where none does the next one must: another's clock, which made it, may be ahead."""
    in_turn = (SigningKey.signs_from > now, SigningKey.signs_from.desc())
    return select(SigningKey).where(_after(now)).order_by(*in_turn).limit(1)


def _after(instant: datetime) -> ColumnElement[bool]:
    return or_(SigningKey.retired_at.is_(None), SigningKey.retired_at > instant)


async def _lock(session: Session) -> None:
    await session.execute(select(func.pg_advisory_xact_lock(_CREATION_LOCK)))


async def _make(session: Session, key: DataKey, *, now: datetime, signs_from: datetime) -> SigningKey:
    made = ECKey.generate_key("P-256", auto_kid=True)
    public = made.as_dict(use="sig", alg=ALGORITHM)
    kid = str(public["kid"])
    row = SigningKey(
        kid=kid,
        sealed_private_key=key.seal(made.as_pem(private=True), _place(kid)),
        public_jwk=public,
        created_at=now,
        signs_from=signs_from,
    )
    session.add(row)
    await session.flush()
    return row


def _place(kid: str) -> bytes:
    return place(SYSTEM, kid, "sealed_private_key")
