"""The keys that sign access tokens: ECDSA on P-256, private halves sealed under the system's data key."""

import asyncio
import base64
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import func, or_, select

from tenants.access.models import SigningKey
from tenants.clock import Clock, WallClock
from tenants.database import Database, Session
from tenants.secrets.keyring import SYSTEM, KeyMissing, KeyRing
from tenants.secrets.sealing import DataKey, place

ALGORITHM = "ES256"
LONGEST_TOKEN = timedelta(days=1)
"""No access token lives longer, so a key retired for this long has nothing left to verify."""

MEMORY_SECONDS = 60.0
UNKNOWN_KEY_PAUSE_SECONDS = 1.0

_CREATION_LOCK = 0x617A_7369_676E  # "azsign"

Jwk = Mapping[str, str]


@dataclass(frozen=True)
class PrivateKey:
    kid: str
    pem: bytes = field(repr=False)


def system_key(ring: KeyRing) -> DataKey:
    try:
        return ring.key_of(SYSTEM)
    except KeyMissing:
        return ring.create(SYSTEM)


async def signing_key_ensure(session: Session, *, key: DataKey, now: datetime) -> PrivateKey:
    """The key to sign with, made if there is none. Raises SealBroken where another key ring sealed it."""
    newest = select(SigningKey).where(SigningKey.retired_at.is_(None)).order_by(SigningKey.created_at.desc()).limit(1)
    stored = await session.scalar(newest)
    if stored is None:
        # Processes that start at once wait here for the first, and then find its key.
        await session.execute(select(func.pg_advisory_xact_lock(_CREATION_LOCK)))
        stored = await session.scalar(newest)
    if stored is None:
        stored = _new_key(key, now)
        session.add(stored)
        await session.flush()
    return PrivateKey(stored.kid, key.unseal(stored.sealed_private_key, _place(stored.kid)))


async def list_public_keys(session: Session, *, now: datetime) -> dict[str, Jwk]:
    """By kid: every key that may have signed a token which is still valid."""
    rows = await session.scalars(
        select(SigningKey)
        .where(or_(SigningKey.retired_at.is_(None), SigningKey.retired_at > now - LONGEST_TOKEN))
        .order_by(SigningKey.created_at)
    )
    return {row.kid: row.public_jwk for row in rows}


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
            self._public = await list_public_keys(session, now=self._clock.now())
        self._read_at = time.monotonic()


def _new_key(key: DataKey, now: datetime) -> SigningKey:
    private = ec.generate_private_key(ec.SECP256R1())
    numbers = private.public_key().public_numbers()
    required = {"crv": "P-256", "kty": "EC", "x": _coordinate(numbers.x), "y": _coordinate(numbers.y)}
    kid = _thumbprint(required)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return SigningKey(
        kid=kid,
        sealed_private_key=key.seal(pem, _place(kid)),
        public_jwk={**required, "kid": kid, "use": "sig", "alg": ALGORITHM},
        created_at=now,
    )


def _place(kid: str) -> bytes:
    return place(SYSTEM, kid, "sealed_private_key")


def _coordinate(number: int) -> str:
    return _base64url(number.to_bytes(32))


def _thumbprint(required: Mapping[str, str]) -> str:
    """RFC 7638: SHA-256 of the required members, sorted, without spaces."""
    return _base64url(hashlib.sha256(orjson.dumps(required, option=orjson.OPT_SORT_KEYS)).digest())


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
