"""What an operation costs, said before and after; and budgets, which an app's tenants and processes do not lend."""

import asyncio
import re
import time
from typing import Any

import httpx2
import pytest

from tests.factories.organizations import Machine, new_machine
from tests.factories.tenants import give_grant
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.conftest import Open
from tests.integration.api.subscriber import METRICS, ORDERS, subscriber
from tests.integration.api.world import World


async def cost_of(caller: Caller, query: str, **variables: Any) -> dict[str, Any]:
    body = (await caller.ask(query, **variables)).body
    assert "data" in body, body
    cost: dict[str, Any] = body["extensions"]["cost"]
    return cost


@pytest.fixture
async def poor(opened: Open) -> Any:
    """A process whose apps have 300 points, of which 20 come back each second."""
    async with (
        opened(budget_points=300, budget_points_per_second=20, operation_points=250) as url,
        httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as http,
    ):
        yield http


SOME = "query($n: Int! = 4) { tenants(first: $n) { nodes { id } } }"
IF = "query($yes: Boolean!) { viewer @include(if: $yes) { clientId } tenants @skip(if: $yes) { nodes { id } } }"


@pytest.mark.parametrize(
    ("query", "variables", "points"),
    [
        ("{ viewer { clientId scopes } }", {}, 1),
        ("{ viewer { clientId } viewer { organization { name } } }", {}, 2),
        ("{ viewer { ...F } ... on Query { viewer { ...F } } } fragment F on Viewer { organization { id } }", {}, 2),
        ("{ a: viewer { clientId } b: viewer { clientId } }", {}, 2),
        ("{ tenants(first: 3) { nodes { id } } }", {}, 4),
        ("{ tenants { nodes { id } pageInfo { hasNextPage } } }", {}, 22),
        ("{ tenants(first: 3) { edges { cursor node { id } } } }", {}, 7),
        ("{ tenants(first: 3) { nodes { kpis(first: 5) { nodes { id } } } } }", {}, 1 + 3 + 3 + 15),
        (SOME, {}, 5),
        (SOME, {"n": 50}, 51),
        (IF, {"yes": True}, 1),
        (IF, {"yes": False}, 21),
        ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["x", "y", "z"]}, 3),
        ('{ nodes(ids: ["x"]) { ... on Kpi { metric { key } } ... on Tenant { kpis { nodes { id } } } } }', {}, 22),
        ("{ tenants(first: 1) { nodes { kpis(first: 2) { nodes { series(last: 7) { points { at } } } } } } }", {}, 21),
        ("{ metricCatalog(first: 2) { nodes { inputs { name } } } }", {}, 1 + 2 + 20),
        ("{ __schema { types { name fields { name } } } viewer { clientId } }", {}, 101),
    ],
)
async def test_an_operation_can_hold_so_many_objects(
    agency: Caller, query: str, variables: dict[str, Any], points: int
) -> None:
    cost = await cost_of(agency, query, **variables)
    assert cost["requestedQueryCost"] == 1 + points
    assert cost["actualQueryCost"] <= 1 + points


async def test_what_is_not_held_is_not_charged(opened: Open, machine: Machine) -> None:
    async with (
        opened(budget_points=3000, budget_points_per_second=1, operation_points=3000) as url,
        httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as http,
    ):
        caller = await sign_in(http, machine)
        query = "{ tenants(first: 100) { nodes { id kpis { nodes { id } } } } }"
        for asked in range(1, 4):  # more than there would be if it were
            cost = await cost_of(caller, query)
            assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (1 + 1 + 100 + 100 + 2000, 1 + 1)
            status = cost["throttleStatus"]
            assert 0 <= 3000 - 2 * asked - status["currentlyAvailable"] + 5 <= 10, asked


async def test_null_is_another_price_than_nothing_said(agency: Caller) -> None:
    query = "query($n: Int! = 20) { tenants(first: $n) { nodes { id } } }"
    lenient = "query($n: Int) { tenants(first: $n) { nodes { id } } }"
    refused = await agency.ask(lenient, n=None)
    assert refused.body["errors"]
    assert (await cost_of(agency, lenient))["requestedQueryCost"] == (await cost_of(agency, query))[
        "requestedQueryCost"
    ]


async def test_what_was_made_before_it_failed_is_paid(agency: Caller) -> None:
    fine = "{ metricCatalog(first: 100) { nodes { key inputs { name } } } }"
    answer = await agency.ask(fine.replace("{ metric", "{ bad: metricCatalog(first: 101) { nodes { key } } metric", 1))
    assert answer.body["data"] is None
    cost = answer.body["extensions"]["cost"]["actualQueryCost"]
    assert cost >= (await cost_of(agency, fine))["actualQueryCost"]


async def test_a_mutation_costs_ten_points_more(caller: Caller) -> None:
    made = await caller.ask(
        "mutation($i: TenantCreateInput!) { tenantCreate(input: $i) { tenant { id } userErrors { code } } }",
        i={"name": "Anew", "timeZone": "UTC", "currency": "EUR"},
    )
    assert made.data["tenantCreate"]["userErrors"] == []
    cost = made.body["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (1 + 10 + 1 + 1 + 10, 1 + 10 + 1 + 1)


ASSIGN = "mutation($i: ClientsAssignInput!) { clientsAssign(input: $i) { userErrors { code } } }"
LITERAL = """mutation($team: ID!, $ids: [ID!]!) {
  a: clientsAssign(input: { organizationId: $team, tenantIds: $ids, role: VIEWER, scopes: [] }) { job { id } }
  b: clientsAssign(input: { organizationId: $team, tenantIds: ["x", "y"], role: VIEWER, scopes: [] }) { job { id } }
}"""


async def test_each_id_that_a_mutation_is_given_is_a_point(agency: Caller) -> None:
    """Whatever comes of it, and however it is given: here the team is refused, and nothing held but the payload."""
    input = {"organizationId": "x", "role": "VIEWER", "scopes": ["READ_METRICS"]}
    for count in (3, 7):  # one document, remembered
        cost = await cost_of(agency, ASSIGN, i={**input, "tenantIds": ["x"] * count})
        assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (1 + 10 + 1 + 10 + count, 1 + 10 + 2 + count)
    cost = await cost_of(agency, LITERAL, team="x", ids=["x", "y", "z"])
    assert cost["requestedQueryCost"] == 1 + 2 * (10 + 2) + 3 + 2


async def test_an_answer_with_an_error_in_it_is_counted_alike(agency: Caller, world: World) -> None:
    """The stock executor answers it."""
    fine = "query($t: ID!) { tenant(id: $t) { kpis { nodes { id } } } }"
    failed = fine.replace("{ id }", "{ id series(last: 0) { unit } }")
    cost = await cost_of(agency, fine, t=world.agency.tenant.gid)
    assert cost["actualQueryCost"] > 2
    answer = await agency.ask(failed, t=world.agency.tenant.gid)
    assert answer.body["errors"]
    assert answer.body["extensions"]["cost"]["actualQueryCost"] == cost["actualQueryCost"]


async def test_what_is_too_dear_is_refused_with_its_dearest_places(poor: httpx2.AsyncClient, world: World) -> None:
    caller = await sign_in(poor, world.agency.machine)
    response = await caller.post(
        {"query": "{ tenants(first: 100) { nodes { objectives(first: 100) { nodes { kpis { nodes { id } } } } } } }"}
    )
    body = response.json()
    assert response.status_code == 200
    assert "data" not in body
    (error,) = body["errors"]
    cost = body["extensions"]["cost"]
    assert error["extensions"]["code"] == "MAX_COST_EXCEEDED"
    assert cost["requestedQueryCost"] == 1 + 1 + 100 + 100 + 10_000 + 10_000 + 200_000
    assert cost["actualQueryCost"] is None
    assert cost["breakdown"][0] == {"path": "tenants.nodes.objectives.nodes.kpis.nodes", "objects": 200_000}
    assert str(cost["requestedQueryCost"]) in error["message"]


PAGES = " ".join(f"k{at}: kpis(first: 1) {{ pageInfo {{ hasNextPage }} }}" for at in range(30))
DEAR = f"query($t: ID!) {{ tenant(id: $t) {{ {PAGES} }} }}"
ELSE = f"query($t: ID!) {{ tenant(id: $t) {{ id }} {' '.join(f'v{at}: viewer {{ clientId }}' for at in range(50))} }}"
"""Over and above the tenant it names."""


async def spend_all(caller: Caller, query: str, **variables: Any) -> tuple[int, httpx2.Response]:
    """How many points were spent before it was refused, and how."""
    spent = 0
    for _ in range(200):
        response = await caller.post({"query": query, "variables": variables})
        if response.status_code != 200:
            return spent, response
        spent += response.json()["extensions"]["cost"]["actualQueryCost"]
    raise AssertionError("never refused")


async def test_a_budget_that_is_spent_says_when_to_come_again(poor: httpx2.AsyncClient, world: World) -> None:
    caller = await sign_in(poor, await new_machine(world.database))
    began = time.monotonic()
    spent, refused = await spend_all(caller, "{ metricCatalog(first: 50) { nodes { key } } }")
    assert 200 <= spent <= 300 + 20 * (time.monotonic() - began + 2)
    assert refused.status_code == 429
    body = refused.json()
    assert [each["extensions"]["code"] for each in body["errors"]] == ["THROTTLED"]
    assert "data" not in body
    status = body["extensions"]["cost"]["throttleStatus"]
    assert (status["maximumAvailable"], status["restoreRate"]) == (300, 20)
    assert status["currentlyAvailable"] < 51
    assert refused.headers["RateLimit-Policy"] == '"cost";q=300;w=15'
    told = re.fullmatch(r'"cost";r=(\d+);t=(\d+)', refused.headers["RateLimit"])
    assert told is not None
    assert int(told[1]) == status["currentlyAvailable"]
    await asyncio.sleep(int(refused.headers["Retry-After"]))
    assert (await caller.ask("{ viewer { clientId } }")).data
    assert (await caller.ask("{ metricCatalog(first: 40) { nodes { key } } }")).data


async def test_each_tenant_has_a_budget_of_its_own(poor: httpx2.AsyncClient, world: World) -> None:
    machine = await new_machine(world.database)
    caller = await sign_in(poor, machine)
    made = [
        await caller.change("tenantCreate", "tenant { id }", name=name, timeZone="UTC", currency="EUR")
        for name in ("One", "Two")
    ]
    first, second = (each["tenant"]["id"] for each in made)
    for tenant in (first, second):  # whom it is let into shows at the first answer
        await caller.ask("query($t: ID!) { tenant(id: $t) { id } }", t=tenant)
    _, refused = await spend_all(caller, DEAR, t=first)
    assert refused.status_code == 429
    assert (await caller.ask(DEAR, t=second)).data
    assert (await caller.post({"query": DEAR, "variables": {"t": first}})).status_code == 429
    _, refused = await spend_all(caller, ELSE, t=second)
    assert refused.status_code == 429
    assert (await caller.ask(DEAR, t=second)).data, "what is not the tenant's was not paid by it"


async def test_what_is_no_operation_is_a_point_too(opened: Open, http: httpx2.AsyncClient, machine: Machine) -> None:
    async with (
        opened(budget_points=100, budget_points_per_second=1, operation_points=100) as url,
        httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as poorer,
    ):
        caller = await sign_in(poorer, machine)
        answers = await asyncio.gather(*(caller.post({"query": "{ nonsense }"}) for _ in range(200)))
        assert {answer.status_code for answer in answers} == {200, 429}
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.headers["Retry-After"]
        assert refused.json()["errors"][0]["extensions"]["code"] == "THROTTLED"
    usage = '{ viewer { app { usage(since: "2026-01-01T00:00:00Z") { requests failed } } } }'
    told = (await (await sign_in(http, machine)).ask(usage)).data["viewer"]["app"]["usage"]
    assert told == {"requests": "200", "failed": "200"}


async def test_ids_that_are_made_up_have_no_budget(poor: httpx2.AsyncClient, world: World) -> None:
    caller = await sign_in(poor, await new_machine(world.database))
    _, refused = await spend_all(caller, "{ metricCatalog(first: 50) { nodes { key } } }")
    assert refused.status_code == 429
    strange = await caller.post({"query": DEAR, "variables": {"t": world.stranger.tenant.gid}})
    assert strange.status_code == 429


async def test_two_processes_share_a_budget(opened: Open, world: World) -> None:
    machine = await new_machine(world.database)
    terms: dict[str, Any] = {"budget_points": 400, "budget_points_per_second": 10, "operation_points": 250}
    async with (
        opened(**terms) as one,
        opened(**terms) as two,
        httpx2.AsyncClient(base_url=one, trust_env=False) as here,
        httpx2.AsyncClient(base_url=two, trust_env=False) as there,
    ):
        callers = [await sign_in(http, machine) for http in (here, there)]
        began = time.monotonic()
        spent = [await spend_all(caller, "{ metricCatalog(first: 50) { nodes { key } } }") for caller in callers]
        assert all(refused.status_code == 429 for _, refused in spent)
        total = sum(points for points, _ in spent)
        assert 300 <= total <= 400 + 10 * (time.monotonic() - began + 4)


async def test_many_at_once_spend_no_more_than_there_is(poor: httpx2.AsyncClient, world: World) -> None:
    caller = await sign_in(poor, await new_machine(world.database))
    began = time.monotonic()
    query = {"query": "{ metricCatalog(first: 29) { nodes { key } } }"}
    answers = await asyncio.gather(*(caller.post(query) for _ in range(30)))
    served = [answer for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} == {200, 429}
    costs = [answer.json()["extensions"]["cost"]["actualQueryCost"] for answer in served]
    assert sum(costs) <= 300 + 20 * (time.monotonic() - began + 2)


async def test_a_subscription_that_is_too_dear_is_ended(poor: httpx2.AsyncClient, world: World) -> None:
    caller = await sign_in(poor, world.agency.machine)
    dear = ORDERS.replace("{ n }", "{ n } series(last: 60) { points { value } }")
    async with subscriber(str(poor.base_url).rstrip("/"), caller.token) as told:
        await told.subscribe(dear, t=world.agency.tenant.gid)
        assert await told.code() == "MAX_COST_EXCEEDED"


async def test_a_look_waits_for_points_and_misses_nothing(poor: httpx2.AsyncClient, world: World) -> None:
    machine = await new_machine(world.database)
    caller = await sign_in(poor, machine)
    tenant = await world.another_tenant()
    await give_grant(world.database, tenant, machine.organization_id)
    await spend_all(caller, f"query {{ {' '.join(f'v{at}: viewer {{ clientId }}' for at in range(50))} }}")
    async with subscriber(str(poor.base_url).rstrip("/"), caller.token) as told:
        await told.subscribe(METRICS % "baselines { id }", t=tenant.gid)  # can hold a hundred
        await told.silence(1.0)
        assert await told.next() == {"metricChanged": {"kpis": []}}
