"""Many at once: nobody sees another's, nobody waits for ever, and who is refused takes nothing with them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import pytest

from api.ids import Kind
from tests.factories.shops import order
from tests.integration.api.client import Answer, Caller, sign_in
from tests.integration.api.conftest import Open
from tests.integration.api.ledger import Ledger
from tests.integration.api.world import Household, World

NAMES = """query($t: ID!, $k: ID!) {
  tenant(id: $t) { id name kpis(first: 100) { nodes { tenantId value(period: LAST_YEAR, on: "2026-06-01") { value } } }
    objectives(first: 100) { nodes { tenantId status kpis { nodes { id } } } }
    initiatives(first: 100) { nodes { tenantId links { id } } } connections { nodes { tenantId account } } }
  node(id: $k) { id }
}"""
ACTIVITY = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'azimuth_app' AND state LIKE 'idle in transaction%'"


@pytest.fixture(scope="module")
async def narrow(opened: Open) -> AsyncIterator[httpx2.AsyncClient]:
    """A process with one connection to the database."""
    async with opened(pool_size=1) as url, httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as http:
        yield http


async def test_two_organizations_on_one_connection_do_not_mix(narrow: httpx2.AsyncClient, world: World) -> None:
    homes = (world.agency, world.stranger)
    callers = [await sign_in(narrow, home.machine) for home in homes]

    async def look(at: int) -> Answer:
        home = homes[at % 2]
        return await callers[at % 2].ask(NAMES, t=home.tenant.gid, k=home.gids[Kind.KPI])

    answers = await asyncio.gather(*(look(at) for at in range(40)))
    for own, other in ((0, 1), (1, 0)):
        assert len({answer.anonymous for answer in answers[own::2]}) == 1
        assert homes[own].tenant.gid in answers[own].text
        for foreign in (homes[other].tenant.gid, *homes[other].gids.values()):
            assert foreign not in answers[own].text


async def test_refused_and_let_in_by_turns(narrow: httpx2.AsyncClient, world: World) -> None:
    """What one request may see is forgotten before the next uses the connection."""
    callers = [await sign_in(narrow, home.machine) for home in (world.agency, world.stranger)]
    query = "query($t: ID!) { tenant(id: $t) { id kpis { nodes { id } } } }"
    mine, foreign = world.agency.tenant.gid, world.stranger.tenant.gid
    answers = await asyncio.gather(
        *(callers[0].ask(query, t=(mine, foreign)[at % 2]) for at in range(20)),
        *(callers[1].ask(query, t=(foreign, mine)[at % 2]) for at in range(20)),
    )
    for at, answer in enumerate(answers):
        if at % 2:
            assert (answer.body["data"], answer.code) == ({"tenant": None}, "NOT_FOUND")
        else:
            assert answer.data["tenant"]["id"] == (mine if at < 20 else foreign)


async def test_nobody_needs_two_connections(narrow: httpx2.AsyncClient, world: World) -> None:
    """A request that held one and waited for another would wait for ever."""
    caller = await sign_in(narrow, world.agency.machine)
    tenant = await world.another_tenant()
    fields = "kpi { id value { value } }"
    changes = (caller.change("kpiCreate", fields, tenantId=tenant.gid, metricKey="orders") for _ in range(8))
    looks = (caller.ask(NAMES, t=tenant.gid, k=tenant.gid) for _ in range(8))
    tokens = (sign_in(narrow, world.agency.machine) for _ in range(4))
    shop = {"tenantId": tenant.gid, "provider": "SHOPIFY", "account": "narrow.myshopify.com"}
    async with asyncio.timeout(20):
        await asyncio.gather(*changes, *looks, *tokens, caller.change("connectionStart", "connection { id }", **shop))


PARTS = (
    "kpis { nodes { id value { value } } }",
    "initiatives { nodes { id } }",
    "dataVersion",
    "objectives { nodes { id status } }",
)
REFUSED = "refused: objectives(first: -1) { nodes { id } }"


@pytest.mark.parametrize("place", range(len(PARTS) + 1))
async def test_a_refused_neighbor_spoils_nobodys_answer(agency: Caller, world: World, place: int) -> None:
    """What is under way when a field fails is given up; the connection it was on is shared by the rest."""
    ids = [world.agency.tenant.gid, (await world.another_tenant()).gid, world.sister.tenant.gid]
    parts, broken = " ".join(PARTS), " ".join((*PARTS[:place], REFUSED, *PARTS[place:]))
    query = f"""query($ids: [ID!]!, $bad: [ID!]!) {{ nodes(ids: $ids) {{ id ... on Tenant {{ {parts} }} }}
      bad: nodes(ids: $bad) {{ id ... on Tenant {{ {broken} }} }} }}"""
    alone = (await agency.ask(query, ids=ids, bad=[])).data
    for _ in range(3):
        answer = await agency.ask(query, ids=ids, bad=[world.sister.tenant.gid])
        assert (answer.error["path"], answer.error["extensions"]["field"]) == (["bad", 0, "refused"], ["first"])
        assert answer.body["data"] == {**alone, "bad": [None]}


async def test_refused_requests_give_their_connection_back(
    narrow: httpx2.AsyncClient, world: World, ledger: Ledger
) -> None:
    """More of them than there are connections, each refused while its other parts are being read."""
    caller = await sign_in(narrow, world.agency.machine)
    tenant = f"tenant(id: $t) {{ {' '.join(PARTS)} connections {{ nodes {{ id }} }} }}"
    refused = ('metric(key: "wishes") { key }', "tenants(first: -1) { nodes { id } }")
    async with asyncio.timeout(20):
        for _ in range(5):
            for fields in (f"{tenant} {each}" for each in refused):
                query = f"query($t: ID!) {{ {fields} }}"
                answers = await asyncio.gather(*(caller.ask(query, t=world.agency.tenant.gid) for _ in range(2)))
                assert {answer.code for answer in answers} <= {"UNKNOWN_METRIC", "INVALID"}
        assert (await caller.ask("query($t: ID!) { tenant(id: $t) { name } }", t=world.agency.tenant.gid)).data
        while await ledger.connection.fetchval(ACTIVITY):  # noqa: ASYNC110 - the end may come a moment later
            await asyncio.sleep(0.02)


async def test_a_value_is_never_half_of_an_import(agency: Caller, world: World) -> None:
    """While orders arrive, the parts of one answer agree."""
    tenant = await world.another_tenant()
    shop, planner = await world.another_shop(tenant), world.planner(tenant)
    kpis = [await planner.kpi(key) for key in ("orders", "gross_revenue", "orders")]
    noon = datetime(2025, 1, 15, 12, tzinfo=UTC)
    query = """query($t: ID!) { tenant(id: $t) { dataVersion kpis { nodes {
      value(period: THIS_MONTH, on: "2025-01-31") { value n dataVersion }
      explain(period: THIS_MONTH, on: "2025-01-31") { value dataVersion } } } } }"""
    await shop.sell(order(0, noon, 100))

    async def import_() -> None:
        for number in range(1, 12):
            await shop.sell(order(number, noon, 100))

    async def look() -> set[str]:
        tenant_ = (await agency.ask(query, t=tenant.gid)).data["tenant"]
        nodes = tenant_["kpis"]["nodes"]
        orders, revenue, again = (node["value"] for node in nodes)
        assert orders == again
        assert float(revenue["value"]) == float(orders["value"])
        assert {orders["dataVersion"], revenue["dataVersion"]} == {tenant_["dataVersion"]}
        assert all(node["explain"]["value"] == node["value"]["value"] for node in nodes)
        return {orders["value"]}

    importing = asyncio.create_task(import_())
    seen: set[str] = set()
    while not importing.done():
        seen |= await look()
    await importing
    assert (await look()) == {"12"}
    assert len(seen) > 2
    assert len(kpis) == 3


async def test_who_goes_away_leaves_nothing_open(agency: Caller, world: World, ledger: Ledger) -> None:
    """A caller that hangs up before the answer."""
    home: Household = world.agency
    left = 0
    for patience in (0.001, 0.002, 0.003, 0.004, 0.006, 0.01):
        try:
            async with asyncio.timeout(patience):
                await agency.ask(NAMES, t=home.tenant.gid, k=home.gids[Kind.KPI])
        except (httpx2.TimeoutException, TimeoutError):
            left += 1
    assert left, "every answer came before anybody's patience ended"
    assert (await agency.ask(NAMES, t=home.tenant.gid, k=home.gids[Kind.KPI])).data
    for _ in range(100):
        if await ledger.connection.fetchval(ACTIVITY) == 0:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("a transaction is still open")
