from authlib.oauth2.rfc6749 import ClientMixin

from tenants.access.clients import Client
from tenants.access.kinds import AppKind

CONFIDENTIAL_METHODS = ["private_key_jwt", "client_secret_basic", "client_secret_post"]
"""By which an app proves itself. The first comes first: it says itself whether it is used."""
METHODS = [*CONFIDENTIAL_METHODS, "none"]


class OAuthClient(ClientMixin):  # type: ignore[misc]  # the library is untyped
    """An app, in the words in which the library asks about it."""

    def __init__(self, app: Client) -> None:
        self.app = app

    def get_client_id(self) -> str:
        return self.app.client_id

    def get_default_redirect_uri(self) -> None:
        """There is none: an app that always says where to return cannot be sent elsewhere by a later registration."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """All of the app's where none are asked for; nothing, hence `invalid_scope`, where one is not the app's."""
        asked = frozenset((scope or "").split()) or self.app.scopes
        return " ".join(sorted(asked)) if asked <= self.app.scopes else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.app.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return self.app.secret_matches(client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return (method == "none") == (self.app.kind is AppKind.PUBLIC)

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        if grant_type in {"client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"}:
            return self.app.kind is AppKind.CONFIDENTIAL
        return grant_type in {"authorization_code", "refresh_token"} and bool(self.app.redirect_uris)
