"""Values, series and explanations of a shop whose figures are reckoned by hand."""

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any

import pytest

from domain.metrics.catalog import ALL
from tests.integration.api.client import Caller
from tests.integration.api.record_shop import RecordShop

VALUE = """query($id: ID!, $on: Date, $period: PeriodName!) { node(id: $id) { ... on Kpi {
  value(period: $period, on: $on) {
    value unit currency n nullReason flags period { start end grain }
    vsPrevious { absolute relative } vsBaseline { absolute relative } freshness { source asOf }
  } } } }"""
SERIES = """query($id: ID!, $last: Int!, $until: Date, $grain: Grain!) { node(id: $id) { ... on Kpi {
  series(granularity: $grain, last: $last, until: $until) {
    unit currency starts values points { at until value n nullReason flags } } } } }"""
EXPLAIN = """query($id: ID!, $on: Date, $period: PeriodName!) { node(id: $id) { ... on Kpi {
  explain(period: $period, on: $on) {
    formula definitionVersion citation segment unrounded value unit currency n nullReason
    period { start end } inputs { name component window value period { start end } } } } } }"""

Inputs = Mapping[str, Decimal]

FORMULAS: Mapping[str, Callable[[Inputs], Decimal]] = {
    "net_revenue": lambda x: x["gross_revenue"] - x["discounts"] - x["refunds"],
    "gross_revenue": lambda x: x["gross_revenue"],
    "orders": lambda x: x["orders"],
    "average_order_value": lambda x: (x["gross_revenue"] - x["discounts"]) / x["orders"],
    "refund_rate": lambda x: x["refunds"] / (x["gross_revenue"] - x["discounts"]),
    "active_customers": lambda x: x["active_customers"],
    "new_customers": lambda x: x["new_customers"],
    "repeat_purchase_rate": lambda x: x["repeat_customers"] / x["active_customers"],
    "retention_rate": lambda x: x["retained_customers"] / x["previous_active_customers"],
    "revenue_growth": lambda x: (
        (x["gross_revenue"] - x["discounts"] - x["refunds"])
        / (x["previous_gross_revenue"] - x["previous_discounts"] - x["previous_refunds"])
        - 1
    ),
    "orders_per_customer": lambda x: x["customer_orders"] / x["active_customers"],
    "customer_lifetime_value_revenue": lambda x: (
        (x["gross_revenue"] - x["discounts"])
        / x["orders"]
        * (x["customer_orders"] / x["active_customers"])
        / (1 - x["retained_customers"] / x["previous_active_customers"])
    ),
}

BY_MONTH = {
    "net_revenue": ("170.00", "230.00", "-140.00"),
    "gross_revenue": ("180.00", "300.00", "10.00"),
    "orders": ("3", "3", "1"),
    "average_order_value": ("56.666667", "83.333333", "10.00"),
    "refund_rate": ("0", "0.08", "15"),
    "active_customers": ("3", "2", "1"),
    "new_customers": ("3", "1", "0"),
    "repeat_purchase_rate": ("0", "0.5", "0"),
    "retention_rate": (None, "0.3333333333", "0.5"),
    "revenue_growth": (None, "0.3529411765", "-1.6086956522"),
    "orders_per_customer": ("1", "1.5", "1"),
    "customer_lifetime_value_revenue": (None, "187.50", "20.00"),
}


async def value_of(caller: Caller, kpi: str, on: str, period: str = "LAST_MONTH") -> dict[str, Any]:
    value: dict[str, Any] = (await caller.ask(VALUE, id=kpi, on=on, period=period)).data["node"]["value"]
    return value


async def explained(caller: Caller, kpi: str, on: str, period: str = "LAST_MONTH") -> dict[str, Any]:
    found: dict[str, Any] = (await caller.ask(EXPLAIN, id=kpi, on=on, period=period)).data["node"]["explain"]
    return found


def test_every_metric_is_reckoned_here() -> None:
    assert set(BY_MONTH) == set(FORMULAS) == {metric.key for metric in ALL}


@pytest.mark.parametrize("key", BY_MONTH)
async def test_month_by_month(agency: Caller, records: RecordShop, key: str) -> None:
    series = (await agency.ask(SERIES, id=records.kpis[key], last=3, until="2025-03-31", grain="MONTH")).data
    found = series["node"]["series"]
    assert found["starts"] == ["2025-01-01", "2025-02-01", "2025-03-01"]
    assert found["values"] == list(BY_MONTH[key])
    assert [point["value"] for point in found["points"]] == list(BY_MONTH[key])
    for month, expected in zip(("2025-02-11", "2025-03-01", "2025-04-30"), BY_MONTH[key], strict=True):
        assert (await value_of(agency, records.kpis[key], month))["value"] == expected


@pytest.mark.parametrize("key", BY_MONTH)
async def test_a_value_can_be_reckoned_again_from_its_explanation(
    agency: Caller, records: RecordShop, key: str
) -> None:
    for on in ("2025-03-15", "2025-04-15"):
        found = await explained(agency, records.kpis[key], on)
        inputs = {each["name"]: Decimal(each["value"]) for each in found["inputs"]}
        with localcontext() as context:
            context.prec = 50
            again = FORMULAS[key](inputs)
            assert abs(again - Decimal(found["unrounded"])) <= abs(again) * Decimal("1e-32")
            shown = again.scaleb(-2) if found["unit"] == "MONEY" else again
        places = Decimal(found["value"]).as_tuple().exponent
        assert isinstance(places, int)
        rounded = shown.quantize(Decimal(1).scaleb(-6 if found["unit"] == "MONEY" else -10), ROUND_HALF_EVEN)
        assert Decimal(found["value"]) == rounded
        assert found["value"] == (await value_of(agency, records.kpis[key], on))["value"]


async def test_an_explanation_names_its_parts(agency: Caller, records: RecordShop) -> None:
    found = await explained(agency, records.kpis["revenue_growth"], "2025-03-15")
    assert found["formula"] == "(net_revenue - previous net_revenue) / previous net_revenue"
    assert found["period"] == {"start": "2025-02-01", "end": "2025-02-28"}
    assert {(each["name"], each["component"], each["value"]) for each in found["inputs"]} == {
        ("gross_revenue", "gross_revenue", "30000"),
        ("discounts", "discounts", "5000"),
        ("refunds", "refunds", "2000"),
        ("orders", "gross_revenue", "3"),
        ("previous_gross_revenue", "gross_revenue", "18000"),
        ("previous_discounts", "discounts", "1000"),
        ("previous_refunds", "refunds", "0"),
    }
    for each in found["inputs"]:
        january = each["name"].startswith("previous")
        assert each["window"] == ("PREVIOUS" if january else "THIS")
        assert each["period"]["start"] == ("2025-01-01" if january else "2025-02-01")


async def test_a_value_says_what_it_rests_on(agency: Caller, records: RecordShop) -> None:
    found = await value_of(agency, records.kpis["net_revenue"], "2025-03-15")
    assert (found["unit"], found["currency"], found["n"], found["nullReason"]) == ("MONEY", "EUR", 3, None)
    assert found["period"] == {"start": "2025-02-01", "end": "2025-02-28", "grain": "MONTH"}
    assert found["vsPrevious"] == {"absolute": "60.00", "relative": "0.3529411765"}
    assert found["flags"] == []
    assert [each["source"] for each in found["freshness"]] == ["shopify"]
    january = await value_of(agency, records.kpis["net_revenue"], "2025-02-15")
    assert january["flags"] == ["HISTORY_STARTS_WITHIN_PERIOD"]
    assert january["vsPrevious"] is None
    rate = await value_of(agency, records.kpis["refund_rate"], "2025-03-15")
    assert (rate["unit"], rate["currency"]) == ("RATIO", None)
    assert rate["vsPrevious"] == {"absolute": "0.08", "relative": None}


NAMED = {
    ("TODAY", "2025-01-20"): ("2025-01-20", "2025-01-20", "50.00"),
    ("YESTERDAY", "2025-02-01"): ("2025-01-31", "2025-01-31", "30.00"),
    ("TODAY", "2025-02-01"): ("2025-02-01", "2025-02-01", "40.00"),
    ("THIS_WEEK", "2025-02-16"): ("2025-02-10", "2025-02-16", "190.00"),
    ("LAST_WEEK", "2025-02-17"): ("2025-02-10", "2025-02-16", "190.00"),
    ("THIS_MONTH", "2025-02-01"): ("2025-02-01", "2025-02-28", "230.00"),
    ("LAST_MONTH", "2025-03-31"): ("2025-02-01", "2025-02-28", "230.00"),
    ("THIS_QUARTER", "2025-03-31"): ("2025-01-01", "2025-03-31", "260.00"),
    ("LAST_QUARTER", "2025-06-30"): ("2025-01-01", "2025-03-31", "260.00"),
    ("THIS_YEAR", "2025-07-01"): ("2025-01-01", "2025-12-31", "260.00"),
    ("LAST_YEAR", "2026-01-01"): ("2025-01-01", "2025-12-31", "260.00"),
    ("TRAILING_28_DAYS", "2025-02-11"): ("2025-01-14", "2025-02-10", "180.00"),
    ("TRAILING_90_DAYS", "2025-03-13"): ("2024-12-13", "2025-03-12", "260.00"),
    ("TRAILING_365_DAYS", "2026-01-10"): ("2025-01-10", "2026-01-09", "260.00"),
}


@pytest.mark.parametrize(("asked", "expected"), NAMED.items(), ids=["-".join(asked) for asked in NAMED])
async def test_periods_by_name(
    agency: Caller, records: RecordShop, asked: tuple[str, str], expected: tuple[str, str, str]
) -> None:
    found = await value_of(agency, records.kpis["net_revenue"], asked[1], asked[0])
    assert (found["period"]["start"], found["period"]["end"], found["value"]) == expected


async def test_a_level_adds_up_and_a_distinct_count_does_not(agency: Caller, records: RecordShop) -> None:
    async def year(key: str) -> Decimal:
        return Decimal((await value_of(agency, records.kpis[key], "2026-02-01", "LAST_YEAR"))["value"])

    assert await year("net_revenue") == Decimal("260.00")
    assert await year("orders") == 7
    assert await year("active_customers") == 4
    assert await year("orders_per_customer") == Decimal("1.75")
    assert await year("average_order_value") == Decimal("61.428571")


async def test_channels_add_up_to_the_whole(agency: Caller, records: RecordShop) -> None:
    found = {}
    for channel in ("web", "pos", "nowhere"):
        kpi = await records.planner.kpi("net_revenue", segment=f"channel={channel}")
        found[channel] = (await value_of(agency, kpi, "2025-03-15", "LAST_MONTH"))["value"]
    assert found == {"web": "190.00", "pos": "40.00", "nowhere": "0.00"}
