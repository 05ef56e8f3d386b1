"""Money: minor units as each currency has them, and never one currency added to another."""

from typing import Any

import pytest

from tests.factories.shops import order
from tests.factories.tenants import Tenancy
from tests.integration.api.client import Caller
from tests.integration.api.record_shop import at
from tests.integration.api.world import World

QUERY = """query($t: ID!) { tenant(id: $t) { currency kpis { nodes { metricKey
  value(period: THIS_MONTH, on: "2025-01-31") { value currency n flags vsPrevious { absolute } } } } } }"""


async def figures(caller: Caller, tenant: Tenancy) -> dict[str, dict[str, Any]]:
    nodes = (await caller.ask(QUERY, t=tenant.gid)).data["tenant"]["kpis"]["nodes"]
    return {node["metricKey"]: node["value"] for node in nodes}


async def tenant_with(world: World, currency: str, *orders: Any) -> Tenancy:
    tenant = await world.another_tenant(currency=currency)
    await (await world.another_shop(tenant)).sell(*orders)
    for key in ("net_revenue", "gross_revenue", "average_order_value", "refund_rate", "orders"):
        await world.planner(tenant).kpi(key)
    return tenant


@pytest.mark.parametrize(
    ("currency", "net", "average"),
    [
        ("EUR", "100.00", "33.333333"),
        ("JPY", "10000", "3333.3333"),
        ("KWD", "10.000", "3.3333333"),
        ("CLP", "10000", "3333.3333"),
    ],
)
async def test_the_minor_unit_is_the_currencys(
    agency: Caller, world: World, currency: str, net: str, average: str
) -> None:
    orders = [order(number, at(f"2025-01-0{number}T12:00"), 3_000, currency=currency) for number in (1, 2)]
    tenant = await tenant_with(world, currency, *orders, order(3, at("2025-01-03T12:00"), 4_000, currency=currency))
    found = await figures(agency, tenant)
    assert (found["net_revenue"]["value"], found["net_revenue"]["currency"]) == (net, currency)
    assert found["average_order_value"]["value"] == average


async def test_currencies_are_not_added(agency: Caller, world: World) -> None:
    """What was sold in dollars is no part of an amount in euros; it was an order all the same."""
    tenant = await tenant_with(
        world,
        "EUR",
        order(1, at("2025-01-01T12:00"), 10_000),
        order(2, at("2025-01-02T12:00"), 6_000, currency="USD", refunds=[(at("2025-01-03T12:00"), 1_000)]),
        order(3, at("2025-01-03T12:00"), 900_000, currency="JPY"),
    )
    found = await figures(agency, tenant)
    assert found["net_revenue"]["value"] == "100.00"
    assert found["gross_revenue"]["value"] == "100.00"
    assert found["refund_rate"]["value"] == "0"
    assert found["orders"]["value"] == "3"
    assert found["average_order_value"]["value"] == "100.00"
    assert "OTHER_CURRENCIES_LEFT_OUT" in found["net_revenue"]["flags"]
    assert "OTHER_CURRENCIES_LEFT_OUT" not in found["orders"]["flags"]


async def test_amounts_beyond_64_bits_stay_exact(agency: Caller, world: World) -> None:
    most = 2**63 - 1
    tenant = await tenant_with(world, "EUR", *(order(at_, at("2025-01-01T12:00"), most) for at_ in range(1, 4)))
    assert (await figures(agency, tenant))["gross_revenue"]["value"] == "276701161105643274.21"


async def test_targets_are_set_in_the_unit_people_say(agency: Caller, world: World) -> None:
    for currency, said, told in (("JPY", "1500", "1500"), ("KWD", "1.5", "1.500"), ("EUR", "1.5", "1.50")):
        tenant = await tenant_with(world, currency)
        kpi = await world.planner(tenant).kpi("net_revenue")
        payload = await agency.change(
            "targetCreate",
            "target { value startValue stretchValue points { value } }",
            kpiId=kpi,
            value=said,
            startValue="1",
            stretchValue="2000.125",
            startOn="2025-01-01",
            dueOn="2025-12-31",
            trajectory="CUSTOM",
            points=[{"on": "2025-06-30", "value": said}],
        )
        assert payload["target"]["value"] == told
        assert payload["target"]["points"] == [{"value": told}]
        assert payload["target"]["stretchValue"] == "2000.125"
