"""The library's authorization server on Starlette and a session.

It is synchronous and runs inside `Session.run_sync`; what it asks of the database it waits for with `wait_for`.
One server serves one request: it holds that request's session.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import rfc6749
from authlib.oauth2.rfc6749 import InvalidClientError, InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from starlette.requests import Request
from starlette.responses import Response

from api.ids import organization_gid
from api.oauth.assertion import PARAMETERS, ClientAssertion
from api.oauth.client import OAuthClient
from api.oauth.endpoints import Introspection, Revocation
from api.oauth.errors import ClientRefused, GrantTypeUnsupported, ResponseTypeUnsupported, TargetUnknown
from api.oauth.exchange import TokenExchange
from api.oauth.grants import AuthorizationCode, ClientCredentials, RefreshToken, RequiredS256, known_resource
from api.oauth.tokens import OnBehalf, Sign, Terms, Verified
from tenants.access.authorizations import issue_refresh_token, open_authorization
from tenants.access.clients import find_client
from tenants.access.members import Member
from tenants.database import Session, wait_for
from tenants.secrets.sealing import DataKey

GRANT_TYPES = {each.GRANT_TYPE for each in (ClientCredentials, AuthorizationCode, RefreshToken, TokenExchange)}


class OAuthRequest(rfc6749.OAuth2Request):  # type: ignore[misc]  # the library is untyped
    def __init__(self, request: Request, parameters: Mapping[str, str], *, issuer: str) -> None:
        # The address as clients see it: behind a proxy that ends TLS, the request's own would be refused as insecure.
        super().__init__(request.method, f"{issuer}{request.url.path}", headers=request.headers)
        self.payload = BasicOAuth2Payload(parameters)

    @property
    def form(self) -> Mapping[str, str]:
        form: Mapping[str, str] = self.payload.data
        return form


class IssuedToken(dict[str, Any]):
    def __repr__(self) -> str:
        """The library logs what it issues."""
        return "<access token>"


class AuthorizationServer(rfc6749.AuthorizationServer):  # type: ignore[misc]
    """`shown` is the access token that is asked about or traded, where its caller may still act. `renewed` is the
    authorization that a refresh token belongs to, as soon as one was used, and `code_id` the code that was.
    """

    renewed: UUID | None = None
    code_id: UUID | None = None

    def __init__(
        self,
        session: Session,
        *,
        terms: Terms,
        now: datetime,
        sign: Sign | None = None,
        shown: Verified | None = None,
        key: DataKey | None = None,
    ) -> None:
        super().__init__()
        self.session = session
        self.now = now
        self.terms = terms
        self.shown = shown
        self._sign = sign
        self._key = key
        self._clients: dict[str, OAuthClient | None] = {}
        self.register_grant(ClientCredentials)
        self.register_grant(AuthorizationCode, [RequiredS256(), known_resource])
        self.register_grant(RefreshToken)
        self.register_grant(TokenExchange)
        self.register_endpoint(Revocation)
        self.register_endpoint(Introspection)
        self.register_token_generator("default", self._issue)
        self.register_client_auth_method(ClientAssertion.CLIENT_AUTH_METHOD, ClientAssertion(self))

    @property
    def sign(self) -> Sign:
        assert self._sign is not None, "only the token endpoint issues"
        return self._sign

    @property
    def key(self) -> DataKey:
        assert self._key is not None, "only the token endpoint issues"
        return self._key

    def query_client(self, client_id: str) -> OAuthClient | None:
        if client_id not in self._clients:
            found = wait_for(find_client(self.session, client_id=client_id, now=self.now))
            self._clients[client_id] = None if found is None else OAuthClient(found)
        return self._clients[client_id]

    def authenticate_client(self, request: OAuthRequest, methods: list[str], endpoint: str = "token") -> OAuthClient:
        basic = request.headers.get("Authorization", "").lower().startswith("basic ")
        ways = (basic, "client_secret" in request.form, bool(PARAMETERS & request.form.keys()))
        if sum(ways) > 1:
            raise InvalidRequestError("The client authenticates in more than one way.")
        try:
            client: OAuthClient = super().authenticate_client(request, methods, endpoint)
        except ClientRefused:
            raise
        # Credentials that are no base64, or no text; an assertion of ten thousand brackets.
        except (InvalidClientError, ValueError, RecursionError):
            raise ClientRefused from None
        if request.payload.client_id not in {None, client.get_client_id()}:
            raise ClientRefused
        return client

    def get_token_grant(self, request: OAuthRequest) -> Any:
        if request.payload.grant_type is None:
            raise InvalidRequestError("Missing 'grant_type' in request.")
        if request.payload.grant_type not in GRANT_TYPES:
            raise GrantTypeUnsupported(request.payload.grant_type)
        self.check_resource(request)
        return super().get_token_grant(request)

    def check_resource(self, request: OAuthRequest) -> None:
        """RFC 8707: there is one, and a token is for it also where none is named. So nothing has to be kept of it."""
        if request.payload.data.get("resource") not in {None, self.terms.resource}:
            raise TargetUnknown(self.terms.resource)

    def get_authorization_grant(self, request: OAuthRequest) -> Any:
        if request.payload.response_type == "code":
            return super().get_authorization_grant(request)
        client = self.query_client(request.payload.client_id or "")
        if client is None:
            raise InvalidClientError("The app does not exist on this server.")
        redirect_uri = AuthorizationCode.validate_authorization_redirect_uri(request, client)
        if request.payload.response_type is None:
            raise InvalidRequestError("Missing 'response_type' in request.", redirect_uri=redirect_uri)
        raise ResponseTypeUnsupported(request.payload.response_type, redirect_uri=redirect_uri)

    def _issue(
        self,
        *,
        client: OAuthClient,
        user: Member | None = None,
        scope: str | None = None,
        **_: Any,
    ) -> IssuedToken:
        if user is None:
            allowed = client.get_allowed_scope(scope)
            if allowed is None:
                raise rfc6749.InvalidScopeError
            scopes = frozenset(allowed.split())
        else:
            # What was consented to may have shrunk since: the app's scopes, or the person's role.
            scopes = user.lends(client.app) & frozenset((scope or "").split())
            if not scopes:
                raise InvalidGrantError("Nothing of what was granted is still allowed.")
        issued = IssuedToken(
            token_type="Bearer",  # noqa: S106 - the kind of token
            expires_in=self.terms.lifetime_seconds,
            scope=" ".join(sorted(scopes)),
        )
        if user is None:
            return IssuedToken(access_token=self.sign(client.app, scopes), **issued)
        issued["organization"] = organization_gid(user.organization_id)
        authorization_id = self.renewed or wait_for(
            open_authorization(
                self.session,
                client=client.app,
                member=user,
                code_id=self.code_id,
                scopes=scopes,
                now=self.now,
            )
        )
        refresh_token = wait_for(
            issue_refresh_token(self.session, client=client.app, authorization_id=authorization_id, now=self.now)
        )
        person = OnBehalf(user.person_id, user.organization_id, authorization_id)
        return IssuedToken(access_token=self.sign(client.app, scopes, person), refresh_token=refresh_token, **issued)

    def save_token(self, token: IssuedToken, request: OAuthRequest) -> None:
        """Access tokens prove themselves; nothing is stored."""

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: OAuthRequest) -> OAuthRequest:
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Response:
        return as_response(status, body, headers, issuer=self.terms.issuer)


def as_response(status: int, body: Any, headers: list[tuple[str, str]], *, issuer: str) -> Response:
    """What the library answers, or what one of its errors says when called, as a response of the framework."""
    named = dict(headers)
    if "Location" not in named:
        return Response(orjson.dumps(body), status, headers=named)
    # RFC 9207: an app that uses several authorization servers must know which one answers.
    named["Location"] = add_params_to_uri(named["Location"], [("iss", issuer)])
    # 303: the client is asked with GET, whatever method the person's form used.
    return Response(status_code=303, headers={**named, "Cache-Control": "no-store"})
