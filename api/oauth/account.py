"""The pages on which people look after their own password."""

from urllib.parse import urlencode

from authlib.oauth2.rfc6749 import OAuth2Error
from starlette.requests import Request
from starlette.responses import Response

from api.oauth import pages
from api.oauth.parameters import read_form, read_query
from api.oauth.visitor import Visitor, form_token, form_token_matches
from api.oauth.visitors import Visitors
from api.oauth.ways import Ways
from tenants.access.errors import SignInThrottled
from tenants.access.passwords import Recoverable, change_password, find_recoverable, set_password
from tenants.access.service import password_hashed
from tenants.access.sign_ins import PASSWORD
from tenants.errors import InvalidInput, Refusal

FORM_EXPIRED = "This form has expired, or was not sent from its own page."
LINK_ENDED = "This link was used, or has expired."
ASK_AGAIN = "Ask whoever runs this service for a new one."
OPEN_AGAIN = "Open the page again."
CHANGED = "Your password is changed. You are signed out everywhere else."


class PasswordPage:
    def __init__(self, visitors: Visitors) -> None:
        self._visitors = visitors

    async def show(self, request: Request) -> Response:
        return self._page(self._visitors.meet(request))

    async def act(self, request: Request) -> Response:
        visitor, key = self._visitors.read(request), self._visitors.key
        try:
            form = await read_form(request)
        except OAuth2Error as error:
            return pages.refusal_page(error.description, advice=OPEN_AGAIN, status=error.status_code)
        if visitor is None or not form_token_matches(form.get("form_token", ""), visitor, {}, key):
            return pages.refusal_page(FORM_EXPIRED, advice=OPEN_AGAIN, status=403)
        address = form.get("address", "")
        try:
            person_id = await change_password(
                self._visitors.database,
                address=address,
                old=form.get("password", ""),
                new=form.get("new_password", ""),
                key=key,
                clock=self._visitors.clock,
            )
        except SignInThrottled as throttled:
            response = self._page(visitor, address=address, problem=throttled.message, status=429)
            response.headers["Retry-After"] = str(throttled.retry_after_seconds)
            return response
        except Refusal as refusal:
            status = 400 if isinstance(refusal, InvalidInput) else 403
            return self._page(visitor, address=address, problem=refusal.message, status=status)
        response = pages.own_page("done", "Your account", said=CHANGED)
        self._visitors.remember(response, await self._visitors.sign_in(person_id, method=PASSWORD))
        return response

    def _page(self, visitor: Visitor, *, address: str = "", problem: str | None = None, status: int = 200) -> Response:
        token = form_token(visitor, {}, self._visitors.key)
        response = pages.own_page(
            "password", "Change your password", problem=problem, status=status, address=address, action="",
            form_token=token,
        )  # fmt: skip
        self._visitors.remember(response, visitor)
        return response


class RecoveryPage:
    """For who holds a link that the operator issued: a new password, or a provider in its place."""

    def __init__(self, visitors: Visitors, ways: Ways) -> None:
        self._visitors = visitors
        self._ways = ways

    async def show(self, request: Request) -> Response:
        parameters = _parameters(request)
        account = await self._account(parameters)
        return _ended() if account is None else self._page(self._visitors.meet(request), parameters, account)

    async def act(self, request: Request) -> Response:
        visitor, parameters = self._visitors.read(request), _parameters(request)
        try:
            form = await read_form(request)
        except OAuth2Error as error:
            return pages.refusal_page(error.description, advice=OPEN_AGAIN, status=error.status_code)
        account = await self._account(parameters)
        if account is None or not self._ways.local:
            return _ended()
        if visitor is None or not form_token_matches(
            form.get("form_token", ""), visitor, parameters, self._visitors.key
        ):
            return pages.refusal_page(FORM_EXPIRED, advice=OPEN_AGAIN, status=403)
        try:
            password_hash = await password_hashed(form.get("password", ""))
        except InvalidInput as refusal:
            return self._page(visitor, parameters, account, problem=refusal.message, status=400)
        if not await self._set(parameters, password_hash):
            return _ended()
        response = pages.own_page("done", "Your account", said=CHANGED)
        self._visitors.remember(response, await self._visitors.sign_in(account.person_id, method=PASSWORD))
        return response

    async def _account(self, parameters: dict[str, str]) -> Recoverable | None:
        token, key, now = parameters.get("token", ""), self._visitors.key, self._visitors.clock.now()
        async with self._visitors.database.snapshot() as session:
            return await find_recoverable(session, token=token, key=key, now=now)

    async def _set(self, parameters: dict[str, str], password_hash: str) -> bool:
        """Asked once more under a lock: of two who use the link at once one gets through."""
        token, key, now = parameters.get("token", ""), self._visitors.key, self._visitors.clock.now()
        async with self._visitors.database.unit_of_work() as session:
            account = await find_recoverable(session, token=token, key=key, now=now, locked=True)
            if account is None:
                return False
            await set_password(session, person_id=account.person_id, password_hash=password_hash, now=now)
        return True

    def _page(
        self,
        visitor: Visitor,
        parameters: dict[str, str],
        account: Recoverable,
        *,
        problem: str | None = None,
        status: int = 200,
    ) -> Response:
        response = pages.recovery_page(
            pages.Choices(self._ways.local, self._ways.from_page("recovery", parameters)),
            address=account.address,
            action=f"?{urlencode(parameters)}",
            form_token=form_token(visitor, parameters, self._visitors.key),
            problem=problem,
            status=status,
        )
        self._visitors.remember(response, visitor)
        return response


def _parameters(request: Request) -> dict[str, str]:
    try:
        return read_query(request)
    except OAuth2Error:
        return {}


def _ended() -> Response:
    return pages.refusal_page(LINK_ENDED, advice=ASK_AGAIN, status=410)
