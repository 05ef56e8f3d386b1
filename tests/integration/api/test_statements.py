"""What a request costs the database: the same for twenty as for two, on one connection, at one instant."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

import api.demo
from api.ids import Kind, encode
from tenants.ids import new_id
from tests.factories.jobs import new_job
from tests.factories.plans import Planner
from tests.factories.templates import apply_to, new_template
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.conftest import Open
from tests.integration.api.statements import Sent, Statements
from tests.integration.api.world import World

DASHBOARD = (Path(api.demo.__file__).parent / "dashboard.graphql").read_text()


@pytest.fixture(scope="module")
async def heard() -> AsyncIterator[Statements]:
    with Statements().listening() as statements:
        yield statements


@pytest.fixture(scope="module")
async def caller(heard: Statements, opened: Open, world: World) -> AsyncIterator[Caller]:
    """At a process whose statements are heard."""
    async with opened() as url, httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as http:
        yield await sign_in(http, world.agency.machine)


async def tenant_of(world: World, count: int) -> Planner:
    """As many KPIs, objectives, automations, targets, baselines and shops."""
    tenant = await world.another_tenant()
    planner = world.planner(tenant)
    for at in range(count):
        await world.another_shop(tenant)
        kpi = await planner.kpi("net_revenue", name=f"number {at}")
        objective = await planner.objective(f"number {at}", kpis=(kpi,))
        await planner.target(kpi)
        await planner.link(await planner.initiative(), objective, kpi)
    return planner


async def cost(caller: Caller, heard: Statements, query: str, **variables: object) -> list[Sent]:
    """Of the second time: the first may look for keys and plans."""
    assert (await caller.ask(query, **variables)).data
    begin = len(heard.sent)
    assert (await caller.ask(query, **variables)).data
    return heard.since(begin)


def kind(sent: Sent) -> str:
    """The statement without whom it is about and how many there are."""
    return re.sub(r"'[^']*'|\(\$\d[^)]*\)", "", sent.sql)


NESTED = """query($tenant: ID!) { tenant(id: $tenant) {
  objectives(first: 50) { nodes { status
    kpis(first: 50) { nodes { name target { status progress { expected actual { value } } } targets { status }
      baseline { value } baselines { value } value { value vsBaseline { absolute } } explain { inputs { value } }
      series(last: 3) { values } } }
    initiatives(first: 50) { nodes { expectedChange kpi { name value { value } }
      initiative { name links { kpi { name } } } } } } }
  initiatives(first: 50) { nodes { links { kpi { name } initiative { links { id } } } } }
  kpis(first: 50) { nodes { name value { value } target { status } } }
} }"""
CONNECTIONS = """query($tenant: ID!) { tenant(id: $tenant) { connections(first: 50) { nodes { account status
  streams { stream records } runs(first: 5) { pages } inbox { received } } } } }"""


@pytest.mark.parametrize("query", [DASHBOARD, NESTED, CONNECTIONS], ids=["dashboard", "nested", "connections"])
async def test_twenty_cost_what_two_cost(caller: Caller, heard: Statements, world: World, query: str) -> None:
    few, many = await tenant_of(world, 2), await tenant_of(world, 20)
    first = await cost(caller, heard, query, tenant=few.tenant.gid)
    second = await cost(caller, heard, query, tenant=many.tenant.gid)
    # Batches meet as their fields come: which goes first, or whether one is split, is chance. Eighteen more is not.
    assert {kind(each) for each in second} == {kind(each) for each in first}
    assert len(second) <= len(first) + 4
    assert len(second) < 40


async def test_many_tenants_cost_what_two_cost(caller: Caller, heard: Statements, world: World) -> None:
    query = """query($n: Int!) { tenants(first: $n) { nodes {
        name currency today connections { nodes { id } } recomputeRuns { days }
    } } }"""
    for _ in range(20):
        await world.another_tenant()
    first, second = await cost(caller, heard, query, n=2), await cost(caller, heard, query, n=20)
    assert len(second) == len(first)


@pytest.mark.long
async def test_many_jobs_and_templates_cost_what_two_cost(caller: Caller, heard: Statements, world: World) -> None:
    query = """query($n: Int!) { viewer { organization {
        jobs(first: $n) { nodes { state done failed results(first: 5) { nodes { code } } } }
        templates(first: $n) { nodes { content { kpis { name } } drift(first: $n) { nodes {
          version fromApplied { state } fromNewest { state } } } } }
    } } }"""
    database, actor = world.database, world.agency.machine.actor
    tenants = [await world.another_tenant() for _ in range(20)]
    for _ in range(20):
        await new_job(database, actor, [each.id for each in tenants], decided=True)
        template = await new_template(database, actor, world.agency.tenant)
    for tenant in tenants:
        await apply_to(database, actor, template, tenant)
    first, second = await cost(caller, heard, query, n=2), await cost(caller, heard, query, n=20)
    assert len(second) <= len(first) + 4
    assert len(second) < 40


async def test_many_ids_cost_what_two_cost(caller: Caller, heard: Statements, world: World) -> None:
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Kpi { name } ... on Objective { title } } }"
    planner = await tenant_of(world, 0)
    kpis = [await planner.kpi() for _ in range(20)]
    objectives = [await planner.objective() for _ in range(20)]
    first = await cost(caller, heard, query, ids=[*kpis[:2], *objectives[:2]])
    second = await cost(caller, heard, query, ids=[*kpis, *objectives])
    assert len(second) == len(first)


async def test_ids_of_many_tenants_cost_what_those_of_two_cost(caller: Caller, heard: Statements, world: World) -> None:
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Kpi { name } } }"
    kpis = [await (await tenant_of(world, 0)).kpi() for _ in range(10)]
    strangers = [encode(Kind.KPI, new_id(), new_id()) for _ in range(10)]
    first = await cost(caller, heard, query, ids=[*kpis[:2], strangers[0]])
    second = await cost(caller, heard, query, ids=[*kpis, *strangers])
    assert len(second) == len(first)


async def test_what_is_asked_twice_is_read_once(caller: Caller, heard: Statements, world: World) -> None:
    query = "query($tenant: ID!) { tenant(id: $tenant) { kpis { nodes { %s } } } }"
    once = "target { value } baseline { value } value { freshness { source } }"
    twice = once + "targets { value } baselines { value } again: value(period: LAST_WEEK) { freshness { source } }"
    tenant = (await tenant_of(world, 2)).tenant.gid
    first = await cost(caller, heard, query % once, tenant=tenant)
    second = await cost(caller, heard, query % twice, tenant=tenant)
    assert len(second) == len(first)


async def test_a_query_reads_one_read_only_snapshot(caller: Caller, heard: Statements, world: World) -> None:
    planner = await tenant_of(world, 3)
    sent = await cost(caller, heard, DASHBOARD, tenant=planner.tenant.gid)
    assert len({each.connection for each in sent}) == 1
    begins = [each.sql for each in sent if each.sql.startswith("BEGIN")]
    assert len(begins) == 1
    assert "REPEATABLE READ" in begins[0]
    assert "READ ONLY" in begins[0]
    assert not any(re.match(r"\s*(INSERT|UPDATE|DELETE|COMMIT)", each.sql) for each in sent)


async def test_a_mutation_commits_once_and_reads_back_once(caller: Caller, heard: Statements, world: World) -> None:
    planner = await tenant_of(world, 0)
    begin = len(heard.sent)
    await caller.change("kpiCreate", "kpi { id name value { value } }", tenantId=planner.tenant.gid, metricKey="orders")
    sent = [each.sql.split()[0].rstrip(";") for each in heard.since(begin)]
    assert (sent.count("BEGIN"), sent.count("COMMIT")) == (2, 1)
    assert sent.index("COMMIT") < len(sent) - 1 - sent[::-1].index("BEGIN")


async def test_what_needs_no_database_asks_none(caller: Caller, heard: Statements) -> None:
    query = "{ viewer { clientId } metricCatalog { nodes { key inputs { name } } } __schema { types { name } } }"
    assert await cost(caller, heard, query) == []


async def test_no_tenant_is_prepared_for(caller: Caller, heard: Statements, world: World) -> None:
    """Statements are the same text for every tenant, but for the one that says which."""
    tenants = [(await tenant_of(world, 1)).tenant.gid for _ in range(2)]
    texts = [[each.sql for each in await cost(caller, heard, NESTED, tenant=tenant)] for tenant in tenants]
    own = re.compile(r"SET LOCAL app\.(tenant_ids?|organization_id) = '\{?[0-9a-f]{32}\}?'")
    assert [own.sub("SET", sql) for sql in texts[0]] == [own.sub("SET", sql) for sql in texts[1]]
    assert sum(len(own.findall(sql)) for sql in texts[0]) == 2


async def test_concurrent_requests_do_not_share_a_connection(caller: Caller, heard: Statements, world: World) -> None:
    gid = world.agency.gids[Kind.KPI]
    query = "query($id: ID!) { node(id: $id) { ... on Kpi { value { value } } } }"
    alone = [each.sql for each in await cost(caller, heard, query, id=gid)]
    begin = len(heard.sent)
    await asyncio.gather(*(caller.ask(query, id=gid) for _ in range(8)))
    by_connection: dict[int, list[str]] = {}
    for each in heard.since(begin):
        if each.sql in alone:  # the driver asks a new connection for more
            by_connection.setdefault(each.connection, []).append(each.sql)
    assert sum(map(len, by_connection.values())) == 8 * len(alone)
    assert len(by_connection) > 1
    for sent in by_connection.values():
        assert sent == alone * (len(sent) // len(alone))
