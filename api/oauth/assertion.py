"""Clients that prove themselves by what they sign: private_key_jwt (RFC 7523, 2.2; OpenID Connect Core, 9)."""

from datetime import UTC, datetime
from typing import Any

from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc import jwt
from joserfc.errors import ClaimError, JoseError
from joserfc.jwk import KeySet, import_key

from api.oauth.client import OAuthClient
from api.oauth.errors import ClientRefused
from api.oauth.tokens import CLOCK_SKEW_SECONDS
from tenants.access.assertions import use_assertion
from tenants.access.public_keys import ALGORITHMS
from tenants.database import wait_for

PARAMETERS = frozenset({"client_assertion", "client_assertion_type"})
LONGEST_SECONDS = 3600
"""Client libraries ask for a minute up to this; an assertion works once, so it is no matter of trust but of memory."""


class ClientAssertion(JWTBearerClientAssertion):  # type: ignore[misc]  # the library is untyped
    """`server` is the request's. Until the signature holds, a refusal tells nothing; then it says what is wrong."""

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, server: Any) -> None:
        super().__init__(leeway=CLOCK_SKEW_SECONDS)
        self._server = server
        self._client: OAuthClient | None = None

    def __call__(self, query_client: Any, request: Any) -> OAuthClient | None:
        """None where the request has no assertion, so that other ways are tried."""
        if not PARAMETERS & request.form.keys():
            return None
        client: OAuthClient | None = super().__call__(query_client, request)
        if client is None:
            raise ClientRefused
        return client

    def resolve_client_public_key(self, client: OAuthClient) -> KeySet:
        self._client = client
        return KeySet([import_key(dict(jwk)) for jwk in client.app.public_keys])

    def process_assertion_claims(self, assertion: str, resolve_key: KeySet) -> dict[str, Any]:
        """By a key of the app's, and the algorithm that key is for. What the header brings along counts for nothing."""
        try:
            claims = jwt.decode(assertion, resolve_key, algorithms=list(ALGORITHMS)).claims
        except JoseError:
            raise ClientRefused from None
        self.verify_claims(claims)
        return claims

    def verify_claims(self, claims: dict[str, Any]) -> None:
        assert self._client is not None
        client, now = self._client.app, int(self._server.now.timestamp())
        named: jwt.ClaimsOption = {"essential": True, "value": client.client_id}
        registry = jwt.JWTClaimsRegistry(
            now=now,
            leeway=self.leeway,
            iss=named,
            sub=named,
            aud={"essential": True, "values": self.get_audiences()},
            exp={"essential": True},
            jti={"essential": True},
        )
        try:
            registry.validate(claims)
        except ClaimError as error:
            raise ClientRefused(f"The client assertion's {error.claim} is missing or wrong.") from None
        # One that is meant for another server, too, could be handed on by it.
        if isinstance(claims["aud"], list) and len(claims["aud"]) != 1:
            raise ClientRefused("The client assertion has more than one audience.")
        if claims["exp"] > now + LONGEST_SECONDS + self.leeway:
            raise ClientRefused(f"The client assertion lasts longer than {LONGEST_SECONDS} seconds.")
        until = datetime.fromtimestamp(claims["exp"] + self.leeway + 1, UTC)
        if not wait_for(use_assertion(self._server.session, client=client, jti=claims["jti"], until=until)):
            raise ClientRefused("The client assertion was used before.")

    def get_audiences(self) -> list[str]:
        issuer = self._server.terms.issuer
        return [issuer, f"{issuer}/oauth/token"]
