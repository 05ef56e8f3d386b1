"""The caller of a request, from its Authorization header. RFC 6750."""

import re

from api.oauth.metadata import RESOURCE_METADATA_PATH
from api.oauth.tokens import MALFORMED, AccessTokens, InvalidAccessToken
from tenants.access.actor import Actor
from tenants.access.callers import CallerEnded, Callers

ENDED = "The app or the person this access token was issued to may not act any more."
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")


class Unauthorized(Exception):
    """Answer with 401 and `challenge` as the WWW-Authenticate header, which says where tokens come from (RFC 9728)."""

    def __init__(self, message: str, *, issuer: str, error: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.challenge = f'Bearer realm="azimuth", resource_metadata="{issuer}{RESOURCE_METADATA_PATH}"'
        # RFC 6750, 3.1: who sent no token at all is told nothing of errors.
        if error is not None:
            self.challenge += f', error="{error}", error_description="{message}"'


async def authenticate(authorization: str | None, tokens: AccessTokens, callers: Callers) -> Actor:
    """Raises Unauthorized. Tokens are taken from the header only: addresses and forms end up in logs."""
    issuer = tokens.terms.issuer
    scheme, _, token = (authorization or "").strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized("This needs an access token.", issuer=issuer)
    try:
        if not _TOKEN.fullmatch(token):
            raise InvalidAccessToken(MALFORMED)
        return await callers.admit(await tokens.verify(token))
    except InvalidAccessToken as invalid:
        raise Unauthorized(str(invalid), issuer=issuer, error="invalid_token") from None
    except CallerEnded:
        raise Unauthorized(ENDED, issuer=issuer, error="invalid_token") from None
