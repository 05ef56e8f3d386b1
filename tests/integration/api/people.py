"""People at a browser, who allow an app to act for them and then call the API through it."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import httpx2

from api.ids import Kind, encode
from api.oauth.tokens import OnBehalf, Terms, sign_access_token
from tenants.access.actor import ApiScope
from tenants.access.clients import find_client
from tenants.access.keys import SigningKeys
from tests.factories.organizations import Machine
from tests.factories.people import KnownPerson, new_consent, new_person
from tests.integration.api.client import Caller
from tests.integration.api.world import Household, World
from tests.integration.oauth.browser import Visit
from tests.integration.oauth.world import KnownApp

MANAGE = tuple(ApiScope)
MEMBERS = "{ viewer { organization { members(first: 100) { nodes { id address role } } } } }"


async def sign_in_to(
    http: httpx2.AsyncClient, app: KnownApp, person: KnownPerson, *scopes: str, organization: str | None = None
) -> Caller:
    """Through the authorization page, with a browser that has no past."""
    http.cookies.clear()
    visit = Visit(http, app, {"scope": " ".join(scopes), "organization": organization})
    answer = await visit.redeem((await visit.authorize(person))["code"])
    assert answer.status_code == 200, answer.text
    return Caller(http, answer.json()["access_token"])


@dataclass(frozen=True)
class Asker:
    """Who may carry out a mutation at home, as often as they sign in."""

    home: Household
    sign_in: Callable[..., Awaitable[Caller]]


async def new_asker(world: World, http: httpx2.AsyncClient, address: str) -> Asker:
    """A new member of the agency."""
    person = await new_person(world.database, world.agency.machine.organization_id)
    return person_at(world, replace(world.agency, person=person), http, address)


def person_at(world: World, home: Household, http: httpx2.AsyncClient, address: str) -> Asker:
    """The person at home, who acts through its app without having been at its page. `address` is the API's own."""
    actor = home.machine.actor

    async def sign_in(*scopes: str) -> Caller:
        given, now = scopes or tuple(ApiScope), datetime.now(UTC)
        authorization_id = await new_consent(world.database, actor, home.person, scopes=given)
        async with world.database.snapshot() as session:
            client = await find_client(session, client_id=actor.client_id, now=now)
        assert client is not None
        person = OnBehalf(home.person.person_id, actor.organization_id, authorization_id)
        key = await SigningKeys(world.database, world.keyring).private()
        terms = Terms(address, 3600)
        return Caller(http, sign_access_token(client, person=person, scopes=given, key=key, terms=terms, now=now))

    return Asker(home, sign_in)


def new_address() -> str:
    return f"{secrets.token_hex(6)}@people.example"


def member_gid(machine: Machine, person: KnownPerson) -> str:
    return encode(Kind.MEMBER, machine.organization_id, person.person_id)


async def roles(caller: Caller) -> dict[str, str]:
    """Who belongs to the caller's organization, by address."""
    nodes = (await caller.ask(MEMBERS)).data["viewer"]["organization"]["members"]["nodes"]
    return {node["address"]: node["role"] for node in nodes}
