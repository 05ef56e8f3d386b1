"""Revocation (RFC 7009) and introspection (RFC 7662): what an app may do with the tokens it holds, or was shown."""

from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from api.ids import organization_gid
from api.oauth.client import CONFIDENTIAL_METHODS, METHODS, OAuthClient
from api.oauth.tokens import Verified
from tenants.access.authorizations import EndReason, end_authorization, find_by_refresh_token
from tenants.access.models import RefreshToken
from tenants.database import wait_for
from tenants.registry.embeds import end_embed

Known = Verified | RefreshToken


class Revocation(RevocationEndpoint):  # type: ignore[misc]  # the library is untyped
    """Ends an embed token, or the authorization a token belongs to. What is no token of the app's is answered alike
    (RFC 7009, 2.2).

    A machine's own access token belongs to none: it ends with its hour, or when the app is put away.
    """

    CLIENT_AUTH_METHODS: ClassVar = METHODS

    def authenticate_token(self, request: Any, client: OAuthClient) -> Known | None:
        return known_token(self, request, client)

    def revoke_token(self, token: Known, request: Any) -> None:
        client = request.client.app
        if isinstance(token, Verified) and token.actor.embed_id is not None:
            wait_for(end_embed(self.server.session, client, embed_id=token.actor.embed_id, now=self.server.now))
            return
        found = token.authorization_id if isinstance(token, RefreshToken) else token.actor.authorization_id
        if found is not None:
            wait_for(
                end_authorization(
                    self.server.session,
                    client=client,
                    authorization_id=found,
                    reason=EndReason.REVOKED,
                    now=self.server.now,
                )
            )


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    """Tells an app with a secret of its own access tokens, and of those of its organization's other apps."""

    CLIENT_AUTH_METHODS: ClassVar = CONFIDENTIAL_METHODS

    def authenticate_token(self, request: Any, client: OAuthClient) -> Known | None:
        return known_token(self, request, client, of_organization=True)

    def create_introspection_payload(self, token: Known | None) -> dict[str, Any]:
        if not isinstance(token, Verified):
            return {"active": False}
        actor, terms = token.actor, self.server.terms
        return {
            "active": True,
            "token_type": "Bearer",
            "scope": " ".join(sorted(actor.scopes)),
            "client_id": actor.client_id,
            "sub": str(actor.person_id or actor.client_id),
            "iss": terms.issuer,
            "aud": terms.resource,
            "exp": token.expires_at,
            "organization": organization_gid(actor.organization_id),
        }


def known_token(endpoint: Any, request: Any, client: OAuthClient, *, of_organization: bool = False) -> Known | None:
    """The app's own, or one of its organization's. No hint is needed: the two kinds do not look alike."""
    if not request.form.get("token"):
        raise InvalidRequestError("Missing 'token' in request.")
    server, app = endpoint.server, client.app
    shown: Verified | None = server.shown
    if shown is None:
        return wait_for(find_by_refresh_token(server.session, client=app, token=request.form["token"]))
    actor = shown.actor
    owner_id, app_id = actor.app_key
    ours = owner_id == app.organization_id if of_organization else app_id == app.app_id
    return shown if ours else None
