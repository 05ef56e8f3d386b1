"""The endpoints of the authorization server."""

from authlib.common.security import is_secure_transport
from authlib.oauth2.rfc6749 import OAuth2Error
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.oauth.adapter import AuthorizationServer, OAuthRequest, as_response
from api.oauth.authorize import AuthorizationPage
from api.oauth.metadata import METADATA_PATH, metadata
from api.oauth.parameters import read_form
from api.oauth.tokens import AccessTokens
from tenants.clock import Clock, WallClock
from tenants.database import Database
from tenants.secrets.keyring import KeyRing
from tenants.settings import ConfigurationError, Settings

# Front ends in browsers ask from origins of their own. No answer here depends on a cookie.
ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
PUBLIC = {"Cache-Control": "public, max-age=300", **ANY_ORIGIN}


def routes(
    database: Database, settings: Settings, keyring: KeyRing, tokens: AccessTokens, *, clock: Clock | None = None
) -> list[Route]:
    """Raises ConfigurationError where tokens and passwords would travel in the clear."""
    if not is_secure_transport(settings.public_url):
        raise ConfigurationError("AZIMUTH_PUBLIC_URL: must be https, or http on a loopback address")
    clock = clock or WallClock()
    endpoints = Endpoints(database, tokens, clock)
    page = AuthorizationPage(database, keyring, tokens, clock)
    return [
        Route("/oauth/authorize", page.show, methods=["GET"]),
        Route("/oauth/authorize", page.act, methods=["POST"]),
        Route("/oauth/token", endpoints.token, methods=["POST"]),
        Route("/oauth/jwks", endpoints.jwks),
        Route(METADATA_PATH, endpoints.metadata),
    ]


class Endpoints:
    def __init__(self, database: Database, tokens: AccessTokens, clock: Clock) -> None:
        self._database = database
        self._tokens = tokens
        self._clock = clock

    async def token(self, request: Request) -> Response:
        sign = await self._tokens.signer()
        # The unit commits though the answer is an error: a code that was presented wrongly stays used up.
        async with self._database.unit_of_work() as session:
            server = AuthorizationServer(session, terms=self._tokens.terms, sign=sign, now=self._clock.now())
            response = await self._answer(server, request)
        response.headers.update(ANY_ORIGIN)
        return response

    async def _answer(self, server: AuthorizationServer, request: Request) -> Response:
        try:
            asked = OAuthRequest(request, await read_form(request), issuer=self._tokens.terms.issuer)
            answer: Response = await server.session.run_sync(lambda _: server.create_token_response(asked))
        except OAuth2Error as error:
            answer = as_response(*error(), issuer=self._tokens.terms.issuer)
        return answer

    async def jwks(self, request: Request) -> Response:
        newest = await self._tokens.keys.private()  # a fresh installation makes its first key here
        keys = await self._tokens.keys.public(kid=newest.kid)
        return JSONResponse({"keys": [dict(key) for key in keys.values()]}, headers=PUBLIC)

    async def metadata(self, request: Request) -> Response:
        return JSONResponse(metadata(self._tokens.terms.issuer), headers=PUBLIC)
