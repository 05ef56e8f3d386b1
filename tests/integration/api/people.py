"""People at a browser, who allow an app to act for them and then call the API through it."""

import secrets

import httpx2

from api.ids import Kind, encode
from tenants.access.actor import ApiScope
from tests.factories.organizations import Machine
from tests.factories.people import KnownPerson
from tests.integration.api.client import Caller
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


def new_address() -> str:
    return f"{secrets.token_hex(6)}@people.example"


def member_gid(machine: Machine, person: KnownPerson) -> str:
    return encode(Kind.MEMBER, machine.organization_id, person.person_id)


async def roles(caller: Caller) -> dict[str, str]:
    """Who belongs to the caller's organization, by address."""
    nodes = (await caller.ask(MEMBERS)).data["viewer"]["organization"]["members"]["nodes"]
    return {node["address"]: node["role"] for node in nodes}
