"""The page on which somebody who came by a provider shows that an account of the same address is theirs."""

from typing import NamedTuple
from urllib.parse import urlencode

import orjson
from authlib.oauth2.rfc6749 import OAuth2Error
from starlette.requests import Request
from starlette.responses import Response

from api.oauth import pages
from api.oauth.parameters import read_form, read_query
from api.oauth.visitor import Visitor, form_token, form_token_matches
from api.oauth.visitors import Visitors
from api.oauth.ways import Origin, Ways, origin_of
from domain.ports.identity import Registration
from tenants.access.errors import SignInThrottled
from tenants.access.identities import Vouched, link
from tenants.access.sign_in import sign_in
from tenants.errors import Refusal
from tenants.secrets.keyring import SYSTEM
from tenants.secrets.sealing import DataKey, opened_text, place, sealed_text

EXPIRED = "This page has expired, or was not opened in this browser."
ADVICE = "Return to where you came from and start again."


class Pending(NamedTuple):
    """Somebody whose provider was asked, and the account of whose address is still to be shown to be theirs."""

    who: Vouched
    address: str
    provider: Registration
    origin: Origin
    visitor: Visitor
    parameters: dict[str, str]


class LinkPage:
    def __init__(self, visitors: Visitors, ways: Ways) -> None:
        self._visitors = visitors
        self._ways = ways

    async def show(self, request: Request) -> Response:
        pending = self._pending(request)
        return _expired() if pending is None else self._page(pending)

    async def act(self, request: Request) -> Response:
        pending, key = self._pending(request), self._visitors.key
        try:
            form = await read_form(request)
        except OAuth2Error:
            return _expired()
        if pending is None or not form_token_matches(
            form.get("form_token", ""), pending.visitor, pending.parameters, key
        ):
            return _expired()
        database, clock, password = self._visitors.database, self._visitors.clock, form.get("password", "")
        try:
            person_id = await sign_in(database, address=pending.address, password=password, key=key, clock=clock)
            async with database.unit_of_work() as session:
                await link(session, pending.who, person_id=person_id, now=clock.now())
        except SignInThrottled as throttled:
            response = self._page(pending, problem=throttled.message, status=429)
            response.headers["Retry-After"] = str(throttled.retry_after_seconds)
            return response
        except Refusal as refusal:
            return self._page(pending, problem=refusal.message, status=403)
        there = {"Location": pending.origin.address(self._ways.issuer), "Cache-Control": "no-store"}
        response = Response(status_code=303, headers=there)
        self._visitors.remember(response, await self._visitors.sign_in(person_id, method=pending.provider.key))
        return response

    def _pending(self, request: Request) -> Pending | None:
        visitor, key = self._visitors.read(request), self._visitors.key
        try:
            parameters = read_query(request)
        except OAuth2Error:
            return None
        if visitor is None or not self._ways.local:
            return None
        origin = origin_of(parameters.get("state", ""), None, visitor, key)
        sealed = opened_text(parameters.get("identity", ""), key, _where(visitor))
        if origin is None or sealed is None:
            return None
        issuer, subject_hash, address = orjson.loads(sealed)
        provider = self._ways.registration_at(issuer)
        if provider is None:
            return None
        who = Vouched(issuer, bytes.fromhex(subject_hash), address)
        return Pending(who, address, provider, origin, visitor, parameters)

    def _page(self, pending: Pending, *, problem: str | None = None, status: int = 200) -> Response:
        return pages.own_page(
            "link",
            "Is this your account?",
            problem=problem,
            status=status,
            address=pending.address,
            provider=pending.provider.name,
            action=f"?{urlencode(pending.parameters)}",
            form_token=form_token(pending.visitor, pending.parameters, self._visitors.key),
        )


def link_address(state: str, who: Vouched, visitor: Visitor, key: DataKey) -> str:
    """Relative to a provider's redirect URI. Opens in this browser only."""
    content = orjson.dumps([who.issuer, who.subject_hash.hex(), who.address]).decode()
    return f"../link?{urlencode({'state': state, 'identity': sealed_text(content, key, _where(visitor))})}"


def _where(visitor: Visitor) -> bytes:
    return place(SYSTEM, visitor.browser, "identity")


def _expired() -> Response:
    return pages.refusal_page(EXPIRED, advice=ADVICE, status=403)
