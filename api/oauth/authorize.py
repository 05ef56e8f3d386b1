"""The authorization page: sign in, then consent. RFC 6749, 4.1, with RFC 7636 and RFC 9207.

Every step asks the whole request again, so that nothing that was checked once can be changed afterwards.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from starlette.requests import Request
from starlette.responses import Response

from api.oauth import pages
from api.oauth.adapter import AuthorizationServer, OAuthRequest, as_response
from api.oauth.parameters import read_form, read_query
from api.oauth.tokens import AccessTokens
from api.oauth.visitor import (
    Visitor,
    form_token,
    form_token_matches,
    new_visitor,
    read_visitor,
    write_visitor,
)
from tenants.access.clients import Client
from tenants.access.errors import SignInRefused, SignInThrottled
from tenants.access.keys import system_key
from tenants.access.service import Member, find_member, find_sign_in_address
from tenants.access.sign_in import sign_in
from tenants.clock import Clock
from tenants.database import Database, Session
from tenants.secrets.keyring import KeyRing
from tenants.secrets.sealing import DataKey

NOT_A_MEMBER = "You are not a member of {organization}."
NOTHING_TO_LEND = "Your role in {organization} allows nothing of what this app asks for."
FORM_EXPIRED = "This form has expired, or was not sent from its own page."


@dataclass(frozen=True)
class Asked:
    """A valid authorization request and the library's grant that will answer it."""

    server: AuthorizationServer
    request: OAuthRequest
    grant: Any
    parameters: dict[str, str]

    @property
    def client(self) -> Client:
        client: Client = self.grant.request.client.app
        return client

    def lendable(self, member: Member) -> frozenset[str]:
        return member.role.scopes.intersection(self.grant.request.scope.split())

    async def answer(self, member: Member | None) -> Response:
        """The redirect with a code, or with `access_denied` where there is nobody to grant it."""
        response: Response = await self.server.session.run_sync(
            lambda _: self.server.create_authorization_response(self.request, grant_user=member, grant=self.grant)
        )
        return response


class AuthorizationPage:
    def __init__(self, database: Database, keyring: KeyRing, tokens: AccessTokens, clock: Clock) -> None:
        self._database = database
        self._keyring = keyring
        self._tokens = tokens
        self._clock = clock
        self._secure = tokens.terms.issuer.startswith("https://")

    async def show(self, request: Request) -> Response:
        key, now = system_key(self._keyring), self._clock.now()
        visitor = read_visitor(request, key, now=now, secure=self._secure) or new_visitor(now)
        try:
            async with self._database.snapshot() as session:
                asked = await self._asked(session, request)
                response = await self._page(asked, visitor, key)
        except OAuth2Error as error:
            return self._refusal(error)
        write_visitor(response, visitor, key, now=now, secure=self._secure)
        return response

    async def act(self, request: Request) -> Response:
        key = system_key(self._keyring)
        visitor = read_visitor(request, key, now=self._clock.now(), secure=self._secure)
        try:
            parameters, form = read_query(request), await read_form(request)
            if visitor is None or not form_token_matches(form.get("form_token", ""), visitor, parameters, key):
                return pages.refusal_page(FORM_EXPIRED, advice="Return to the app and start again.", status=403)
            match form.get("action"):
                case "sign_in":
                    return await self._sign_in(request, form, visitor, key)
                case "leave":
                    return self._again(parameters, new_visitor(self._clock.now()), key)
                case "allow":
                    return await self._decide(request, visitor, allowed=True)
                case "deny":
                    return await self._decide(request, visitor, allowed=False)
                case _:
                    raise InvalidRequestError("The form names no action.")
        except OAuth2Error as error:
            return self._refusal(error)

    async def _asked(self, session: Session, request: Request) -> Asked:
        """Raises OAuth2Error."""
        parameters = read_query(request)
        terms = self._tokens.terms
        server = AuthorizationServer(session, terms=terms, now=self._clock.now())
        asked = OAuthRequest(request, parameters, issuer=terms.issuer)
        grant = await session.run_sync(lambda _: server.get_consent_grant(asked))
        return Asked(server, asked, grant, parameters)

    async def _page(self, asked: Asked, visitor: Visitor, key: DataKey) -> Response:
        form = _form(asked, visitor, key)
        if visitor.person_id is None:
            return pages.sign_in_page(form)
        session, organization = asked.server.session, asked.client.organization_name
        member = await find_member(session, organization_id=asked.client.organization_id, person_id=visitor.person_id)
        address = await find_sign_in_address(session, person_id=visitor.person_id)
        if address is None:
            return pages.sign_in_page(form)
        if member is None:
            return pages.outsider_page(form, address=address, reason=NOT_A_MEMBER.format(organization=organization))
        scopes = asked.lendable(member)
        if not scopes:
            return pages.outsider_page(form, address=address, reason=NOTHING_TO_LEND.format(organization=organization))
        return pages.consent_page(form, address=address, scopes=scopes)

    async def _sign_in(self, request: Request, form: dict[str, str], visitor: Visitor, key: DataKey) -> Response:
        async with self._database.snapshot() as session:
            asked = await self._asked(session, request)
        address = form.get("address", "")
        again = _form(asked, visitor, key)
        try:
            person_id = await sign_in(
                self._database, address=address, password=form.get("password", ""), key=key, clock=self._clock
            )
        except SignInRefused as refused:
            return pages.sign_in_page(again, address=address, problem=refused.message, status=403)
        except SignInThrottled as throttled:
            response = pages.sign_in_page(again, address=address, problem=throttled.message, status=429)
            response.headers["Retry-After"] = str(throttled.retry_after_seconds)
            return response
        return self._again(asked.parameters, new_visitor(self._clock.now(), person_id), key)

    async def _decide(self, request: Request, visitor: Visitor, *, allowed: bool) -> Response:
        async with self._database.unit_of_work() as session:
            asked = await self._asked(session, request)
            member = None
            if allowed and visitor.person_id is not None:
                member = await find_member(
                    session, organization_id=asked.client.organization_id, person_id=visitor.person_id
                )
            if member is not None and not asked.lendable(member):
                member = None
            return await asked.answer(member)

    def _again(self, parameters: dict[str, str], visitor: Visitor, key: DataKey) -> Response:
        """The same page anew, so that neither a reload nor the way back repeats the form."""
        response = Response(status_code=303, headers={"Location": _action(parameters), "Cache-Control": "no-store"})
        write_visitor(response, visitor, key, now=self._clock.now(), secure=self._secure)
        return response

    def _refusal(self, error: OAuth2Error) -> Response:
        """RFC 6749, 4.1.2.1: only an address that is known to be the app's learns of the error."""
        if not error.redirect_uri:
            return pages.refusal_page(
                error.description or error.error,
                advice="The app that sent you here must correct this.",
                status=error.status_code,
            )
        return as_response(*error(), issuer=self._tokens.terms.issuer)


def _form(asked: Asked, visitor: Visitor, key: DataKey) -> pages.Form:
    return pages.Form(
        client=asked.client,
        redirect_uri=asked.grant.redirect_uri,
        action=_action(asked.parameters),
        form_token=form_token(visitor, asked.parameters, key),
    )


def _action(parameters: dict[str, str]) -> str:
    return f"?{urlencode(parameters)}"
