"""Where there is no number there is a reason, and never a silent zero."""

from typing import Any

import pytest

from api.ids import decode
from domain.metrics.definition import NullReason
from tests.factories.shops import order
from tests.integration.api.client import Caller
from tests.integration.api.ledger import Ledger
from tests.integration.api.record_shop import RecordShop, at
from tests.integration.api.world import World

QUERY = """query($id: ID!, $on: Date, $period: PeriodName!) { node(id: $id) { ... on Kpi {
  value(period: $period, on: $on) { value n nullReason flags vsPrevious { absolute } vsBaseline { absolute } }
  series(last: 1, granularity: MONTH, until: $on) { values points { nullReason } }
  explain(period: $period, on: $on) { value unrounded nullReason inputs { value } } } } }"""


async def look(caller: Caller, kpi: str, on: str | None, period: str = "THIS_MONTH") -> dict[str, Any]:
    found = (await caller.ask(QUERY, id=kpi, on=on, period=period)).data["node"]
    explained = found["explain"]
    value: dict[str, Any] = found["value"]
    assert (value["value"] is None) == (value["nullReason"] is not None)
    assert (explained["value"], explained["nullReason"]) == (value["value"], value["nullReason"])
    if value["value"] is None:
        assert explained["unrounded"] is None
        assert value["vsPrevious"] is None
        assert value["vsBaseline"] is None
    if period == "THIS_MONTH":
        assert found["series"]["values"] == [value["value"]]
        assert found["series"]["points"] == [{"nullReason": value["nullReason"]}]
    return value


async def test_without_a_source(agency: Caller, world: World) -> None:
    kpi = await world.planner(await world.another_tenant()).kpi()
    assert (await look(agency, kpi, "2025-02-10"))["nullReason"] == "SOURCE_NOT_CONNECTED"


async def test_with_a_source_that_has_told_nothing_yet(agency: Caller, world: World) -> None:
    tenant = await world.another_tenant()
    await world.another_shop(tenant)
    kpi = await world.planner(tenant).kpi()
    assert (await look(agency, kpi, "2025-02-10"))["nullReason"] == "NO_DATA"


async def test_before_the_first_order_there_is_no_data(agency: Caller, records: RecordShop) -> None:
    assert (await look(agency, records.kpis["net_revenue"], "2024-12-31"))["nullReason"] == "NO_DATA"
    assert (await look(agency, records.kpis["orders"], "2024-12-31"))["nullReason"] == "NO_DATA"


async def test_after_the_last_order_there_is_nought(agency: Caller, records: RecordShop) -> None:
    """The shop is connected: that nothing was sold is known."""
    found = await look(agency, records.kpis["net_revenue"], "2025-05-10")
    assert (found["value"], found["n"]) == ("0.00", 0)


@pytest.mark.parametrize("key", ["average_order_value", "refund_rate", "repeat_purchase_rate", "orders_per_customer"])
async def test_a_ratio_of_nothing_is_none(agency: Caller, records: RecordShop, key: str) -> None:
    assert (await look(agency, records.kpis[key], "2025-05-10"))["nullReason"] == "DIVISION_BY_ZERO"


async def test_growth_needs_a_period_before(agency: Caller, records: RecordShop) -> None:
    for key in ("revenue_growth", "retention_rate", "customer_lifetime_value_revenue"):
        assert (await look(agency, records.kpis[key], "2025-01-10"))["nullReason"] == "INSUFFICIENT_HISTORY"


async def test_a_period_of_which_a_part_is_over_counts_as_begun(agency: Caller, records: RecordShop) -> None:
    assert (await look(agency, records.kpis["net_revenue"], "2099-01-01"))["nullReason"] == "PERIOD_NOT_STARTED"
    now = await look(agency, records.kpis["net_revenue"], None)
    assert (now["value"], now["flags"]) == ("0.00", ["PERIOD_INCOMPLETE"])


async def test_a_segment_a_metric_is_not_kept_by(agency: Caller, records: RecordShop, ledger: Ledger) -> None:
    """Refused when it is asked for; a KPI of an older release says so itself."""
    tenant = records.tenant.gid
    for key, segment in (("orders", "color=red"), ("orders", "channel"), ("orders", "channel="), ("orders", "=web")):
        refusal = await agency.refusal("kpiCreate", tenantId=tenant, metricKey=key, segment=segment)
        assert (refusal.code, refusal.field) == ("SEGMENT_NOT_KEPT", ("input", "segment"))
    refusal = await agency.refusal("kpiCreate", tenantId=tenant, metricKey="active_customers", segment="channel=web")
    assert refusal.code == "SEGMENT_NOT_KEPT"
    old = await records.planner.kpi("net_revenue")
    await ledger.execute("UPDATE kpis SET segment = 'color=red' WHERE id = $1", decode(old).id)
    assert (await look(agency, old, "2025-02-10"))["nullReason"] == "SEGMENT_NOT_KEPT"


async def test_a_distinct_count_over_a_window_that_is_long_gone(agency: Caller, records: RecordShop) -> None:
    found = await look(agency, records.kpis["active_customers"], "2025-02-15", "TRAILING_28_DAYS")
    assert found["nullReason"] == "PERIOD_NOT_KEPT"


async def test_while_history_is_still_being_read_a_value_says_so(agency: Caller, world: World, ledger: Ledger) -> None:
    tenant = await world.another_tenant()
    shop = await world.another_shop(tenant)
    await shop.sell(order(1, at("2025-01-10T12:00"), 1_000))
    kpi = await world.planner(tenant).kpi()
    assert (await look(agency, kpi, "2025-01-31"))["flags"] == ["HISTORY_STARTS_WITHIN_PERIOD"]
    up_to_date = "query($id: ID!) { tenant(id: $id) { upToDate } }"
    assert (await agency.ask(up_to_date, id=tenant.gid)).data["tenant"]["upToDate"] is True
    await ledger.execute("UPDATE stream_states SET phase = 'BACKFILL' WHERE connection_id = $1", shop.connection_id)
    assert "BACKFILL_RUNNING" in (await look(agency, kpi, "2025-01-31"))["flags"]
    assert (await agency.ask(up_to_date, id=tenant.gid)).data["tenant"]["upToDate"] is False


async def test_money_that_was_all_in_another_currency(agency: Caller, world: World) -> None:
    """An order was placed, so nought would be untrue, and what it was worth in the tenant's money nobody said."""
    tenant = await world.another_tenant()
    shop = await world.another_shop(tenant)
    await shop.sell(order(1, at("2025-01-10T12:00"), 1_000, currency="JPY"))
    for key in ("net_revenue", "average_order_value"):
        found = await look(agency, await world.planner(tenant).kpi(key), "2025-01-31")
        assert (found["value"], found["nullReason"]) == (None, "OTHER_CURRENCY")
    found = await look(agency, await world.planner(tenant).kpi("orders"), "2025-01-31")
    assert found["value"] == "1"


def test_every_reason_is_asked_for_here() -> None:
    seen = {
        "NO_DATA",
        "PERIOD_NOT_STARTED",
        "INSUFFICIENT_HISTORY",
        "SOURCE_NOT_CONNECTED",
        "DIVISION_BY_ZERO",
        "SEGMENT_NOT_KEPT",
        "PERIOD_NOT_KEPT",
        "OTHER_CURRENCY",
    }
    assert seen == {str(reason) for reason in NullReason}
