"""The value before: frozen once, with what it rests on, and revised only with a reason."""

import asyncio
from typing import Any

import pytest

from tests.factories.shops import order
from tests.integration.api.client import Caller
from tests.integration.api.ledger import Ledger
from tests.integration.api.record_shop import RecordShop, at
from tests.integration.api.world import World

FIELDS = """baseline { version value windowStart windowEnd grain n periods variance method definitionVersion
  warnings reason frozenAt frozenBy }"""
QUARTER = {"start": "2025-01-01", "end": "2025-03-31"}
TWO_MONTHS = {"start": "2025-01-01", "end": "2025-02-28"}
HISTORY = "query($id: ID!) { node(id: $id) { ... on Kpi { baseline { version } baselines { id version value } } } }"


async def freeze(caller: Caller, kpi: str, window: dict[str, str], **given: Any) -> dict[str, Any]:
    payload = await caller.change("baselineFreeze", FIELDS, kpiId=kpi, window=window, **given)
    baseline: dict[str, Any] = payload["baseline"]
    return baseline


async def test_a_level_is_the_mean_of_its_periods(agency: Caller, records: RecordShop, world: World) -> None:
    """170 and 230 euros: 200 on average, 1800 square euros apart."""
    found = await freeze(agency, await records.planner.kpi("net_revenue"), TWO_MONTHS)
    assert found["frozenAt"].startswith("20")
    del found["frozenAt"]
    assert found == {
        "version": 1,
        "value": "200.00",
        "windowStart": "2025-01-01",
        "windowEnd": "2025-02-28",
        "grain": "MONTH",
        "n": 6,
        "periods": 2,
        "variance": "1800.00",
        "method": "MEAN_OF_PERIODS",
        "definitionVersion": 1,
        "warnings": ["UNDER_ONE_SEASONAL_CYCLE", "SMALL_SAMPLE"],
        "reason": None,
        "frozenBy": f"app:{world.agency.machine.actor.app_id}",
    }


@pytest.mark.parametrize(
    ("key", "value", "variance"),
    [
        ("average_order_value", "70.00", "355.555556"),
        ("refund_rate", "0.0476190476", "0.0032"),
        ("repeat_purchase_rate", "0.2", "0.125"),
        ("orders", "3", "0"),
    ],
)
async def test_a_ratio_is_the_ratio_of_the_sums(
    agency: Caller, records: RecordShop, key: str, value: str, variance: str
) -> None:
    """(480 - 60) / 6 orders; 20 / 420; one of five customers of a month came twice."""
    found = await freeze(agency, await records.planner.kpi(key), TWO_MONTHS)
    assert (found["value"], found["variance"]) == (value, variance)


async def test_a_single_period_does_not_vary(agency: Caller, records: RecordShop) -> None:
    kpi = await records.planner.kpi("net_revenue")
    found = await freeze(agency, kpi, {"start": "2025-02-01", "end": "2025-02-28"})
    assert (found["value"], found["periods"], found["variance"]) == ("230.00", 1, None)


async def test_what_a_window_lacks_is_said(agency: Caller, records: RecordShop) -> None:
    kpi = await records.planner.kpi("revenue_growth")
    found = await freeze(agency, kpi, QUARTER)
    assert found["periods"] == 2
    assert "PERIODS_WITHOUT_VALUE" in found["warnings"]
    assert "WINDOW_INCOMPLETE" not in found["warnings"]


async def test_it_is_frozen_once_and_revised_with_a_reason(agency: Caller, records: RecordShop, ledger: Ledger) -> None:
    kpi = await records.planner.kpi("net_revenue")
    await freeze(agency, kpi, TWO_MONTHS)
    first = (await agency.ask(HISTORY, id=kpi)).data["node"]["baselines"]
    before = await ledger.read()
    refused = await agency.refusal("baselineFreeze", kpiId=kpi, window=QUARTER)
    assert (refused.code, refused.field) == ("BASELINE_FROZEN", ("input", "kpiId"))
    for reason in ("", " \n"):
        refused = await agency.refusal("baselineRevise", kpiId=kpi, window=QUARTER, reason=reason)
        assert (refused.code, refused.field) == ("INVALID", ("input", "reason"))
    assert await ledger.read() == before
    payload = await agency.change("baselineRevise", FIELDS, kpiId=kpi, window=QUARTER, reason=" March was missing. ")
    assert payload["baseline"]["version"] == 2
    assert payload["baseline"]["reason"] == "March was missing."
    assert payload["baseline"]["value"] == "86.666667"
    history = (await agency.ask(HISTORY, id=kpi)).data["node"]
    assert history["baseline"] == {"version": 2}
    assert [each["version"] for each in history["baselines"]] == [2, 1]
    assert history["baselines"][1:] == first


async def test_nothing_can_be_revised_that_was_never_frozen(agency: Caller, records: RecordShop) -> None:
    kpi = await records.planner.kpi("net_revenue")
    refused = await agency.refusal("baselineRevise", kpiId=kpi, window=QUARTER, reason="Because.")
    assert (refused.code, refused.field) == ("NO_BASELINE", ("input", "kpiId"))


WINDOWS = {
    "starts within a month": ("2025-01-02", "2025-02-28", "MONTH", "INVALID"),
    "ends within a month": ("2025-01-01", "2025-02-27", "MONTH", "INVALID"),
    "weeks begin on Monday": ("2025-01-05", "2025-01-11", "WEEK", "INVALID"),
    "a quarter is no year": ("2025-01-01", "2025-03-31", "YEAR", "INVALID"),
    "ends before it starts": ("2025-02-01", "2025-01-31", "MONTH", "ENDS_BEFORE_IT_STARTS"),
    "too many periods": ("2020-01-01", "2025-01-01", "DAY", "INVALID"),
    "no value in it": ("2024-01-01", "2024-06-30", "MONTH", "VALUE_UNAVAILABLE"),
}


@pytest.mark.parametrize(("start", "end", "grain", "code"), WINDOWS.values(), ids=WINDOWS)
async def test_a_window_is_of_whole_periods(
    agency: Caller, records: RecordShop, ledger: Ledger, start: str, end: str, grain: str, code: str
) -> None:
    kpi = await records.planner.kpi("net_revenue")
    before = await ledger.read()
    refused = await agency.refusal("baselineFreeze", kpiId=kpi, window={"start": start, "end": end}, grain=grain)
    assert (refused.code, refused.field) == (code, ("input", "window"))
    if "week" in refused.message:
        assert "2024-12-30 to 2025-01-12" in refused.message
    assert await ledger.read() == before


async def test_windows_of_other_grains(agency: Caller, records: RecordShop) -> None:
    weeks = await freeze(
        agency, await records.planner.kpi("orders"), {"start": "2025-02-03", "end": "2025-02-16"}, grain="WEEK"
    )
    assert (weeks["value"], weeks["periods"]) == ("1", 2)
    quarter = await freeze(agency, await records.planner.kpi("net_revenue"), QUARTER, grain="QUARTER")
    assert (quarter["value"], quarter["periods"]) == ("260.00", 1)
    refused = await agency.refusal(
        "baselineFreeze", kpiId=await records.planner.kpi(), window=QUARTER, grain="TRAILING_90_DAYS"
    )
    assert (refused.code, refused.field) == ("INVALID", ("input", "grain"))


async def test_a_kpi_that_was_put_away_gets_no_baseline(agency: Caller, records: RecordShop, ledger: Ledger) -> None:
    kpi = await records.planner.kpi("net_revenue")
    await freeze(agency, kpi, TWO_MONTHS)
    fresh = await records.planner.kpi("net_revenue")
    for each in (kpi, fresh):
        await agency.change("kpiArchive", kpiId=each)
    before = await ledger.read()
    refused = await agency.refusal("baselineFreeze", kpiId=fresh, window=TWO_MONTHS)
    assert (refused.code, refused.field) == ("ALREADY_ARCHIVED", ("input", "kpiId"))
    refused = await agency.refusal("baselineRevise", kpiId=kpi, window=QUARTER, reason="Because.")
    assert (refused.code, refused.field) == ("ALREADY_ARCHIVED", ("input", "kpiId"))
    assert await ledger.read() == before


async def test_of_two_at_once_one_is_first(agency: Caller, records: RecordShop) -> None:
    kpi = await records.planner.kpi("net_revenue")
    answers = await asyncio.gather(
        *(agency.attempt("baselineFreeze", {"kpiId": kpi, "window": TWO_MONTHS}) for _ in range(4))
    )
    errors = [answer.data["baselineFreeze"]["userErrors"] for answer in answers]
    assert sorted(len(each) for each in errors) == [0, 1, 1, 1]
    assert {error["code"] for each in errors for error in each} == {"BASELINE_FROZEN"}
    assert len((await agency.ask(HISTORY, id=kpi)).data["node"]["baselines"]) == 1


async def test_what_arrives_later_does_not_touch_it(agency: Caller, world: World) -> None:
    tenant = await world.another_tenant()
    shop = await world.another_shop(tenant)
    await shop.sell(order(1, at("2025-01-10T12:00"), 10_000))
    kpi = await world.planner(tenant).kpi()
    await freeze(agency, kpi, {"start": "2025-01-01", "end": "2025-01-31"})
    await shop.sell(order(2, at("2025-01-11T12:00"), 5_000))
    query = """query($id: ID!) { node(id: $id) { ... on Kpi { baseline { value n }
      month: value(period: THIS_MONTH, on: "2025-01-31") { value vsBaseline { absolute relative } }
      quarter: value(period: THIS_QUARTER, on: "2025-01-31") { value vsBaseline { absolute } }
      then: value(period: THIS_MONTH, on: "2025-01-31", asOf: "2025-06-01T00:00:00Z") { vsBaseline { absolute } }
    } } }"""
    assert (await agency.ask(query, id=kpi)).data["node"] == {
        "baseline": {"value": "100.00", "n": 1},
        "month": {"value": "150.00", "vsBaseline": {"absolute": "50.00", "relative": "0.5"}},
        "quarter": {"value": "150.00", "vsBaseline": None},
        "then": {"vsBaseline": None},
    }
