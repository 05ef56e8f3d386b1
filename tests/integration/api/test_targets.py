"""Where a KPI shall go: what may be asked for, and how it stands on the way, reckoned by hand."""

from decimal import Decimal
from typing import Any

import pytest

from tests.integration.api.client import Caller
from tests.integration.api.ledger import Ledger
from tests.integration.api.record_shop import RecordShop

FIELDS = "target { id value startValue stretchValue startOn dueOn grain trajectory points { on value } tolerance note }"
PROGRESS = """query($id: ID!, $on: Date!) { node(id: $id) { ... on Target { status(on: $on)
  progress(on: $on) { on status expected judgedBy actual { value period { start end } } } } } }"""
YEAR = {"startOn": "2025-01-01", "dueOn": "2025-12-31"}


async def target(caller: Caller, records: RecordShop, key: str = "net_revenue", **given: Any) -> dict[str, Any]:
    wanted = {"kpiId": await records.planner.kpi(key), "value": "300", "startValue": "200", **YEAR, **given}
    made: dict[str, Any] = (await caller.change("targetCreate", FIELDS, **wanted))["target"]
    return made


async def progress(caller: Caller, target: dict[str, Any], on: str) -> dict[str, Any]:
    found = (await caller.ask(PROGRESS, id=target["id"], on=on)).data["node"]
    assert found["status"] == found["progress"]["status"]
    told: dict[str, Any] = found["progress"]
    return told


async def test_it_is_told_back(agency: Caller, records: RecordShop) -> None:
    made = await target(agency, records, stretchValue="350.5", tolerance="0.05", note=" Agreed. ", grain="QUARTER")
    del made["id"]
    assert made == {
        "value": "300.00",
        "startValue": "200.00",
        "stretchValue": "350.50",
        "startOn": "2025-01-01",
        "dueOn": "2025-12-31",
        "grain": "QUARTER",
        "trajectory": "LINEAR",
        "points": [],
        "tolerance": "0.05",
        "note": "Agreed.",
    }


async def test_a_straight_way(agency: Caller, records: RecordShop) -> None:
    """73 of 364 days are a little more than a fifth of the way."""
    made = await target(agency, records)
    assert await progress(agency, made, "2025-03-15") == {
        "on": "2025-03-15",
        "status": "ON_TRACK",
        "expected": "220.054945",
        "judgedBy": "215.934066",
        "actual": {"value": "230.00", "period": {"start": "2025-02-01", "end": "2025-02-28"}},
    }
    assert (await progress(agency, made, "2025-04-10"))["status"] == "OFF_TRACK"
    assert (await progress(agency, made, "2024-12-31"))["status"] == "NO_DATA"
    due = await progress(agency, made, "2025-12-31")
    assert (due["status"], due["expected"], due["actual"]["value"]) == ("MISSED", "300.00", "0.00")
    assert (await progress(agency, made, "2026-06-01"))["actual"] == due["actual"]


@pytest.mark.parametrize(
    ("start", "value", "status"), [("200", "300", "ON_TRACK"), ("235", "300", "AT_RISK"), ("239", "400", "OFF_TRACK")]
)
async def test_the_tolerance_lies_between_risk_and_failure(
    agency: Caller, records: RecordShop, start: str, value: str, status: str
) -> None:
    """On 28 February the ways ask for 215.93, 245.36 and 264.65; there were 230."""
    made = await target(agency, records, startValue=start, value=value)
    assert (await progress(agency, made, "2025-03-15"))["status"] == status


async def test_reached_when_it_is_due(agency: Caller, records: RecordShop) -> None:
    made = await target(agency, records, startValue="100", value="230", dueOn="2025-02-28")
    assert (await progress(agency, made, "2025-02-28"))["status"] == "MET"
    assert (await progress(agency, made, "2025-09-01"))["status"] == "MET"
    almost = await target(agency, records, startValue="100", value="230.01", dueOn="2025-02-28")
    assert (await progress(agency, almost, "2025-02-28"))["status"] == "MISSED"


async def test_a_day_to_come_has_no_status_yet(agency: Caller, records: RecordShop) -> None:
    made = await target(agency, records, dueOn="2099-12-31")
    assert (await progress(agency, made, "2099-12-31"))["status"] == "NO_DATA"


async def test_the_last_period_decides_and_no_earlier_one(agency: Caller, records: RecordShop) -> None:
    """Due in the middle of a year: the last whole month before that day is what counts."""
    made = await target(agency, records, startValue="100", value="230", dueOn="2025-03-10")
    due = await progress(agency, made, "2025-03-10")
    assert (due["status"], due["judgedBy"]) == ("MET", "230.00")
    before = await progress(agency, made, "2025-03-09")
    assert before["status"] == "ON_TRACK"
    assert Decimal(before["judgedBy"]) < Decimal("230")


async def test_down_can_be_good(agency: Caller, records: RecordShop) -> None:
    """8 % of February's money went back."""
    made = await target(agency, records, "refund_rate", startValue="0.1", value="0.05")
    assert (await progress(agency, made, "2025-03-15"))["status"] == "ON_TRACK"
    strict = await target(agency, records, "refund_rate", startValue="0.07", value="0.01")
    assert (await progress(agency, strict, "2025-03-15"))["status"] == "OFF_TRACK"


WAYS = {
    "STEPPED": ([{"on": "2025-04-01", "value": "250"}], {"2025-03-31": "200.00", "2025-04-01": "250.00"}),
    "CUSTOM": ([{"on": "2025-01-31", "value": "260"}], {"2025-01-16": "230.00", "2025-01-31": "260.00"}),
    "S_CURVE": ([], {"2025-01-01": "200.00", "2025-07-02": "250.00", "2025-04-02": "215.625"}),
    "HOLD": ([], {"2025-01-01": "300.00", "2025-07-02": "300.00"}),
    "LINEAR": ([], {"2025-04-02": "225.00", "2025-07-02": "250.00", "2025-12-31": "300.00"}),
}


@pytest.mark.parametrize("trajectory", WAYS)
async def test_ways_of_every_shape(agency: Caller, records: RecordShop, trajectory: str) -> None:
    points, expected = WAYS[trajectory]
    made = await target(agency, records, trajectory=trajectory, points=points)
    for on, value in expected.items():
        assert (await progress(agency, made, on))["expected"] == value, on


POINTS = [{"on": "2025-06-30", "value": "250"}]
REFUSED: dict[str, tuple[dict[str, Any], str, tuple[str, ...]]] = {
    "due before it starts": ({"dueOn": "2024-12-31"}, "ENDS_BEFORE_IT_STARTS", ("dueOn",)),
    "due as it starts": ({"dueOn": "2025-01-01"}, "ENDS_BEFORE_IT_STARTS", ("dueOn",)),
    "worse than the start": ({"value": "199.99"}, "TARGET_NOT_BETTER", ("value",)),
    "as good as the start": ({"value": "200"}, "TARGET_NOT_BETTER", ("value",)),
    "no start": ({"startValue": None}, "INVALID", ("startValue",)),
    "less than none tolerated": ({"tolerance": "-0.01"}, "INVALID", ("tolerance",)),
    "all tolerated and more": ({"tolerance": "1.01"}, "INVALID", ("tolerance",)),
    "windows that overlap": ({"grain": "TRAILING_28_DAYS"}, "INVALID", ("grain",)),
    "a straight way with a bend": ({"points": POINTS}, "INVALID", ("points",)),
    "a curve with a bend": ({"points": POINTS, "trajectory": "S_CURVE"}, "INVALID", ("points",)),
    "a held value with a step": ({"points": POINTS, "trajectory": "HOLD"}, "INVALID", ("points",)),
    "steps without one": ({"trajectory": "STEPPED"}, "INVALID", ("points",)),
    "bends without one": ({"trajectory": "CUSTOM"}, "INVALID", ("points",)),
    "a step at the start": (
        {"trajectory": "STEPPED", "points": [{"on": "2025-01-01", "value": "210"}]},
        "INVALID",
        ("points", "0", "on"),
    ),
    "a step when it is due": (
        {"trajectory": "STEPPED", "points": [*POINTS, {"on": "2025-12-31", "value": "260"}]},
        "INVALID",
        ("points", "1", "on"),
    ),
    "steps in disorder": (
        {"trajectory": "STEPPED", "points": [*POINTS, {"on": "2025-05-31", "value": "260"}]},
        "INVALID",
        ("points", "1", "on"),
    ),
    "two steps a day": ({"trajectory": "STEPPED", "points": POINTS * 2}, "INVALID", ("points", "1", "on")),
    "too many steps": (
        {"trajectory": "STEPPED", "points": [{"on": f"2025-03-{1 + day % 28:02}", "value": "9"} for day in range(61)]},
        "INVALID",
        ("points",),
    ),
    "less wanted at best than at all": ({"stretchValue": "299"}, "INVALID", ("stretchValue",)),
}  # fmt: skip


@pytest.mark.parametrize(("given", "code", "field"), REFUSED.values(), ids=REFUSED)
async def test_what_is_no_target_is_refused(
    agency: Caller, records: RecordShop, ledger: Ledger, given: dict[str, Any], code: str, field: tuple[str, ...]
) -> None:
    kpi = await records.planner.kpi("net_revenue")
    before = await ledger.read()
    refused = await agency.refusal(
        "targetCreate", **{"kpiId": kpi, "value": "300", "startValue": "200", **YEAR, **given}
    )
    assert (refused.code, refused.field) == (code, ("input", *field))
    assert await ledger.read() == before


async def test_the_start_is_the_baselines_where_it_measures_the_same(agency: Caller, records: RecordShop) -> None:
    kpi = await records.planner.kpi("net_revenue")
    window = {"start": "2025-01-01", "end": "2025-02-28"}
    await agency.change("baselineFreeze", kpiId=kpi, window=window)
    made = await agency.change("targetCreate", FIELDS, kpiId=kpi, value="250", **YEAR)
    assert made["target"]["startValue"] == "200.00"
    refused = await agency.refusal("targetCreate", kpiId=kpi, value="900", grain="QUARTER", **YEAR)
    assert (refused.code, refused.field) == ("INVALID", ("input", "startValue"))
    worse = await agency.refusal("targetCreate", kpiId=kpi, value="180", **YEAR)
    assert (worse.code, worse.field) == ("TARGET_NOT_BETTER", ("input", "value"))


async def test_down_is_better_for_what_should_shrink(agency: Caller, records: RecordShop) -> None:
    kpi = await records.planner.kpi("refund_rate")
    refused = await agency.refusal("targetCreate", kpiId=kpi, value="0.2", startValue="0.1", **YEAR)
    assert (refused.code, refused.field) == ("TARGET_NOT_BETTER", ("input", "value"))
    assert "lower" in refused.message
    best = await agency.refusal("targetCreate", kpiId=kpi, value="0.05", startValue="0.1", stretchValue="0.06", **YEAR)
    assert best.field == ("input", "stretchValue")


async def test_the_newest_live_target_counts(agency: Caller, records: RecordShop) -> None:
    kpi = await records.planner.kpi("net_revenue")
    query = "query($id: ID!) { node(id: $id) { ... on Kpi { target { value } targets { id value } } } }"
    for value in ("300", "400"):
        await agency.change("targetCreate", kpiId=kpi, value=value, startValue="200", **YEAR)
    found = (await agency.ask(query, id=kpi)).data["node"]
    assert found["target"] == {"value": "400.00"}
    assert [each["value"] for each in found["targets"]] == ["400.00", "300.00"]
    await agency.change("targetArchive", targetId=found["targets"][0]["id"])
    after = (await agency.ask(query, id=kpi)).data["node"]
    assert (after["target"]["value"], len(after["targets"])) == ("300.00", 1)
    again = await agency.refusal("targetArchive", targetId=found["targets"][0]["id"])
    assert (again.code, again.field) == ("ALREADY_ARCHIVED", ("input", "targetId"))


async def test_an_objective_stands_as_its_worst_target(agency: Caller, records: RecordShop) -> None:
    query = "query($id: ID!, $on: Date!) { node(id: $id) { ... on Objective { status(on: $on) } } }"
    good, bad = await records.planner.kpi("net_revenue"), await records.planner.kpi("orders")
    objective = await records.planner.objective(kpis=(good, bad))
    status = (await agency.ask(query, id=objective, on="2025-03-15")).data["node"]["status"]
    assert status == "NO_DATA"
    await agency.change("targetCreate", kpiId=good, value="300", startValue="200", **YEAR)
    assert (await agency.ask(query, id=objective, on="2025-03-15")).data["node"]["status"] == "ON_TRACK"
    await agency.change("targetCreate", kpiId=bad, value="1000", startValue="900", **YEAR)
    assert (await agency.ask(query, id=objective, on="2025-03-15")).data["node"]["status"] == "OFF_TRACK"
