"""Access tokens: RFC 9068, signed with ES256, and strict about everything a forger could bend."""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from tenants.access.actor import Actor
from tenants.access.clients import Client
from tenants.access.keys import ALGORITHM, PrivateKey, SigningKeys
from tenants.access.public_keys import Jwk
from tenants.clock import Clock, WallClock

TYPE = "at+jwt"
MAX_CHARACTERS = 4096
CLOCK_SKEW_SECONDS = 60
REMEMBERED_TOKENS = 10_000

MALFORMED = "The access token is malformed, or its signature is wrong."


class Sign(Protocol):
    """`person` is who allowed it, for whom, and the authorization they gave."""

    def __call__(
        self, client: Client, scopes: Collection[str], person: "OnBehalf | None" = None, embed: "Embed | None" = None
    ) -> str: ...


class OnBehalf(NamedTuple):
    person_id: UUID
    acts_for_id: UUID
    authorization_id: UUID


class Embed(NamedTuple):
    """An embed token's id, how the partner calls whose page it is for, and how long it lasts."""

    embed_id: UUID
    subject: str
    seconds: int


class InvalidAccessToken(Exception):
    """The token does not say who is calling. The message is fit for the caller."""


@dataclass(frozen=True)
class Terms:
    """Who issues, for whom, and for how long."""

    issuer: str
    lifetime_seconds: int

    @property
    def resource(self) -> str:
        """The one that tokens are for (RFC 8707), and their audience."""
        return f"{self.issuer}/graphql"


def sign_access_token(
    client: Client,
    *,
    person: OnBehalf | None,
    scopes: Collection[str],
    key: PrivateKey,
    terms: Terms,
    now: datetime,
    embed: Embed | None = None,
) -> str:
    issued_at = int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": terms.issuer,
        "aud": terms.resource,
        "sub": str(person.person_id if person else client.client_id),
        "client_id": client.client_id,
        "scope": " ".join(sorted(scopes)),
        "iat": issued_at,
        "exp": issued_at + terms.lifetime_seconds,
        "jti": secrets.token_urlsafe(16),
        "org": str(client.organization_id),
        "app": str(client.app_id),
    }
    if person is not None:
        claims |= {"person": str(person.person_id), "sid": str(person.authorization_id)}
        if person.acts_for_id != client.organization_id:
            claims |= {"org": str(person.acts_for_id), "app_org": str(client.organization_id)}
    if embed is not None:
        claims |= {"sub": embed.subject, "embed": str(embed.embed_id), "exp": issued_at + embed.seconds}
    header = {"alg": ALGORITHM, "typ": TYPE, "kid": key.kid}
    return jwt.encode(header, claims, ECKey.import_key(key.pem), algorithms=[ALGORITHM])


def verify_access_token(token: str, *, keys: Mapping[str, Jwk], terms: Terms, now: datetime) -> tuple[Actor, int]:
    """The caller, and the second at which the token expires. Raises InvalidAccessToken."""
    jwk = keys.get(_claimed_kid(token))
    if jwk is None:
        raise InvalidAccessToken("The access token is signed with an unknown key.")
    try:
        decoded = jwt.decode(token, ECKey.import_key(dict(jwk)), algorithms=[ALGORITHM])
    except (JoseError, ValueError):
        raise InvalidAccessToken(MALFORMED) from None
    if decoded.header.get("typ") != TYPE:
        raise InvalidAccessToken("This is not an access token.")
    return _actor(decoded.claims, terms, now.timestamp())


def _actor(claims: dict[str, Any], terms: Terms, now: float) -> tuple[Actor, int]:
    if claims.get("iss") != terms.issuer or claims.get("aud") != terms.resource:
        raise InvalidAccessToken("The access token was issued for another service.")
    try:
        expires_at, issued_at = int(claims["exp"]), int(claims["iat"])
        actor = Actor(
            organization_id=UUID(claims["org"]),
            app_id=UUID(claims["app"]),
            client_id=str(claims["client_id"]),
            scopes=frozenset(claims["scope"].split()),
            person_id=UUID(claims["person"]) if "person" in claims else None,
            authorization_id=UUID(claims["sid"]) if "person" in claims else None,
            app_owner_id=UUID(claims["app_org"]) if "app_org" in claims else None,
            embed_id=UUID(claims["embed"]) if "embed" in claims else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InvalidAccessToken("The access token lacks what it must say.") from None
    if expires_at <= now:
        raise InvalidAccessToken("The access token has expired.")
    if issued_at > now + CLOCK_SKEW_SECONDS:
        raise InvalidAccessToken("The access token is not valid yet.")
    return actor, expires_at


class Verified(NamedTuple):
    actor: Actor
    kid: str
    expires_at: int


class AccessTokens:
    """Signs and verifies with the keys in use. What was verified once is remembered until it expires."""

    def __init__(
        self, keys: SigningKeys, terms: Terms, *, clock: Clock | None = None, remembered: int = REMEMBERED_TOKENS
    ) -> None:
        self.keys = keys
        self.terms = terms
        self._clock = clock or WallClock()
        self._limit = remembered
        self._verified: OrderedDict[bytes, Verified] = OrderedDict()

    async def signer(self) -> Sign:
        """Signs for one request. Fetched ahead of it: making the first key takes a connection of its own."""
        key = await self.keys.private()

        def sign(
            client: Client, scopes: Collection[str], person: OnBehalf | None = None, embed: Embed | None = None
        ) -> str:
            now = self._clock.now()
            return sign_access_token(
                client, person=person, scopes=scopes, key=key, terms=self.terms, now=now, embed=embed
            )

        return sign

    async def verify(self, token: str) -> Actor:
        """Raises InvalidAccessToken."""
        return (await self.inspect(token)).actor

    async def inspect(self, token: str) -> Verified:
        """Raises InvalidAccessToken."""
        now = self._clock.now()
        # By hash: whoever reads this memory should not find tokens in it.
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        found = self._verified.get(digest)
        if found is not None and found.expires_at > now.timestamp() and found.kid in await self.keys.public():
            self._verified.move_to_end(digest)
            return found
        kid = _claimed_kid(token)
        keys = await self.keys.public(kid=kid)
        actor, expires_at = verify_access_token(token, keys=keys, terms=self.terms, now=now)
        verified = Verified(actor, kid, expires_at)
        self._remember(digest, verified)
        return verified

    def _remember(self, digest: bytes, verified: Verified) -> None:
        self._verified[digest] = verified
        if len(self._verified) > self._limit:
            self._verified.popitem(last=False)


def _claimed_kid(token: str) -> str:
    """What the header says, before anything is proven."""
    if len(token) > MAX_CHARACTERS:
        raise InvalidAccessToken("The access token is too long.")
    try:
        return str(jws.extract_compact(token.encode()).headers()["kid"])
    except (JoseError, ValueError, KeyError, TypeError):
        raise InvalidAccessToken(MALFORMED) from None
