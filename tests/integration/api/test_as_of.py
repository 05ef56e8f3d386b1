"""What was shown then can be shown again, whatever has arrived since."""

from datetime import datetime
from typing import Any

import pytest

from tests.factories.plans import Planner
from tests.factories.shops import Shop, order
from tests.integration.api.client import Caller
from tests.integration.api.record_shop import at
from tests.integration.api.world import World

QUERY = """query($id: ID!, $asOf: DateTime) { node(id: $id) { ... on Kpi {
  january: value(period: THIS_MONTH, on: "2025-01-31", asOf: $asOf) { ...V }
  february: value(period: THIS_MONTH, on: "2025-02-28", asOf: $asOf) { ...V }
  series(granularity: MONTH, last: 2, until: "2025-02-28", asOf: $asOf) { values }
  explain(period: THIS_MONTH, on: "2025-02-28", asOf: $asOf) { value }
} } } fragment V on MetricValue { value n nullReason flags }"""

FIRST, SECOND, THIRD = at("2025-03-01T08:00"), at("2025-03-02T08:00"), at("2025-03-03T08:00")


@pytest.fixture
async def shop(world: World) -> Shop:
    return await world.another_shop(await world.another_tenant())


@pytest.fixture
def planner(world: World, shop: Shop) -> Planner:
    return world.planner(shop.tenant)


async def look(caller: Caller, kpi: str, as_of: datetime | None) -> dict[str, Any]:
    instant = None if as_of is None else as_of.isoformat()
    found: dict[str, Any] = (await caller.ask(QUERY, id=kpi, asOf=instant)).data["node"]
    assert found["series"]["values"] == [found["january"]["value"], found["february"]["value"]]
    assert found["explain"]["value"] == found["february"]["value"]
    return found


async def february(caller: Caller, kpi: str, as_of: datetime | None) -> str:
    return str((await look(caller, kpi, as_of))["february"]["value"])


async def test_a_late_order_changes_today_and_not_yesterday(agency: Caller, shop: Shop, planner: Planner) -> None:
    kpi = await planner.kpi()
    await shop.sell(order(1, at("2025-02-10T12:00"), 10_000), now=FIRST)
    await shop.sell(order(2, at("2025-02-10T13:00"), 5_000), now=SECOND)
    await shop.sell(order(1, at("2025-02-10T12:00"), 10_000, refunds=[(at("2025-02-20T12:00"), 2_500)]), now=THIRD)
    assert await february(agency, kpi, None) == "125.00"
    assert await february(agency, kpi, at("2025-03-01T09:00")) == "100.00"
    assert await february(agency, kpi, at("2025-03-02T09:00")) == "150.00"
    assert await february(agency, kpi, at("2025-03-03T09:00")) == "125.00"
    assert await february(agency, kpi, FIRST) == "100.00"
    assert await february(agency, kpi, SECOND) == "150.00"


async def test_a_deleted_order_was_there_before(agency: Caller, shop: Shop, planner: Planner) -> None:
    kpi = await planner.kpi("orders")
    await shop.sell(order(1, at("2025-02-10T12:00"), 100), order(2, at("2025-02-11T12:00"), 100), now=FIRST)
    await shop.lose(2, now=SECOND)
    assert await february(agency, kpi, None) == "1"
    assert await february(agency, kpi, at("2025-03-01T09:00")) == "2"


async def test_an_order_that_moves_to_another_month(agency: Caller, shop: Shop, planner: Planner) -> None:
    kpi = await planner.kpi("orders")
    await shop.sell(order(0, at("2025-01-05T12:00"), 100), order(1, at("2025-02-01T12:00"), 100), now=FIRST)
    await shop.sell(order(1, at("2025-01-31T12:00"), 100), now=SECOND)
    now, then = await look(agency, kpi, None), await look(agency, kpi, at("2025-03-01T09:00"))
    assert (now["january"]["value"], now["february"]["value"]) == ("2", "0")
    assert (then["january"]["value"], then["february"]["value"]) == ("1", "1")


async def test_distinct_counts_go_back_too(agency: Caller, shop: Shop, planner: Planner) -> None:
    kpis = {key: await planner.kpi(key) for key in ("active_customers", "repeat_purchase_rate", "retention_rate")}
    await shop.sell(
        order(1, at("2025-01-10T12:00"), 100, customer="a"),
        order(2, at("2025-02-10T12:00"), 100, customer="b"),
        now=FIRST,
    )
    await shop.sell(
        order(3, at("2025-02-11T12:00"), 100, customer="a"),
        order(4, at("2025-02-12T12:00"), 100, customer="b"),
        now=SECOND,
    )
    then = {key: await february(agency, kpi, at("2025-03-01T09:00")) for key, kpi in kpis.items()}
    now = {key: await february(agency, kpi, None) for key, kpi in kpis.items()}
    assert then == {"active_customers": "1", "repeat_purchase_rate": "0", "retention_rate": "0"}
    assert now == {"active_customers": "2", "repeat_purchase_rate": "0.5", "retention_rate": "1"}


async def test_what_was_not_known_then_was_no_zero(agency: Caller, shop: Shop, planner: Planner) -> None:
    """January's order arrives late: until it did, there was no data of January."""
    kpi = await planner.kpi()
    growth = await planner.kpi("revenue_growth")
    await shop.sell(order(1, at("2025-02-10T12:00"), 10_000), now=FIRST)
    before = await look(agency, kpi, None)
    assert before["january"]["nullReason"] == "NO_DATA"
    assert (await look(agency, growth, None))["february"]["nullReason"] == "INSUFFICIENT_HISTORY"
    await shop.sell(order(2, at("2025-01-10T12:00"), 5_000), now=SECOND)
    assert (await look(agency, kpi, None))["january"]["value"] == "50.00"
    assert (await look(agency, growth, None))["february"]["value"] == "1"
    assert await look(agency, kpi, at("2025-03-01T09:00")) == before
    assert (await look(agency, growth, at("2025-03-01T09:00")))["february"]["nullReason"] == "INSUFFICIENT_HISTORY"


async def test_before_anything_was_known_there_was_no_data(agency: Caller, shop: Shop, planner: Planner) -> None:
    kpi = await planner.kpi()
    await shop.sell(order(1, at("2025-01-10T12:00"), 10_000), now=SECOND)
    assert (await look(agency, kpi, FIRST))["january"] == {
        "value": None,
        "n": 0,
        "nullReason": "NO_DATA",
        "flags": [],
    }


async def test_that_instants_today_decides(agency: Caller, shop: Shop, planner: Planner) -> None:
    """LAST_MONTH as of a day in March is February, and a month under way then is incomplete."""
    kpi = await planner.kpi()
    await shop.sell(order(1, at("2025-01-10T12:00"), 10_000), order(2, at("2025-02-10T12:00"), 5_000), now=FIRST)
    query = """query($id: ID!, $asOf: DateTime) { node(id: $id) { ... on Kpi {
      value(asOf: $asOf) { value period { start } }
      running: value(period: THIS_MONTH, asOf: $asOf) { flags period { start } } } } }"""
    found = (await agency.ask(query, id=kpi, asOf="2025-03-01T10:00:00+01:00")).data["node"]
    assert found["value"] == {"value": "50.00", "period": {"start": "2025-02-01"}}
    assert found["running"] == {"flags": ["PERIOD_INCOMPLETE"], "period": {"start": "2025-03-01"}}
    # In Berlin it is March already, in UTC still February.
    night = (await agency.ask(query, id=kpi, asOf="2025-02-28T23:30:00Z")).data["node"]
    assert night["running"]["period"] == {"start": "2025-03-01"}


async def test_what_will_be_known_is_not_known(agency: Caller, shop: Shop, planner: Planner) -> None:
    """A clock that runs ahead of ours is shown the present."""
    kpi = await planner.kpi()
    await shop.sell(order(1, at("2025-02-10T12:00"), 10_000), now=FIRST)
    query = """query($id: ID!, $asOf: DateTime) { node(id: $id) { ... on Kpi {
      value(period: THIS_YEAR, asOf: $asOf) { period { start } flags } } } }"""
    now = (await agency.ask(query, id=kpi, asOf=None)).data
    assert (await agency.ask(query, id=kpi, asOf="2099-01-01T00:00:00Z")).data == now


OUT_OF_BOUNDS = (
    'value(on: "{}") {{ value }}',
    'value(period: LAST_YEAR, on: "{}") {{ value }}',
    'value(asOf: "{}T00:00:00Z") {{ value }}',
    'value(asOf: "{}T23:59:59-12:00") {{ value }}',
    'series(last: 400, granularity: YEAR, until: "{}") {{ values }}',
    'series(until: "{}") {{ values }}',
    'series(asOf: "{}T00:00:00Z") {{ values }}',
    'explain(on: "{}") {{ value }}',
    'explain(asOf: "{}T00:00:00Z") {{ value }}',
    'target {{ status(on: "{}") }}',
    'target {{ progress(on: "{}") {{ expected }} }}',
)


@pytest.mark.parametrize("selection", OUT_OF_BOUNDS)
async def test_days_out_of_all_bounds_are_refused(agency: Caller, planner: Planner, selection: str) -> None:
    kpi = await planner.kpi()
    await planner.target(kpi)
    field = next(name for name in ("asOf", "until", "on") if f"{name}: " in selection)
    for day in ("0001-01-01", "1989-12-31", "2101-01-02", "9999-12-31"):
        query = f"query($id: ID!) {{ node(id: $id) {{ ... on Kpi {{ {selection.format(day)} }} }} }}"
        answer = await agency.ask(query, id=kpi)
        assert answer.code == "INVALID", day
        assert answer.error["extensions"]["field"] == [field]


async def test_an_objectives_day_has_bounds(agency: Caller, planner: Planner) -> None:
    objective = await planner.objective()
    query = 'query($id: ID!) { node(id: $id) { ... on Objective { status(on: "0001-01-01") } } }'
    answer = await agency.ask(query, id=objective)
    assert (answer.code, answer.error["extensions"]["field"]) == ("INVALID", ["on"])
