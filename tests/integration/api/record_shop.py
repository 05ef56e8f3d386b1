"""A shop small enough to reckon with by hand: seven orders over three months, in Berlin, in euros.

| order | when (local)     | customer | gross  | discount | refunds        |
|-------|------------------|----------|--------|----------|----------------|
| 1     | 10 January       | a        | 100.00 | 10.00    |                |
| 2     | 20 January       | b        |  50.00 |          |                |
| 3     | 31 January 23:59 | c        |  30.00 |          |                |
| 4     | 1 February 00:00 | a        |  40.00 |          |                |
| 5     | 10 February      | a        |  60.00 |          | 20.00, 12 Feb. |
| 6     | 14 February      | d        | 200.00 | 50.00    | 150.00, 5 Mar. |
| 7     | 3 March          | a        |  10.00 |          |                |
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.metrics.catalog import ALL
from tests.factories.plans import Planner
from tests.factories.shops import Shop, order
from tests.factories.tenants import Tenancy
from tests.integration.api.world import World


def at(text: str) -> datetime:
    """2025-01-31T23:00 in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(frozen=True)
class RecordShop:
    tenant: Tenancy
    shop: Shop
    planner: Planner
    kpis: Mapping[str, str]
    """A KPI of each metric."""


ORDERS = (
    order(1, at("2025-01-10T12:00"), 10_000, discount=1_000, customer="a", channel="web"),
    order(2, at("2025-01-20T12:00"), 5_000, customer="b", channel="pos"),
    order(3, at("2025-01-31T22:59:59"), 3_000, customer="c", channel="web"),
    order(4, at("2025-01-31T23:00"), 4_000, customer="a", channel="pos"),
    order(5, at("2025-02-10T12:00"), 6_000, customer="a", refunds=[(at("2025-02-12T12:00"), 2_000)]),
    order(6, at("2025-02-14T12:00"), 20_000, discount=5_000, customer="d", refunds=[(at("2025-03-05T12:00"), 15_000)]),
    order(7, at("2025-03-03T12:00"), 1_000, customer="a"),
)


async def open_record_shop(world: World) -> RecordShop:
    tenant = await world.another_tenant(name="Record Shop")
    shop = await world.another_shop(tenant)
    await shop.sell(*ORDERS)
    planner = world.planner(tenant)
    return RecordShop(tenant, shop, planner, {metric.key: await planner.kpi(metric.key) for metric in ALL})
