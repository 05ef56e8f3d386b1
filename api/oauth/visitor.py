"""Who sits at the browser, in a signed cookie; and the form tokens that only this browser's pages carry.

The cookie is proof of sign-in for a quarter of an hour, as long as the sign-in it names was not ended, and for nothing
but the pages of this server.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from tenants.secrets.sealing import DataKey

SIGNED_IN_SECONDS = 15 * 60
ANONYMOUS_SECONDS = 60 * 60


@dataclass(frozen=True)
class Visitor:
    """`browser` is drawn anew at every sign-in, so that nobody can plant one beforehand and share it afterwards."""

    browser: str
    expires_at: int
    person_id: UUID | None = None

    @property
    def ends(self) -> datetime:
        return datetime.fromtimestamp(self.expires_at, UTC)


def new_visitor(now: datetime, person_id: UUID | None = None) -> Visitor:
    seconds = ANONYMOUS_SECONDS if person_id is None else SIGNED_IN_SECONDS
    return Visitor(secrets.token_urlsafe(16), int(now.timestamp()) + seconds, person_id)


def read_visitor(request: Request, key: DataKey, *, now: datetime, secure: bool) -> Visitor | None:
    content, _, signature = request.cookies.get(cookie_name(secure=secure), "").rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(content, key).encode()):
        return None
    browser, expires_at, person = content.split(".")
    visitor = Visitor(browser, int(expires_at), UUID(person) if person else None)
    return visitor if visitor.expires_at > now.timestamp() else None


def write_visitor(response: Response, visitor: Visitor, key: DataKey, *, now: datetime, secure: bool) -> None:
    content = f"{visitor.browser}.{visitor.expires_at}.{visitor.person_id or ''}"
    response.set_cookie(
        cookie_name(secure=secure),
        f"{content}.{_signature(content, key)}",
        max_age=visitor.expires_at - int(now.timestamp()),
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def cookie_name(*, secure: bool) -> str:
    """With the prefix no neighbor on a parent domain can set the cookie; browsers demand https for it."""
    return "__Host-azimuth-visitor" if secure else "azimuth-visitor"


def form_token(visitor: Visitor, parameters: Mapping[str, str], key: DataKey) -> str:
    """Holds for this browser, this sign-in and this request of this app."""
    return key.keyed_hash("oauth.form", f"{visitor.browser}?{urlencode(sorted(parameters.items()))}").hex()


def form_token_matches(given: str, visitor: Visitor, parameters: Mapping[str, str], key: DataKey) -> bool:
    return hmac.compare_digest(given.encode(), form_token(visitor, parameters, key).encode())


def _signature(content: str, key: DataKey) -> str:
    return key.keyed_hash("oauth.visitor", content).hex()
