"""Token exchange (RFC 8693): an app's server trades its own access token for an embed token.

What the page of one end user gets is held to one tenant, one origin, some scopes, and where the server says so some
fields of the schema, for minutes. Besides the RFC's parameters it takes `tenant`, `subject`, `origin`, `fields` and
`expires_in`.
"""

from datetime import timedelta
from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import (
    BaseGrant,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    TokenEndpointMixin,
)

from api.execution.coordinates import unknown_fields
from api.ids import Kind, decode_as
from api.oauth.client import CONFIDENTIAL_METHODS
from api.oauth.errors import TargetUnknown
from api.oauth.tokens import Embed, OnBehalf, Verified
from api.schema import schema
from tenants.access.errors import ScopeBeyondYours
from tenants.database import wait_for
from tenants.errors import ForbiddenScope, Refusal
from tenants.registry.embeds import LIFETIME, NewEmbed, issue_embed

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a kind of token
NEEDED = ("tenant", "subject", "origin", "scope")


class TokenExchange(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]  # the library is untyped
    GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = CONFIDENTIAL_METHODS

    def validate_token_request(self) -> None:
        self.request.client = self.authenticate_token_endpoint_client()
        form = self.request.form
        if form.get("subject_token_type") != ACCESS_TOKEN:
            raise InvalidRequestError(f"The 'subject_token_type' is {ACCESS_TOKEN}.")
        if form.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
            raise InvalidRequestError(f"The only 'requested_token_type' is {ACCESS_TOKEN}.")
        if "actor_token" in form:
            raise InvalidRequestError("There is no delegation here: leave out 'actor_token'.")
        if form.get("audience") not in {None, self.server.terms.resource}:
            raise TargetUnknown(self.server.terms.resource)
        for name in NEEDED:
            if name not in form:
                raise InvalidRequestError(f"Missing '{name}' in request.")
        shown: Verified | None = self.server.shown
        if shown is None or shown.actor.app_id != self.request.client.app.app_id or shown.actor.embed_id is not None:
            raise InvalidGrantError("The 'subject_token' is no access token that this app may still act by.")

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        server, client, actor = self.server, self.request.client.app, self.server.shown.actor
        embed = self._embed()
        try:
            embed_id = wait_for(issue_embed(server.session, client, actor, embed, key=server.key, now=server.now))
        except (ScopeBeyondYours, ForbiddenScope) as refusal:
            raise InvalidScopeError(refusal.message) from None
        except Refusal as refusal:
            raise InvalidRequestError(f"{'.'.join(refusal.field)}: {refusal.message}") from None
        seconds = embed.lifetime // timedelta(seconds=1)
        person = None
        if actor.person_id is not None:
            person = OnBehalf(actor.person_id, actor.organization_id, actor.authorization_id)
        token = server.sign(client, embed.scopes, person, Embed(embed_id, embed.subject, seconds))
        answer = {
            "access_token": token,
            "issued_token_type": ACCESS_TOKEN,
            "token_type": "Bearer",
            "expires_in": seconds,
            "scope": " ".join(sorted(embed.scopes)),
        }
        return 200, answer, self.TOKEN_RESPONSE_HEADER

    def _embed(self) -> NewEmbed:
        form = self.request.form
        fields = form.get("fields", "").split()
        unknown = unknown_fields(schema._schema, fields)
        if unknown:
            raise InvalidRequestError(f"fields: the schema has no {unknown[0]!a}.")
        lifetime = form.get("expires_in", str(LIFETIME // timedelta(seconds=1)))
        if not (lifetime.isascii() and lifetime.isdecimal() and len(lifetime) <= 6):
            raise InvalidRequestError("expires_in: a number of seconds.")
        try:
            tenant_id = decode_as(Kind.TENANT, form["tenant"], field=("tenant",)).id
        except Refusal as refusal:
            raise InvalidRequestError(f"tenant: {refusal.message}") from None
        return NewEmbed(
            tenant_id=tenant_id,
            subject=form["subject"],
            origin=form["origin"],
            scopes=frozenset(form["scope"].split()),
            fields=fields,
            lifetime=timedelta(seconds=int(lifetime)),
        )
