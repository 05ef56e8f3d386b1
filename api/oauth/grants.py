"""The two grants. What is stored and what is asked of the directory; the protocol itself is the library's."""

import re
from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import InvalidRequestError, grants
from authlib.oauth2.rfc7636 import CodeChallenge

from api.oauth.client import OAuthClient
from tenants.access.codes import RedeemedCode, code_redeem, code_store, new_code
from tenants.access.service import Member, find_member
from tenants.database import wait_for

_S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class ClientCredentials(grants.ClientCredentialsGrant):  # type: ignore[misc]  # the library is untyped
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = ["client_secret_basic", "client_secret_post"]


class StoredCode:
    """A redeemed code, in the words in which the library asks about it."""

    def __init__(self, code: RedeemedCode) -> None:
        self.person_id = code.person_id
        self.code_challenge = code.code_challenge
        self.code_challenge_method = "S256"
        self._redirect_uri = code.redirect_uri
        self._scope = " ".join(sorted(code.scopes))

    def get_redirect_uri(self) -> str:
        return self._redirect_uri

    def get_scope(self) -> str:
        return self._scope


class AuthorizationCode(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = ["client_secret_basic", "client_secret_post", "none"]

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
        return wait_for(
            find_member(
                self.server.session,
                organization_id=self.request.client.app.organization_id,
                person_id=authorization_code.person_id,
            )
        )


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
