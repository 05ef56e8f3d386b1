"""To a provider and back. OpenID Connect Core 1.0, with RFC 7636 and RFC 9207.

The state is sealed for the browser that was sent, and names the page it was sent from: what comes back to another
browser, or comes a second time after a sign-in, opens nothing. Each provider has a redirect URI of its own, so that
none can answer for another (RFC 9700, 4.4).
"""

import logging
from urllib.parse import parse_qsl, urlencode

from authlib.oauth2.rfc6749 import OAuth2Error
from starlette.requests import Request
from starlette.responses import Response

from api.oauth import pages
from api.oauth.invitation import ended_page, joined_page
from api.oauth.link import link_address
from api.oauth.parameters import parse_parameters, read_query
from api.oauth.visitor import Visitor
from api.oauth.visitors import Visitors
from api.oauth.ways import LEADING_BACK, Origin, Ways, new_state, origin_of
from domain.ports.errors import ConsentRefused, ProviderError
from domain.ports.identity import Identity, IdentityProvider
from tenants.access import repository
from tenants.access.errors import AddressDiffers, IdentityTaken, InvitationEnded
from tenants.access.identities import Vouched, find_linked, link, vouched
from tenants.access.invitations import find_pending, join
from tenants.access.passwords import find_recoverable, set_password
from tenants.errors import Refusal

log = logging.getLogger(__name__)

START_AGAIN = "Return to where you came from and start again."
EXPIRED = "This sign-in has expired, or was not begun in this browser."
NOT_UNDERSTOOD = "This is not how to sign in."
NO_ANSWER = "{provider} does not answer as it should. Try again in a moment."
NOT_PROVEN = "What {provider} sent does not prove who you are."
NOT_VERIFIED = "{provider} has not verified a mail address of yours, so it cannot be told which account is yours."
NO_ACCOUNT = "Nobody has an account here by the address that {provider} knows you by."
NOT_TIED = "Your account is not tied to {provider} yet. Ask whoever runs this service for a recovery link."
FOR_ANOTHER = "{provider} knows you by another address than the one this is for."
BY_PROVIDER = "From now on you sign in with {provider}."


class ProviderAnswers:
    def __init__(self, visitors: Visitors, ways: Ways) -> None:
        self._visitors = visitors
        self._ways = ways

    async def begin(self, request: Request) -> Response:
        provider = self._ways.providers.get(request.path_params["provider"])
        try:
            asked = read_query(request)
            origin = Origin(asked.get("page", ""), urlencode(parse_parameters(asked.get("query", ""))))
        except OAuth2Error:
            origin = Origin("", "")
        if provider is None or origin.page not in LEADING_BACK:
            return pages.refusal_page(NOT_UNDERSTOOD, advice=START_AGAIN, status=404)
        visitor, key = self._visitors.meet(request), provider.registration.key
        state = new_state(origin, key, visitor, self._visitors.key)
        try:
            address = await provider.authorize_url(self._ways.errand(key, state, self._visitors.key))
        except ProviderError as error:
            return _no_answer(provider, error)
        return self._go(address, visitor)

    async def answer(self, request: Request) -> Response:
        visitor = self._visitors.read(request)
        provider = self._ways.providers.get(request.path_params["provider"])
        try:
            answer = read_query(request)
        except OAuth2Error:
            answer = {}
        if visitor is None or provider is None:
            return _expired()
        key, state = provider.registration.key, answer.get("state", "")
        origin = origin_of(state, key, visitor, self._visitors.key)
        if origin is None:
            return _expired()
        try:
            identity = await provider.identify(self._ways.errand(key, state, self._visitors.key), answer)
            return await self._welcome(visitor, origin, identity, provider, state)
        except ConsentRefused as refused:
            if refused.code == "ACCESS_DENIED":
                return self._go(origin.address(self._ways.issuer), visitor)
            log.warning("a sign-in was refused: %s", refused, extra={"provider": key})
            return _refusal(NOT_PROVEN, provider)
        except ProviderError as error:
            return _no_answer(provider, error)
        except AddressDiffers:
            return _refusal(FOR_ANOTHER, provider)
        except InvitationEnded:
            return ended_page()
        except Refusal as refusal:
            return pages.refusal_page(refusal.message, advice=START_AGAIN, status=403)

    async def _welcome(
        self, visitor: Visitor, origin: Origin, identity: Identity, provider: IdentityProvider, state: str
    ) -> Response:
        """Raises Refusal."""
        who = vouched(
            issuer=identity.issuer, subject=identity.subject, address=identity.address, key=self._visitors.key
        )
        if origin.page == "recovery":
            return await self._recover(origin, who, provider)
        async with self._visitors.database.snapshot() as session:
            person_id = await find_linked(session, who)
            known = None if who.address is None else await repository.find_person_id(session, who.address)
        if person_id is not None:
            there = origin.address(self._ways.issuer)
            return self._go(there, await self._visitors.sign_in(person_id, method=provider.registration.key))
        if who.address is None:
            return _refusal(NOT_VERIFIED, provider)
        if known is None and origin.page == "invitation":
            return await self._join(origin, who, provider)
        if known is None:
            return _refusal(NO_ACCOUNT, provider)
        if not self._ways.local:
            return _refusal(NOT_TIED, provider)
        return self._go(link_address(state, who, visitor, self._visitors.key), visitor)

    async def _join(self, origin: Origin, who: Vouched, provider: IdentityProvider) -> Response:
        """Makes the account that the invitation is for, if the address is the invitation's."""
        now, token = self._visitors.clock.now(), _token(origin)
        async with self._visitors.database.unit_of_work() as session:
            pending = await find_pending(session, token=token, now=now)
            if pending is None:
                raise InvitationEnded
            if pending.invitation.address != who.address:
                raise AddressDiffers
            person_id = await join(session, token=token, person_id=None, now=now)
            await link(session, who, person_id=person_id, now=now)
        response = joined_page(pending)
        self._visitors.remember(response, await self._visitors.sign_in(person_id, method=provider.registration.key))
        return response

    async def _recover(self, origin: Origin, who: Vouched, provider: IdentityProvider) -> Response:
        """Ties the account to the provider. A password that was never theirs is none any more."""
        now = self._visitors.clock.now()
        async with self._visitors.database.unit_of_work() as session:
            linked = await find_linked(session, who)
            account = await find_recoverable(
                session, token=_token(origin), key=self._visitors.key, now=now, locked=True
            )
            if account is None:
                return _expired()
            if linked is None:
                await link(session, who, person_id=account.person_id, now=now)
            elif linked != account.person_id:
                raise IdentityTaken
            await set_password(session, person_id=account.person_id, password_hash=None, now=now)
        said = BY_PROVIDER.format(provider=provider.registration.name)
        response: Response = pages.own_page("done", "Your account", said=said)
        self._visitors.remember(
            response, await self._visitors.sign_in(account.person_id, method=provider.registration.key)
        )
        return response

    def _go(self, address: str, visitor: Visitor) -> Response:
        response = Response(status_code=303, headers={"Location": address, "Cache-Control": "no-store"})
        self._visitors.remember(response, visitor)
        return response


def _token(origin: Origin) -> str:
    return dict(parse_qsl(origin.query)).get("token", "")


def _expired() -> Response:
    return pages.refusal_page(EXPIRED, advice=START_AGAIN, status=403)


def _refusal(words: str, provider: IdentityProvider) -> Response:
    return pages.refusal_page(words.format(provider=provider.registration.name), advice=START_AGAIN, status=403)


def _no_answer(provider: IdentityProvider, error: ProviderError) -> Response:
    log.warning("a provider of sign-ins failed: %s", error, extra={"provider": provider.registration.key})
    words = NO_ANSWER.format(provider=provider.registration.name)
    return pages.refusal_page(words, advice=START_AGAIN, status=502)
