"""The grants. What is stored and what is asked of the directory; the protocol itself is the library's."""

import re
from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, grants
from authlib.oauth2.rfc7636 import CodeChallenge

from api.oauth.client import CONFIDENTIAL_METHODS, METHODS, OAuthClient
from tenants.access.authorizations import Renewal, use_refresh_token
from tenants.access.codes import RedeemedCode, code_redeem, code_store, new_code
from tenants.access.members import Member, find_member
from tenants.database import wait_for

_S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class ClientCredentials(grants.ClientCredentialsGrant):  # type: ignore[misc]  # the library is untyped
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = CONFIDENTIAL_METHODS


class StoredCode:
    """A redeemed code, in the words in which the library asks about it."""

    def __init__(self, code: RedeemedCode) -> None:
        self.id = code.id
        self.person_id = code.person_id
        self.acts_for_id = code.acts_for_id
        self.code_challenge = code.code_challenge
        self.code_challenge_method = "S256"
        self._redirect_uri = code.redirect_uri
        self._scope = " ".join(sorted(code.scopes))

    def get_redirect_uri(self) -> str:
        return self._redirect_uri

    def get_scope(self) -> str:
        return self._scope


class AuthorizationCode(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = METHODS

    @staticmethod
    def validate_authorization_redirect_uri(request: Any, client: OAuthClient) -> str:
        """Raises an error that is shown and not sent: an address that is not the app's is not to be trusted."""
        redirect_uri: str | None = request.payload.redirect_uri
        if redirect_uri is None:
            raise InvalidRequestError("Missing 'redirect_uri' in request.")
        if not client.check_redirect_uri(redirect_uri):
            raise InvalidRequestError("This 'redirect_uri' is not registered for the app.")
        return redirect_uri

    def generate_authorization_code(self) -> str:
        return new_code()

    def save_authorization_code(self, code: str, request: Any) -> None:
        wait_for(
            code_store(
                self.server.session,
                code=code,
                client=request.client.app,
                person_id=request.user.person_id,
                acts_for_id=request.user.organization_id,
                redirect_uri=request.payload.redirect_uri,
                scopes=request.scope.split(),
                code_challenge=request.payload.data["code_challenge"],
                now=self.server.now,
            )
        )

    def query_authorization_code(self, code: str, client: OAuthClient) -> StoredCode | None:
        redeemed = wait_for(code_redeem(self.server.session, client=client.app, code=code, now=self.server.now))
        return None if redeemed is None else StoredCode(redeemed)

    def delete_authorization_code(self, authorization_code: StoredCode) -> None:
        """It was used up when it was read."""

    def authenticate_user(self, authorization_code: StoredCode) -> Member | None:
        """Asked again, as a membership may have ended since."""
        self.server.code_id = authorization_code.id
        return wait_for(
            find_member(
                self.server.session,
                client=self.request.client.app,
                organization_id=authorization_code.acts_for_id,
                person_id=authorization_code.person_id,
            )
        )


class StoredRefreshToken:
    """One that was just used up, in the words in which the library asks about it."""

    def __init__(self, renewal: Renewal) -> None:
        self.renewal = renewal

    def check_client(self, client: OAuthClient) -> bool:
        return self.renewal.app_id == client.app.app_id

    def get_scope(self) -> str:
        return " ".join(sorted(self.renewal.scopes))


class RefreshToken(grants.RefreshTokenGrant):  # type: ignore[misc]
    """RFC 6749, 6, with a new refresh token each time."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> StoredRefreshToken | None:
        server, client = self.server, self.request.client.app
        renewal = wait_for(use_refresh_token(server.session, client=client, token=refresh_token, now=server.now))
        return None if renewal is None else StoredRefreshToken(renewal)

    def authenticate_user(self, refresh_token: StoredRefreshToken) -> Member:
        """Asked again, as a membership may have ended since."""
        renewal = refresh_token.renewal
        self.server.renewed = renewal.authorization_id
        member = wait_for(
            find_member(
                self.server.session,
                client=self.request.client.app,
                organization_id=renewal.acts_for_id,
                person_id=renewal.person_id,
            )
        )
        if member is None or member.since > renewal.allowed_at:
            raise InvalidGrantError("Who allowed this may not any more.")
        return member

    def _validate_request_client(self) -> OAuthClient:
        """The token is looked for among the app's, so the app must be known by then."""
        self.request.client = super()._validate_request_client()
        client: OAuthClient = self.request.client
        return client

    def revoke_old_credential(self, refresh_token: StoredRefreshToken) -> None:
        """It was used up when it was read."""


class RequiredS256(CodeChallenge):  # type: ignore[misc]
    """RFC 7636, for every app, and never `plain`: that one protects from nobody who can read the request."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD: ClassVar = ["S256"]

    def validate_code_challenge(self, grant: AuthorizationCode, redirect_uri: str) -> None:
        asked = grant.request.payload.data
        challenge = asked.get("code_challenge")
        if challenge is None:
            raise InvalidRequestError("Missing 'code_challenge': PKCE is required.")
        if asked.get("code_challenge_method") != "S256":
            raise InvalidRequestError("The 'code_challenge_method' must be S256.")
        if not _S256_CHALLENGE.fullmatch(challenge):
            raise InvalidRequestError("The 'code_challenge' is no S256 challenge.")


def known_resource(grant: AuthorizationCode) -> None:
    """RFC 8707, 2.1. What a code may be redeemed for, the token endpoint asks anew."""
    grant.register_hook(
        "after_validate_authorization_request_payload", lambda grant, _: grant.server.check_resource(grant.request)
    )
