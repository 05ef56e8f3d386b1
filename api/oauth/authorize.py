"""The authorization page: sign in, say for which organization, consent. RFC 6749, 4.1, with RFC 7636 and RFC 9207.

Every step asks the whole request again, so that nothing that was checked once can be changed afterwards. For which
organization is a parameter of the request, `organization`: the page adds it where the app left it open.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from starlette.requests import Request
from starlette.responses import Response

from api.ids import organization_gid
from api.oauth import pages
from api.oauth.adapter import AuthorizationServer, OAuthRequest, as_response
from api.oauth.parameters import read_form, read_query
from api.oauth.tokens import AccessTokens
from api.oauth.visitor import Visitor, form_token, form_token_matches
from api.oauth.visitors import Visitors
from api.oauth.ways import Ways
from tenants.access.clients import Client
from tenants.access.errors import SignInRefused, SignInThrottled
from tenants.access.kinds import Audience
from tenants.access.members import Member, find_members
from tenants.access.service import find_sign_in_address
from tenants.access.sign_in import sign_in
from tenants.access.sign_ins import PASSWORD
from tenants.database import Session

ORGANIZATION = "organization"
NOT_A_MEMBER = "You are not a member of {organization}."
OF_NONE = "You are not a member of any organization that this app could act for."
NOT_OF_THAT = "You are not a member of the organization that this app asks to act for."
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

    async def members(self, person_id: UUID) -> list[Member]:
        """The person in those of their organizations that the app may act for."""
        found = await find_members(self.server.session, client=self.client, person_id=person_id)
        return [each for each in found if each.may_use(self.client)]

    def narrowed(self, members: Sequence[Member]) -> list[Member]:
        """To the organization that the request names, if it names one."""
        wanted = self.parameters.get(ORGANIZATION)
        return [each for each in members if wanted in {None, organization_gid(each.organization_id)}]

    def naming(self, member: Member) -> "Asked":
        parameters = {**self.parameters, ORGANIZATION: str(organization_gid(member.organization_id))}
        return replace(self, parameters=parameters)

    def naming_none(self) -> "Asked":
        return replace(self, parameters={k: v for k, v in self.parameters.items() if k != ORGANIZATION})

    def why_nobody(self, members: Sequence[Member]) -> str:
        """Of whose roles none allows it."""
        if members:
            return NOTHING_TO_LEND.format(organization=members[0].organization_name)
        if ORGANIZATION in self.parameters:
            return NOT_OF_THAT
        if self.client.audience is Audience.OWN_ORGANIZATION:
            return NOT_A_MEMBER.format(organization=self.client.organization_name)
        return OF_NONE

    def lendable(self, member: Member) -> frozenset[str]:
        return member.lends(self.client).intersection(self.grant.request.scope.split())

    async def answer(self, member: Member | None) -> Response:
        """The redirect with a code, or with `access_denied` where there is nobody to grant it."""
        response: Response = await self.server.session.run_sync(
            lambda _: self.server.create_authorization_response(self.request, grant_user=member, grant=self.grant)
        )
        return response


class AuthorizationPage:
    def __init__(self, visitors: Visitors, tokens: AccessTokens, ways: Ways) -> None:
        self._visitors = visitors
        self._database = visitors.database
        self._clock = visitors.clock
        self._tokens = tokens
        self._ways = ways

    async def show(self, request: Request) -> Response:
        visitor = self._visitors.meet(request)
        try:
            async with self._database.snapshot() as session:
                asked = await self._asked(session, request)
                response = await self._page(asked, visitor)
        except OAuth2Error as error:
            return self._refusal(error)
        self._visitors.remember(response, visitor)
        return response

    async def act(self, request: Request) -> Response:
        visitor = self._visitors.read(request)
        try:
            parameters, form = read_query(request), await read_form(request)
            if visitor is None or not form_token_matches(
                form.get("form_token", ""), visitor, parameters, self._visitors.key
            ):
                return pages.refusal_page(FORM_EXPIRED, advice="Return to the app and start again.", status=403)
            match form.get("action"):
                case "sign_in" if self._ways.local:
                    return await self._sign_in(request, form, visitor)
                case "leave":
                    return self._again(parameters, await self._visitors.sign_out(visitor))
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

    async def _page(self, asked: Asked, visitor: Visitor) -> Response:
        form = self._form(asked, visitor)
        person_id = await self._visitors.person_id(asked.server.session, visitor)
        if person_id is None:
            return pages.sign_in_page(form, self._choices(asked))
        members = await asked.members(person_id)
        address = await find_sign_in_address(asked.server.session, person_id=person_id)
        assert address is not None, "who is signed in exists"
        wanted = asked.narrowed(members)
        able = [each for each in wanted if asked.lendable(each)]
        if not able:
            return pages.outsider_page(form, address=address, reason=asked.why_nobody(wanted))
        if len(able) > 1:
            ways = [(each.organization_name, _action(asked.naming(each).parameters)) for each in able]
            return pages.choice_page(form, address=address, ways=ways)
        (member,) = able
        return pages.consent_page(
            # The form names the organization also where there was no choice: it is consented to for this one alone.
            self._form(asked.naming(member), visitor),
            address=address,
            acts_for=member.organization_name,
            scopes=asked.lendable(member),
            elsewhere=_action(asked.naming_none().parameters) if len([*filter(asked.lendable, members)]) > 1 else None,
            is_own=asked.client.organization_id in {member.organization_id, member.parent_id},
        )

    async def _sign_in(self, request: Request, form: dict[str, str], visitor: Visitor) -> Response:
        async with self._database.snapshot() as session:
            asked = await self._asked(session, request)
        address = form.get("address", "")
        again, choices, key = self._form(asked, visitor), self._choices(asked), self._visitors.key
        try:
            person_id = await sign_in(
                self._database, address=address, password=form.get("password", ""), key=key, clock=self._clock
            )
        except SignInRefused as refused:
            return pages.sign_in_page(again, choices, address=address, problem=refused.message, status=403)
        except SignInThrottled as throttled:
            response = pages.sign_in_page(again, choices, address=address, problem=throttled.message, status=429)
            response.headers["Retry-After"] = str(throttled.retry_after_seconds)
            return response
        return self._again(asked.parameters, await self._visitors.sign_in(person_id, method=PASSWORD))

    async def _decide(self, request: Request, visitor: Visitor, *, allowed: bool) -> Response:
        async with self._database.unit_of_work() as session:
            asked = await self._asked(session, request)
            members: list[Member] = []
            person_id = await self._visitors.person_id(session, visitor)
            if allowed and person_id is not None and ORGANIZATION in asked.parameters:
                members = asked.narrowed(await asked.members(person_id))
            return await asked.answer(next(filter(asked.lendable, members), None))

    def _again(self, parameters: dict[str, str], visitor: Visitor) -> Response:
        """The same page anew, so that neither a reload nor the way back repeats the form."""
        response = Response(status_code=303, headers={"Location": _action(parameters), "Cache-Control": "no-store"})
        self._visitors.remember(response, visitor)
        return response

    def _choices(self, asked: Asked) -> pages.Choices:
        return pages.Choices(self._ways.local, self._ways.from_page("authorize", asked.parameters))

    def _form(self, asked: Asked, visitor: Visitor) -> pages.Form:
        return pages.Form(
            client=asked.client,
            redirect_uri=asked.grant.redirect_uri,
            action=_action(asked.parameters),
            form_token=form_token(visitor, asked.parameters, self._visitors.key),
        )

    def _refusal(self, error: OAuth2Error) -> Response:
        """RFC 6749, 4.1.2.1: only an address that is known to be the app's learns of the error."""
        if not error.redirect_uri:
            return pages.refusal_page(
                error.description or error.error,
                advice="The app that sent you here must correct this.",
                status=error.status_code,
            )
        return as_response(*error(), issuer=self._tokens.terms.issuer)


def _action(parameters: dict[str, str]) -> str:
    return f"?{urlencode(parameters)}"
