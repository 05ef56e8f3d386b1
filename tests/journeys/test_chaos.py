"""Whatever is killed in the middle of a backfill, the figures end the same: nothing lost, nothing doubled."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.demo import story
from tests.journeys.figures import all_differences
from tests.journeys.stack import LAST_DAY, Client, Stack, started
from tests.journeys.truth import Ledger, panel

CUSTOMERS = 300
KILLS = 10 if os.environ.get("AZIMUTH_LONG") else 2
PAGE = 10
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 6))]
SHOP = ("--last-day", LAST_DAY.isoformat(), "--seed-customers", str(CUSTOMERS), "--restore-rate", "4000")


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    async with started(tmp_path, shop=SHOP, settings={"AZIMUTH_PAGE_SIZE": str(PAGE)}) as running:
        yield running


async def moments(client: Client, count: int, chance: random.Random) -> AsyncIterator[int]:
    """So many moments of a backfill, spread over its first three quarters."""
    whole = CUSTOMERS + len(panel(LAST_DAY, customers=CUSTOMERS))
    for moment in range(count):
        await until_read(client, round(0.75 * whole * (moment + chance.random()) / count))
        await asyncio.sleep(chance.uniform(0, 0.03))
        assert await client.backfilling(), "the kill comes in the middle"
        yield moment


async def until_read(client: Client, records: int) -> None:
    for _ in range(6000):
        if await client.records() >= records:
            return
        await asyncio.sleep(0.005)
    raise AssertionError("the backfill did not go on")


async def assert_nothing_lost_or_doubled(client: Client) -> None:
    ledger = Ledger(panel(LAST_DAY, customers=CUSTOMERS))
    truth = client.stack.store.control("GET", "/orders?fields=id,subtotal")["orders"]
    facts = await client.rows("SELECT external_id, gross_minor FROM order_facts WHERE tenant_id = $1")
    assert len(facts) == len(truth) == len(ledger.purchases)
    assert {int(row["external_id"]): row["gross_minor"] for row in facts} == {
        order["id"]: order["subtotal"] for order in truth
    }
    lines = await client.row("SELECT sum(gross_minor)::bigint AS gross FROM order_line_facts WHERE tenant_id = $1")
    assert lines["gross"] == ledger.cents
    customers = await client.row("SELECT count(*) AS n FROM customers WHERE tenant_id = $1 AND NOT deleted")
    assert customers["n"] == ledger.customers == CUSTOMERS
    sources = await client.rows("SELECT stream, count(*) FROM source_records WHERE tenant_id = $1 GROUP BY stream")
    assert dict(map(tuple, sources)) == {"shop": 1, "customers": CUSTOMERS, "orders": len(truth)}
    assert await client.rows("SELECT 1 FROM sync_runs WHERE tenant_id = $1 AND status = 'RUNNING'") == []
    await story.adopt_kpis(client.api, client.tenant)
    assert await all_differences(client.api, client.tenant, ledger) == {}


@pytest.mark.parametrize("seed", SEEDS)
async def test_kills_of_worker_and_api_in_mid_backfill(stack: Stack, seed: int) -> None:
    chance = random.Random(seed)
    client = await stack.open_client()
    async for _ in moments(client, KILLS, chance):
        await stack.crash(stack.worker, stack.api)
        await stack.start(stack.worker, stack.api)
    await stack.api_ready()
    await client.until_up_to_date()
    await assert_nothing_lost_or_doubled(client)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(6))
async def test_kills_of_the_database_in_mid_backfill(stack: Stack, seed: int) -> None:
    chance = random.Random(seed)
    client = await stack.open_client()
    async for _ in moments(client, 3, chance):
        await stack.crash_database()
    await stack.api_ready()
    await client.until_up_to_date()
    await assert_nothing_lost_or_doubled(client)
