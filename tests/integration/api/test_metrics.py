"""What the API process tells of itself: on a port of its own, without saying of whom; and which requests were slow."""

import asyncio
import hashlib
import json
import logging
from collections.abc import AsyncIterator

import asyncpg
import httpx2
import pytest

from api.demo.processes import free_port
from api.ids import Kind
from tenants.embedded import DatabaseUrls
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.conftest import Open
from tests.integration.api.scrape import scrape, value
from tests.integration.api.world import World

LIST = "query List($id: ID!) { tenant(id: $id) { kpis(first: 5) { nodes { name value { value } } } } }"
COUNT = "azimuth_request_seconds_count"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def caller(opened: Open, world: World, port: int) -> AsyncIterator[Caller]:
    """Of a process that has meters, and takes 0.2 s for slow."""
    async with (
        opened(metrics_port=port, slow_milliseconds=200) as url,
        httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as http,
    ):
        yield await sign_in(http, world.agency.machine)


async def test_requests_are_counted_by_kind_outcome_and_name(caller: Caller, world: World, port: int) -> None:
    before, _ = await scrape(port)
    gid = world.agency.gids[Kind.TENANT]
    for _ in range(4):
        assert (await caller.ask(LIST, id=gid)).data["tenant"]["kpis"]["nodes"]
    await caller.ask("{ nonsense }")
    await caller.change("kpiCreate", "kpi { id }", tenantId=(await world.another_tenant()).gid, metricKey="orders")
    assert (await caller.send(b"{")).status_code == 400
    after, _ = await scrape(port)

    def counted(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert counted(COUNT, kind="query", outcome="ok") == 4
    assert counted(COUNT, kind="none", outcome="errors") == 1
    assert counted(COUNT, kind="mutation", outcome="ok") == 1
    assert counted("azimuth_refusals_total", code="MALFORMED_JSON") == 1
    assert counted("azimuth_executions_total", way="planned") == 4
    assert counted("azimuth_executions_total", way="stock") == 1
    assert counted("azimuth_operation_seconds_count", operation="List") >= 3
    assert counted("azimuth_request_statements_sum") >= 4 * 6
    assert (
        0
        < counted("azimuth_request_database_seconds_sum")
        < sum(counted("azimuth_request_seconds_sum", kind=kind, outcome="ok") for kind in ("query", "mutation"))
    )


async def test_the_process_and_its_pools_are_told(caller: Caller, world: World, port: int) -> None:
    await caller.ask(LIST, id=world.agency.gids[Kind.TENANT])
    samples, _ = await scrape(port)
    assert value(samples, "process_resident_memory_bytes") > 20_000_000
    assert ("python_gc_collections_total", frozenset({("generation", "2")})) in samples
    assert value(samples, "azimuth_pool_connections", pool="answers", state="idle") == 1
    assert value(samples, "azimuth_pool_connections", pool="answers", state="in_use") == 0


async def test_who_waits_for_a_connection_is_told(
    opened: Open, world: World, database_urls: DatabaseUrls, port: int
) -> None:
    connection = await asyncpg.connect(database_urls.migration)
    async with (
        opened(metrics_port=port, pool_size=1) as url,
        httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as http,
    ):
        caller = await sign_in(http, world.agency.machine)
        await caller.ask(LIST, id=world.agency.gids[Kind.TENANT])
        async with connection.transaction():
            await connection.execute("LOCK TABLE kpis IN ACCESS EXCLUSIVE MODE")
            asked = [asyncio.create_task(caller.ask(LIST, id=world.agency.gids[Kind.TENANT])) for _ in range(3)]
            for _ in range(100):
                samples, _ = await scrape(port)
                if value(samples, "azimuth_pool_waiting", pool="answers") == 2:
                    break
                await asyncio.sleep(0.02)
        await asyncio.gather(*asked)
    await connection.close()
    assert value(samples, "azimuth_pool_waiting", pool="answers") == 2
    assert value(samples, "azimuth_pool_connections", pool="answers", state="in_use") == 1


async def test_nothing_says_who_asked_or_of_whom(caller: Caller, world: World, port: int) -> None:
    home = world.agency
    await caller.ask(LIST, id=home.gids[Kind.TENANT])
    _, text = await scrape(port)
    for secret in (
        home.tenant.gid,
        str(home.tenant.id),
        str(home.machine.organization_id),
        home.machine.credentials[0],
    ):
        assert secret not in text


async def test_the_public_port_has_no_meters(caller: Caller) -> None:
    assert (await caller.http.get("/metrics")).status_code == 404


async def test_a_slow_request_is_told_with_the_statement_that_made_it_so(
    caller: Caller, world: World, database_urls: DatabaseUrls, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    gid = world.agency.gids[Kind.TENANT]
    connection = await asyncpg.connect(database_urls.migration)
    async with connection.transaction():
        await connection.execute("LOCK TABLE kpis IN ACCESS EXCLUSIVE MODE")
        asked = asyncio.create_task(caller.ask(LIST, id=gid))
        await asyncio.sleep(0.4)
    await connection.close()
    assert (await asked).data["tenant"]["kpis"]["nodes"]
    (told,) = [vars(record) for record in caplog.records if record.message == "slow"]
    assert told["levelname"] == "WARNING"
    assert told["operation"] == "List"
    assert told["document"] == hashlib.sha256(LIST.encode()).hexdigest()
    assert told["slowest"] == "domain.kpis.repository.pages"
    assert 300 < told["slowest_milliseconds"] <= told["database_milliseconds"] < told["milliseconds"] < 5000
    assert told["statements"] >= 5
    assert str(world.agency.tenant.id) not in json.dumps(told, default=str)
    assert gid not in json.dumps(told, default=str)


async def test_a_quick_request_is_not_told_as_slow(
    caller: Caller, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    gid = world.agency.gids[Kind.TENANT]
    for _ in range(2):
        await caller.ask(LIST, id=gid)
    told = [record.message for record in caplog.records if record.name == "api.http.graphql"]
    assert told[-1] == "graphql"
    assert "slow" not in told[-1:]


async def test_a_change_counts_its_statements_and_its_commit(
    opened: Open, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    tenant = await world.another_tenant()
    async with (
        opened(slow_milliseconds=0) as url,
        httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as http,
    ):
        caller = await sign_in(http, world.agency.machine)
        await caller.change("kpiCreate", "kpi { id }", tenantId=tenant.gid, metricKey="orders")
    (told,) = [vars(record) for record in caplog.records if record.message == "slow"]
    assert told["statements"] >= 10
    assert told["slowest"]
    assert str(tenant.id) not in json.dumps(told, default=str)
