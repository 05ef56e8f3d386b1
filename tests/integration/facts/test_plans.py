"""A tenant of whom no statistics know: the server expects one row of it, and its plans must bear more."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from random import Random
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from domain.facts.recompute import Work, recompute
from tenants.database import Database, driver_connection, enter
from tenants.postgres.postmaster import SUPERUSER
from tenants.postgres.server import EmbeddedServer
from tenants.roles import APPLICATION
from tenants.secrets.keyring import KeyRing
from tests.integration.facts.shop import NOW, Shop, open_shop, order

DAYS, ORDERS, CUSTOMERS = 300, 3_000, 400
# What a row of a plan is: read, joined, thrown away, sorted, counted. Row by row it would be the square of the orders.
ROWS_AN_ORDER = 60
SETTINGS = {
    "log_min_duration": "0",
    "log_analyze": "on",
    "log_timing": "off",
    "log_format": "json",
    "log_level": "notice",
}
Plan = dict[str, Any]


@pytest.fixture
async def administrator(cluster: EmbeddedServer, database: Database) -> AsyncIterator[Database]:
    opened = Database(cluster.dsn(SUPERUSER, cluster.password, "azimuth_test"), statement_timeout_seconds=60)
    yield opened
    await opened.close()


@pytest.fixture
async def unknown(administrator: Database, database: Database, keyring: KeyRing) -> Shop:
    """A new one beside another that was analyzed."""
    known = await open_shop(database, keyring, "America/New_York")
    await known.apply(*(order(number, NOW - timedelta(days=number), customer=number) for number in range(100)))
    await known.recompute()
    async with administrator.unit_of_work() as session:
        await session.execute(text("ANALYZE"))
    return await open_shop(database, keyring, "America/New_York")


async def test_the_work_grows_with_the_orders_and_not_with_their_square(administrator: Database, unknown: Shop) -> None:
    random = Random(1)

    async def sell(first: int) -> None:
        await unknown.apply(
            *(
                order(first + number, NOW - timedelta(days=number % DAYS), customer=random.randrange(CUSTOMERS))
                for number in range(ORDERS)
            )
        )

    await sell(0)
    work, rows = await explained(administrator, unknown)
    assert len(work.days) == DAYS
    assert rows < ROWS_AN_ORDER * ORDERS
    # And again, when nearly every day of a customer is another.
    await sell(ORDERS)
    await sell(0)
    work, rows = await explained(administrator, unknown)
    assert len(work.days) == DAYS
    assert rows < ROWS_AN_ORDER * ORDERS * 2


async def explained(administrator: Database, shop: Shop) -> tuple[Work, float]:
    """A recompute as the application, and how many rows its plans had in their hands."""
    said: list[str] = []

    def hear(connection: object, message: asyncpg.PostgresLogMessage) -> None:
        said.append(str(message.message))

    async with administrator.unit_of_work() as session:
        driver = await driver_connection(session)
        driver.add_log_listener(hear)
        await session.execute(text("LOAD 'auto_explain'"))
        for name, value in SETTINGS.items():
            await session.execute(text(f"SET LOCAL auto_explain.{name} = {value}"))
        await session.execute(text(f"SET LOCAL ROLE {APPLICATION}"))
        await enter(session, shop.scope)
        work = await recompute(session, await shop.profile(), now=NOW)
        await asyncio.sleep(0)
        driver.remove_log_listener(hear)
    plans = [json.loads(each[each.index("{") :])["Plan"] for each in said if "plan:" in each]
    assert any("entity_days" in json.dumps(plan) for plan in plans)
    return work, sum(rows_of(node) for plan in plans for node in nodes(plan))


def rows_of(node: Plan) -> float:
    removed = sum(value for name, value in node.items() if name.startswith("Rows Removed by"))
    rows: float = (node["Actual Rows"] + removed) * node["Actual Loops"]
    return rows


def nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from nodes(each)
