"""The page on which somebody accepts an invitation: signed in, by signing in, or by making an account.

Whoever holds the token is meant by it. It is asked for anew at every step.
"""

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from authlib.oauth2.rfc6749 import OAuth2Error
from starlette.requests import Request
from starlette.responses import Response

from api.oauth import pages
from api.oauth.parameters import read_form, read_query
from api.oauth.visitor import Visitor, form_token, form_token_matches, new_visitor, read_visitor, write_visitor
from tenants.access.errors import InvitationEnded, SignInAddressTaken, SignInThrottled
from tenants.access.invitations import Pending, accept, find_pending
from tenants.access.keys import system_key
from tenants.access.kinds import MemberRole
from tenants.access.service import password_hashed, person_add
from tenants.access.sign_in import sign_in
from tenants.clock import Clock
from tenants.database import Database
from tenants.errors import Denied, Refusal
from tenants.secrets.keyring import KeyRing
from tenants.secrets.sealing import DataKey

ENDED = "This invitation was accepted, taken back, or has expired."
ASK_AGAIN = "Ask whoever sent it for a new one."
FORM_EXPIRED = "This form has expired, or was not sent from its own page."


@dataclass(frozen=True)
class Guest:
    """Who holds the token, as far as they are known."""

    visitor: Visitor
    pending: Pending
    token: str

    @property
    def parameters(self) -> dict[str, str]:
        return {"token": self.token}

    @property
    def step(self) -> str:
        if self.pending.person_id is None:
            return "account"
        return "accept" if self.visitor.person_id == self.pending.person_id else "sign_in"


class InvitationPage:
    def __init__(self, database: Database, keyring: KeyRing, issuer: str, clock: Clock) -> None:
        self._database = database
        self._keyring = keyring
        self._clock = clock
        self._secure = issuer.startswith("https://")

    async def show(self, request: Request) -> Response:
        key = system_key(self._keyring)
        guest = await self._guest(request, key)
        if guest is None:
            return _ended()
        return self._again(guest, key)

    async def act(self, request: Request) -> Response:
        key = system_key(self._keyring)
        try:
            form = await read_form(request)
        except OAuth2Error as error:
            return pages.refusal_page(error.description, advice="Open the invitation again.", status=error.status_code)
        guest = await self._guest(request, key)
        if guest is None:
            return _ended()
        if not form_token_matches(form.get("form_token", ""), guest.visitor, guest.parameters, key):
            return pages.refusal_page(FORM_EXPIRED, advice="Open the invitation again.", status=403)
        if form.get("action") == "leave":
            return self._again(Guest(new_visitor(self._clock.now()), guest.pending, guest.token), key)
        try:
            person_id = await self._join(guest, form, key)
        except SignInThrottled as throttled:
            response = self._again(guest, key, problem=throttled.message, status=429)
            response.headers["Retry-After"] = str(throttled.retry_after_seconds)
            return response
        except SignInAddressTaken:  # somebody made the account a moment ago: now there is one to sign in to
            return await self.show(request)
        except InvitationEnded:
            return _ended()
        except Refusal as refusal:
            status = 403 if isinstance(refusal, Denied) else 400
            return self._again(guest, key, problem=refusal.message, status=status)
        invitation = guest.pending.invitation
        response = pages.joined_page(guest.pending.organization_name, redirect_uri=invitation.redirect_uri)
        self._remember(response, new_visitor(self._clock.now(), person_id), key)
        return response

    async def _guest(self, request: Request, key: DataKey) -> Guest | None:
        try:
            token = read_query(request).get("token", "")
        except OAuth2Error:
            return None
        now = self._clock.now()
        async with self._database.snapshot() as session:
            pending = await find_pending(session, token=token, now=now)
        if pending is None:
            return None
        visitor = read_visitor(request, key, now=now, secure=self._secure) or new_visitor(now)
        return Guest(visitor, pending, token)

    async def _join(self, guest: Guest, form: dict[str, str], key: DataKey) -> UUID:
        """Who joined. Raises Refusal; where the invitation ended meanwhile, no account is made for it either."""
        address, password = guest.pending.invitation.address, form.get("password", "")
        person_id = guest.pending.person_id
        if guest.step == "sign_in":
            person_id = await sign_in(self._database, address=address, password=password, key=key, clock=self._clock)
        password_hash = await password_hashed(password) if guest.step == "account" else ""
        async with self._database.unit_of_work() as session:
            pending = await find_pending(session, token=guest.token, now=self._clock.now(), locked=True)
            if pending is None:
                raise InvitationEnded
            if person_id is None:
                person_id = await person_add(session, address=address, password_hash=password_hash)
            await accept(session, pending, person_id=person_id, now=self._clock.now())
        return person_id

    def _again(self, guest: Guest, key: DataKey, *, problem: str | None = None, status: int = 200) -> Response:
        invitation = guest.pending.invitation
        invited = pages.Invited(
            organization=guest.pending.organization_name,
            role=MemberRole(invitation.role),
            address=invitation.address,
            action=f"?{urlencode(guest.parameters)}",
            form_token=form_token(guest.visitor, guest.parameters, key),
        )
        response = pages.invitation_page(invited, step=guest.step, problem=problem, status=status)
        self._remember(response, guest.visitor, key)
        return response

    def _remember(self, response: Response, visitor: Visitor, key: DataKey) -> None:
        write_visitor(response, visitor, key, now=self._clock.now(), secure=self._secure)


def _ended() -> Response:
    return pages.refusal_page(ENDED, advice=ASK_AGAIN, status=410)
