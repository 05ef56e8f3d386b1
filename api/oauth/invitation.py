"""The page on which somebody accepts an invitation: signed in, by signing in, or by making an account.

Whoever holds the token is meant by it. It is asked for anew at every step. What the page shows does not depend on
whether the address has an account: only who signs in or makes one learns that.
"""

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from authlib.oauth2.rfc6749 import OAuth2Error
from starlette.requests import Request
from starlette.responses import Response

from api.oauth import pages
from api.oauth.parameters import read_form, read_query
from api.oauth.visitor import Visitor, form_token, form_token_matches
from api.oauth.visitors import Visitors
from api.oauth.ways import Ways
from tenants.access.errors import InvitationEnded, SignInAddressTaken, SignInRefused, SignInThrottled
from tenants.access.invitations import Pending, find_pending, join
from tenants.access.kinds import MemberRole
from tenants.access.service import password_hashed
from tenants.access.sign_in import sign_in
from tenants.access.sign_ins import PASSWORD
from tenants.access.wording import check_password
from tenants.errors import Denied, Refusal

ENDED = "This invitation was accepted, taken back, or has expired."
ASK_AGAIN = "Ask whoever sent it for a new one."
FORM_EXPIRED = "This form has expired, or was not sent from its own page."
SOMEBODY_ELSE = "You are signed in, but not by the address of this invitation."


@dataclass(frozen=True)
class Guest:
    """Who holds the token, as far as they are known: `person_id` is signed in."""

    visitor: Visitor
    pending: Pending
    token: str
    person_id: UUID | None

    @property
    def parameters(self) -> dict[str, str]:
        return {"token": self.token}

    @property
    def step(self) -> str:
        return "accept" if self.person_id is not None and self.person_id == self.pending.person_id else "password"


class InvitationPage:
    def __init__(self, visitors: Visitors, ways: Ways) -> None:
        self._visitors = visitors
        self._database = visitors.database
        self._clock = visitors.clock
        self._ways = ways

    async def show(self, request: Request) -> Response:
        guest = await self._guest(request)
        if guest is None:
            return ended_page()
        signed_in_otherwise = guest.person_id is not None and guest.step != "accept"
        return self._again(guest, problem=SOMEBODY_ELSE if signed_in_otherwise else None)

    async def act(self, request: Request) -> Response:
        try:
            form = await read_form(request)
        except OAuth2Error as error:
            return pages.refusal_page(error.description, advice="Open the invitation again.", status=error.status_code)
        guest = await self._guest(request)
        if guest is None:
            return ended_page()
        if not form_token_matches(form.get("form_token", ""), guest.visitor, guest.parameters, self._visitors.key):
            return pages.refusal_page(FORM_EXPIRED, advice="Open the invitation again.", status=403)
        if form.get("action") == "leave":
            return self._again(Guest(await self._visitors.sign_out(guest.visitor), guest.pending, guest.token, None))
        try:
            visitor = await self._join(guest, form.get("password", ""))
        except SignInThrottled as throttled:
            response = self._again(guest, problem=throttled.message, status=429)
            response.headers["Retry-After"] = str(throttled.retry_after_seconds)
            return response
        except SignInAddressTaken:  # somebody made the account a moment ago: now there is one to sign in to
            return await self.show(request)
        except InvitationEnded:
            return ended_page()
        except Refusal as refusal:
            status = 403 if isinstance(refusal, Denied) else 400
            return self._again(guest, problem=refusal.message, status=status)
        response = joined_page(guest.pending)
        self._visitors.remember(response, visitor)
        return response

    async def _guest(self, request: Request) -> Guest | None:
        try:
            token = read_query(request).get("token", "")
        except OAuth2Error:
            return None
        visitor = self._visitors.meet(request)
        async with self._database.snapshot() as session:
            pending = await find_pending(session, token=token, now=self._clock.now())
            if pending is None:
                return None
            return Guest(visitor, pending, token, await self._visitors.person_id(session, visitor))

    async def _join(self, guest: Guest, password: str) -> Visitor:
        """Raises Refusal; where the invitation ended meanwhile, no account is made for it either."""
        person_id, password_hash = guest.pending.person_id, None
        if guest.step != "accept":
            if not self._ways.local:
                raise SignInRefused
            # First, for both: else a short one would tell whether there is an account.
            check_password(password)
            if person_id is None:
                password_hash = await password_hashed(password)
            else:
                await self._check(guest, password)
        async with self._database.unit_of_work() as session:
            joined = await join(
                session, token=guest.token, person_id=person_id, password_hash=password_hash, now=self._clock.now()
            )
        if guest.step == "accept":
            return guest.visitor
        return await self._visitors.sign_in(joined, method=PASSWORD)

    async def _check(self, guest: Guest, password: str) -> None:
        address = guest.pending.invitation.address
        await sign_in(self._database, address=address, password=password, key=self._visitors.key, clock=self._clock)

    def _again(self, guest: Guest, *, problem: str | None = None, status: int = 200) -> Response:
        invitation = guest.pending.invitation
        invited = pages.Invited(
            organization=guest.pending.organization_name,
            role=MemberRole(invitation.role),
            address=invitation.address,
            action=f"?{urlencode(guest.parameters)}",
            form_token=form_token(guest.visitor, guest.parameters, self._visitors.key),
        )
        choices = pages.Choices(self._ways.local, self._ways.from_page("invitation", guest.parameters))
        response = pages.invitation_page(invited, choices, step=guest.step, problem=problem, status=status)
        self._visitors.remember(response, guest.visitor)
        return response


def joined_page(pending: Pending) -> Response:
    return pages.joined_page(pending.organization_name, redirect_uri=pending.invitation.redirect_uri)


def ended_page() -> Response:
    return pages.refusal_page(ENDED, advice=ASK_AGAIN, status=410)
