"""The endpoints of the authorization server."""

from collections.abc import Callable, Mapping

from authlib.common.security import is_secure_transport
from authlib.oauth2.rfc6749 import OAuth2Error
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.oauth.account import PasswordPage, RecoveryPage
from api.oauth.adapter import AuthorizationServer, OAuthRequest, as_response
from api.oauth.authorize import AuthorizationPage
from api.oauth.endpoints import Introspection, Revocation
from api.oauth.invitation import InvitationPage
from api.oauth.link import LinkPage
from api.oauth.metadata import METADATA_PATH, RESOURCE_METADATA_PATH, metadata, resource_metadata
from api.oauth.parameters import read_form
from api.oauth.providers import ProviderAnswers
from api.oauth.tokens import AccessTokens, InvalidAccessToken, Sign, Verified
from api.oauth.visitors import Visitors
from api.oauth.ways import Ways
from domain.ports.identity import IdentityProvider
from tenants.access.callers import CallerEnded, Callers
from tenants.access.keys import system_key
from tenants.clock import Clock, WallClock
from tenants.database import Database
from tenants.secrets.keyring import KeyRing
from tenants.settings import ConfigurationError, Settings

# Front ends in browsers ask from origins of their own. No answer here depends on a cookie.
ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
PUBLIC = {"Cache-Control": "public, max-age=300", **ANY_ORIGIN}


def routes(
    database: Database,
    settings: Settings,
    keyring: KeyRing,
    tokens: AccessTokens,
    callers: Callers,
    *,
    clock: Clock | None = None,
    providers: Mapping[str, IdentityProvider] | None = None,
) -> list[Route]:
    """Raises ConfigurationError where tokens and passwords would travel in the clear."""
    if not is_secure_transport(settings.public_url):
        raise ConfigurationError("AZIMUTH_PUBLIC_URL: must be https, or http on a loopback address")
    clock = clock or WallClock()
    issuer = settings.public_url
    endpoints = Endpoints(database, keyring, tokens, callers, clock)
    visitors = Visitors(database, keyring, clock, secure=issuer.startswith("https://"))
    ways = Ways(settings.local_accounts, providers or {}, issuer)
    page = AuthorizationPage(visitors, tokens, ways)
    invitation = InvitationPage(visitors, ways)
    answers = ProviderAnswers(visitors, ways)
    link = LinkPage(visitors, ways)
    recovery = RecoveryPage(visitors, ways)
    password = PasswordPage(visitors)
    local = [
        Route("/oauth/password", password.show, methods=["GET"]),
        Route("/oauth/password", password.act, methods=["POST"]),
    ]
    return [
        Route("/oauth/authorize", page.show, methods=["GET"]),
        Route("/oauth/authorize", page.act, methods=["POST"]),
        Route("/oauth/invitation", invitation.show, methods=["GET"]),
        Route("/oauth/invitation", invitation.act, methods=["POST"]),
        Route("/oauth/sign-in/{provider}", answers.begin, methods=["GET"]),
        Route("/oauth/signed-in/{provider}", answers.answer, methods=["GET"]),
        Route("/oauth/link", link.show, methods=["GET"]),
        Route("/oauth/link", link.act, methods=["POST"]),
        Route("/oauth/recovery", recovery.show, methods=["GET"]),
        Route("/oauth/recovery", recovery.act, methods=["POST"]),
        *(local if settings.local_accounts else ()),
        Route("/oauth/token", endpoints.token, methods=["POST"]),
        Route("/oauth/revoke", endpoints.revoke, methods=["POST"]),
        Route("/oauth/introspect", endpoints.introspect, methods=["POST"]),
        Route("/oauth/jwks", endpoints.jwks),
        Route(METADATA_PATH, endpoints.metadata),
        Route(RESOURCE_METADATA_PATH, endpoints.resource_metadata),
    ]


class Endpoints:
    def __init__(
        self, database: Database, keyring: KeyRing, tokens: AccessTokens, callers: Callers, clock: Clock
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._tokens = tokens
        self._callers = callers
        self._clock = clock

    async def token(self, request: Request) -> Response:
        sign = await self._tokens.signer()
        return await self._answer(request, lambda server, asked: server.create_token_response(asked), sign)

    async def revoke(self, request: Request) -> Response:
        return await self._about(request, Revocation.ENDPOINT_NAME, acting=False)

    async def introspect(self, request: Request) -> Response:
        return await self._about(request, Introspection.ENDPOINT_NAME, acting=True)

    async def _about(self, request: Request, endpoint: str, *, acting: bool) -> Response:
        return await self._answer(
            request, lambda server, asked: server.create_endpoint_response(endpoint, asked), acting=acting
        )

    async def _answer(
        self,
        request: Request,
        work: Callable[[AuthorizationServer, OAuthRequest], Response],
        sign: Sign | None = None,
        *,
        acting: bool = False,
    ) -> Response:
        """The unit commits though the answer is an error: a code or token that was presented wrongly stays used up."""
        terms, now = self._tokens.terms, self._clock.now()
        try:
            asked = OAuthRequest(request, await read_form(request), issuer=terms.issuer)
            shown = await self._presented(asked.form, issuing=sign is not None, acting=acting)
            async with self._database.unit_of_work() as session:
                server = AuthorizationServer(
                    session, terms=terms, sign=sign, shown=shown, key=system_key(self._keyring), now=now
                )
                answer: Response = await session.run_sync(lambda _: _carried_out(work, server, asked))
        except OAuth2Error as error:
            answer = as_response(*error(), issuer=terms.issuer)
        answer.headers.update(ANY_ORIGIN)
        return answer

    async def _presented(self, form: Mapping[str, str], *, issuing: bool, acting: bool) -> Verified | None:
        if not issuing:
            return await self._shown(form.get("token"), acting=acting)
        return await self._shown(form["subject_token"], acting=True) if "subject_token" in form else None

    async def _shown(self, token: str | None, *, acting: bool) -> Verified | None:
        """An access token that is asked about; where it shall be one by which somebody acts, with what they still may.

        Looked at ahead of the unit: keys and callers are read on connections of their own.
        """
        try:
            verified = await self._tokens.inspect(token or "")
            return verified._replace(actor=await self._callers.admit(verified.actor)) if acting else verified
        except (InvalidAccessToken, CallerEnded):
            return None

    async def jwks(self, request: Request) -> Response:
        newest = await self._tokens.keys.private()  # a fresh installation makes its first key here
        keys = await self._tokens.keys.public(kid=newest.kid)
        return JSONResponse({"keys": [dict(key) for key in keys.values()]}, headers=PUBLIC)

    async def metadata(self, request: Request) -> Response:
        return JSONResponse(metadata(self._tokens.terms), headers=PUBLIC)

    async def resource_metadata(self, request: Request) -> Response:
        return JSONResponse(resource_metadata(self._tokens.terms), headers=PUBLIC)


def _carried_out(
    work: Callable[[AuthorizationServer, OAuthRequest], Response], server: AuthorizationServer, asked: OAuthRequest
) -> Response:
    try:
        return work(server, asked)
    except OAuth2Error as error:
        return as_response(*error(), issuer=server.terms.issuer)
