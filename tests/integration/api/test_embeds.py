"""Embed tokens: what a partner's server gives the page of one of its end users."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx2
import orjson
import pytest

from api.ids import Kind, organization_gid
from tenants.access.actor import ApiScope
from tests.factories.organizations import Machine, new_machine
from tests.factories.tenants import Tenancy, new_tenant
from tests.integration.api.client import JSON, Caller, sign_in
from tests.integration.api.world import World

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
ORIGIN = "https://front-end.example"
NAME = "query($id: ID!) { tenant(id: $id) { name } }"
NAMES = "{ tenants { nodes { name } } }"


@pytest.fixture
async def tenant(world: World, machine: Machine) -> Tenancy:
    return await new_tenant(world.database, world.keyring, machine.actor, name="Corner Bakery")


async def exchange(
    http: httpx2.AsyncClient, machine: Machine, caller: Caller, tenant: Tenancy | str, **changes: str | None
) -> httpx2.Response:
    form: dict[str, str | None] = {
        "grant_type": GRANT_TYPE,
        "subject_token": caller.token,
        "subject_token_type": ACCESS_TOKEN,
        "tenant": tenant if isinstance(tenant, str) else tenant.gid,
        "subject": "user 17",
        "origin": ORIGIN,
        "scope": "read_metrics",
        **changes,
    }
    sent = {name: value for name, value in form.items() if value is not None}
    return await http.post("/oauth/token", data=sent, auth=machine.credentials)


async def ask(
    http: httpx2.AsyncClient, token: str, query: str, *, origin: str | None = ORIGIN, **variables: Any
) -> httpx2.Response:
    headers = {**JSON, "Authorization": f"Bearer {token}", **({"Origin": origin} if origin else {})}
    return await http.post("/graphql", content=orjson.dumps({"query": query, "variables": variables}), headers=headers)


async def embed(
    http: httpx2.AsyncClient, machine: Machine, caller: Caller, tenant: Tenancy, **changes: str | None
) -> str:
    answer = await exchange(http, machine, caller, tenant, **changes)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def code_of(answer: httpx2.Response) -> str:
    return str(answer.json()["errors"][0]["extensions"]["code"])


async def test_the_page_of_an_end_user_sees_its_tenant(
    http: httpx2.AsyncClient, machine: Machine, caller: Caller, tenant: Tenancy
) -> None:
    answer = await exchange(http, machine, caller, tenant, expires_in="600")
    told: Mapping[str, Any] = answer.json()
    assert (told["issued_token_type"], told["token_type"], told["expires_in"]) == (ACCESS_TOKEN, "Bearer", 600)
    assert told["scope"] == "read_metrics"
    assert "refresh_token" not in told
    shown = await ask(http, told["access_token"], NAME, id=tenant.gid)
    assert shown.json()["data"] == {"tenant": {"name": "Corner Bakery"}}


async def test_it_sees_no_other_tenant(
    http: httpx2.AsyncClient, world: World, machine: Machine, caller: Caller, tenant: Tenancy
) -> None:
    """Though its app may see that, too: by id, by node, in a list, or in a change."""
    other = await new_tenant(world.database, world.keyring, machine.actor)
    token = await embed(http, machine, caller, tenant, scope="read_metrics write_kpis")
    assert (await ask(http, token, NAMES)).json()["data"] == {"tenants": {"nodes": [{"name": "Corner Bakery"}]}}
    assert code_of(await ask(http, token, NAME, id=other.gid)) == "NOT_FOUND"
    node = "query($id: ID!) { node(id: $id) { id } }"
    assert code_of(await ask(http, token, node, id=other.gid)) == "NOT_FOUND"
    nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    both = (await ask(http, token, nodes, ids=[other.gid, tenant.gid])).json()["data"]["nodes"]
    assert both == [None, {"id": tenant.gid}]
    create = "mutation($input: KpiCreateInput!) { kpiCreate(input: $input) { kpi { id } userErrors { code field } } }"
    for each, errors in ((other, [{"code": "NOT_FOUND", "field": ["input", "tenantId"]}]), (tenant, [])):
        made = await ask(http, token, create, input={"tenantId": each.gid, "metricKey": "orders"})
        assert made.json()["data"]["kpiCreate"]["userErrors"] == errors


@pytest.mark.parametrize("origin", [None, "https://evil.example", f"{ORIGIN}:444", "null", ORIGIN.upper()])
async def test_it_is_for_one_origin(
    http: httpx2.AsyncClient, machine: Machine, caller: Caller, tenant: Tenancy, origin: str | None
) -> None:
    token = await embed(http, machine, caller, tenant)
    answer = await ask(http, token, NAME, id=tenant.gid, origin=origin)
    assert (answer.status_code, code_of(answer)) == (403, "FORBIDDEN_ORIGIN")


async def test_it_may_name_the_fields_it_is_for(
    http: httpx2.AsyncClient, machine: Machine, caller: Caller, tenant: Tenancy
) -> None:
    token = await embed(http, machine, caller, tenant, fields="Query.tenant Tenant.name")
    spread = "query($id: ID!) { __typename tenant(id: $id) { ...T } } fragment T on Tenant { name }"
    shown = await ask(http, token, spread, id=tenant.gid)
    assert shown.json()["data"]["tenant"] == {"name": "Corner Bakery"}
    for query, beyond in (
        ("query($id: ID!) { tenant(id: $id) { n: name currency } }", ["Tenant.currency"]),
        ("query($id: ID!) { tenant(id: $id) { ...T } } fragment T on Tenant { kpis { nodes { name } } }",
         ["Kpi.name", "KpiConnection.nodes", "Tenant.kpis"]),
        ("{ __schema { queryType { name } } }", ["Query.__schema"]),
        ("mutation { kpiArchive(input: {kpiId: \"x\"}) { userErrors { code } } }",
         ["KpiArchivePayload.userErrors", "Mutation.kpiArchive", "UserError.code"]),
    ):  # fmt: skip
        answer = await ask(http, token, query, **({"id": tenant.gid} if "$id" in query else {}))
        assert "data" not in answer.json()
        (error,) = answer.json()["errors"]
        assert (error["extensions"]["code"], error["extensions"]["forbiddenFields"]) == ("FORBIDDEN_FIELD", beyond)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"subject_token": "nonsense"}, "invalid_grant"),
        ({"subject_token": None}, "invalid_grant"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:jwt"}, "invalid_request"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"),
        ({"actor_token": "x"}, "invalid_request"),
        ({"resource": "https://evil.example/graphql"}, "invalid_target"),
        ({"audience": "https://evil.example/graphql"}, "invalid_target"),
        ({"subject": None}, "invalid_request"),
        ({"subject": "x" * 201}, "invalid_request"),
        ({"origin": None}, "invalid_request"),
        ({"origin": "https://front-end.example/page"}, "invalid_request"),
        ({"origin": "http://front-end.example"}, "invalid_request"),
        ({"origin": "*"}, "invalid_request"),
        ({"scope": None}, "invalid_request"),
        ({"scope": "manage_tenants"}, "invalid_scope"),
        ({"scope": "manage_organization"}, "invalid_scope"),
        ({"scope": "unheard_of"}, "invalid_scope"),
        ({"fields": "Tenant.unheardOf"}, "invalid_request"),
        ({"fields": "name"}, "invalid_request"),
        ({"expires_in": "59"}, "invalid_request"),
        ({"expires_in": "3601"}, "invalid_request"),
        ({"expires_in": "soon"}, "invalid_request"),
    ],
)
async def test_what_is_wrong_is_refused(
    http: httpx2.AsyncClient,
    machine: Machine,
    caller: Caller,
    tenant: Tenancy,
    wrong: dict[str, str | None],
    error: str,
) -> None:
    answer = await exchange(http, machine, caller, tenant, **wrong)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert "access_token" not in answer.json()


async def test_nobody_gives_on_what_they_do_not_have(
    http: httpx2.AsyncClient, world: World, machine: Machine, caller: Caller, tenant: Tenancy
) -> None:
    """Neither by a token that may less, nor another app's, nor an embed token, nor on a stranger's tenant."""
    reader = await sign_in(http, machine, ApiScope.READ_CONNECTIONS)
    assert (await exchange(http, machine, reader, tenant)).json()["error"] == "invalid_scope"
    other = await new_machine(world.database, organization_id=machine.organization_id)
    assert (await exchange(http, other, caller, tenant)).json()["error"] == "invalid_grant"
    token = await embed(http, machine, caller, tenant)
    again = await exchange(http, machine, Caller(http, token), tenant)
    assert again.json()["error"] == "invalid_grant"
    for gid in (
        "ten_nonsense",
        world.stranger.tenant.gid,
        organization_gid(machine.organization_id),
        world.agency.gids[Kind.KPI],
    ):
        refused = await exchange(http, machine, caller, gid)
        assert refused.json()["error"] == "invalid_request"


async def test_it_ends_when_it_is_taken_back(
    http: httpx2.AsyncClient, world: World, machine: Machine, caller: Caller, tenant: Tenancy
) -> None:
    token = await embed(http, machine, caller, tenant)
    other = await new_machine(world.database, organization_id=machine.organization_id)
    await http.post("/oauth/revoke", data={"token": token}, auth=other.credentials)
    assert (await ask(http, token, NAME, id=tenant.gid)).status_code == 200
    kept = await embed(http, machine, caller, tenant)
    fresh = await embed(http, machine, caller, tenant)
    assert (await http.post("/oauth/revoke", data={"token": fresh}, auth=machine.credentials)).status_code == 200
    answer = await ask(http, fresh, NAME, id=tenant.gid)
    assert answer.status_code == 401
    assert (await ask(http, kept, NAME, id=tenant.gid)).status_code == 200


async def test_it_ends_with_the_grant(
    http: httpx2.AsyncClient, machine: Machine, caller: Caller, tenant: Tenancy
) -> None:
    token = await embed(http, machine, caller, tenant)
    assert (await ask(http, token, NAME, id=tenant.gid)).status_code == 200
    await caller.change("tenantLeave", tenantId=tenant.gid)
    assert code_of(await ask(http, token, NAME, id=tenant.gid)) == "GRANT_ENDED"
    assert (await ask(http, token, NAMES)).json()["data"] == {"tenants": {"nodes": []}}


async def test_many_pages_at_once_get_theirs(
    http: httpx2.AsyncClient, machine: Machine, caller: Caller, tenant: Tenancy
) -> None:
    tokens = await asyncio.gather(*(embed(http, machine, caller, tenant, subject=f"user {at}") for at in range(8)))
    assert len(set(tokens)) == 8
    answers = await asyncio.gather(*(ask(http, token, NAME, id=tenant.gid) for token in tokens))
    assert {answer.status_code for answer in answers} == {200}
