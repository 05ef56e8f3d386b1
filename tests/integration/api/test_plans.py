"""Tenants, objectives, KPIs and automations: what is said is told back, and what makes no sense is refused."""

import asyncio
from typing import Any

import pytest

from tests.factories.plans import Planner
from tests.integration.api.client import Caller
from tests.integration.api.conftest import Asking
from tests.integration.api.ledger import Ledger
from tests.integration.api.shapes import leaves, mutations, sample
from tests.integration.api.world import World

ODD_TEXT = "Bäckerei \u201eZum Löwen\u201c \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 \U0001f956 e\u0301"


@pytest.fixture
async def planner(world: World) -> Planner:
    return world.planner(await world.another_tenant())


async def test_a_tenant_is_opened_as_it_was_described(agency: Caller, world: World) -> None:
    given = await sample("tenantCreate", world.agency)
    fields = "tenant { id name currency timeZone fiscalYearStartMonth kpis { nodes { id } } upToDate dataVersion }"
    tenant = (await agency.change("tenantCreate", fields, **{**given, "name": f" {ODD_TEXT} "}))["tenant"]
    assert tenant["id"].startswith("ten_")
    del tenant["id"]
    assert tenant == {
        "name": ODD_TEXT,
        "currency": "EUR",
        "timeZone": "Europe/Berlin",
        "fiscalYearStartMonth": 4,
        "kpis": {"nodes": []},
        "upToDate": True,
        "dataVersion": 0,
    }


TENANTS: dict[str, tuple[dict[str, Any], str]] = {
    "no such currency": ({"currency": "EUX"}, "currency"),
    "small letters": ({"currency": "eur"}, "currency"),
    "gold": ({"currency": "XAU"}, "currency"),
    "a sign": ({"currency": "\u20ac"}, "currency"),
    "no such zone": ({"timeZone": "Europe/Atlantis"}, "timeZone"),
    "an offset": ({"timeZone": "+01:00"}, "timeZone"),
    "a path": ({"timeZone": "../../../etc/passwd"}, "timeZone"),
    "a zone in small letters": ({"timeZone": "europe/berlin"}, "timeZone"),
    "an absolute path": ({"timeZone": "/usr/share/zoneinfo/UTC"}, "timeZone"),
    "no month": ({"fiscalYearStartMonth": 0}, "fiscalYearStartMonth"),
    "a thirteenth month": ({"fiscalYearStartMonth": 13}, "fiscalYearStartMonth"),
    "beyond a century": ({"clockShiftDays": 36_526}, "clockShiftDays"),
}


@pytest.mark.parametrize(("given", "field"), TENANTS.values(), ids=TENANTS)
async def test_a_tenant_that_makes_no_sense(
    agency: Caller, world: World, ledger: Ledger, given: dict[str, Any], field: str
) -> None:
    input = {**await sample("tenantCreate", world.agency), **given}
    before = await ledger.read()
    refused = await agency.refusal("tenantCreate", **input)
    assert (refused.code, refused.field) == ("INVALID", ("input", field))
    assert await ledger.read() == before


async def test_every_currency_zone_and_bound_that_exists_is_taken(agency: Caller, world: World) -> None:
    given = await sample("tenantCreate", world.agency)
    odd: list[dict[str, Any]] = [
        {"currency": "JPY", "timeZone": "Pacific/Apia"},
        {"currency": "KWD", "timeZone": "Australia/Lord_Howe"},
        {"currency": "UYU", "timeZone": "America/Argentina/ComodRivadavia"},
        {"timeZone": "UTC", "fiscalYearStartMonth": 12, "clockShiftDays": -36_525},
        {"timeZone": "Asia/Kathmandu", "fiscalYearStartMonth": 1, "clockShiftDays": 36_525},
    ]
    assert await agency.attempts("tenantCreate", [{**given, **each} for each in odd]) == [None] * len(odd)


async def test_an_objective_and_its_evidence(agency: Caller, planner: Planner) -> None:
    parent = await planner.objective("Everything")
    fields = (
        "objective { id tenantId title description parentId startsOn dueOn archivedAt status kpis { nodes { id } } }"
    )
    made = await agency.change(
        "objectiveCreate",
        fields,
        tenantId=planner.tenant.gid,
        title=f" {ODD_TEXT} ",
        description="",
        startsOn="2025-01-01",
        dueOn="2025-01-02",
        parentId=parent,
    )
    objective = made["objective"]
    gid = objective.pop("id")
    assert objective == {
        "tenantId": planner.tenant.gid,
        "title": ODD_TEXT,
        "description": None,
        "parentId": parent,
        "startsOn": "2025-01-01",
        "dueOn": "2025-01-02",
        "archivedAt": None,
        "status": "NO_DATA",
        "kpis": {"nodes": []},
    }
    kpi = await planner.kpi()
    linked = await agency.change("objectiveKpiLink", fields, objectiveId=gid, kpiId=kpi)
    assert linked["objective"]["kpis"]["nodes"] == [{"id": kpi}]
    twice = await agency.refusal("objectiveKpiLink", objectiveId=gid, kpiId=kpi)
    assert (twice.code, twice.field) == ("ALREADY_LINKED", ("input", "kpiId"))
    archived = await agency.change("objectiveArchive", fields, objectiveId=gid)
    assert archived["objective"]["archivedAt"] is not None


async def test_an_objective_ends_after_it_begins(agency: Caller, planner: Planner, ledger: Ledger) -> None:
    before = await ledger.read()
    for due in ("2025-01-01", "2024-12-31"):
        refused = await agency.refusal(
            "objectiveCreate", tenantId=planner.tenant.gid, title="x", startsOn="2025-01-01", dueOn=due
        )
        assert (refused.code, refused.field) == ("ENDS_BEFORE_IT_STARTS", ("input", "dueOn"))
    assert await ledger.read() == before


async def test_a_kpi_is_a_metric_with_a_name(agency: Caller, planner: Planner) -> None:
    fields = "kpi { id tenantId metricKey name segment metric { key } baseline { version } target { value } }"
    tenant = planner.tenant.gid
    plain = (await agency.change("kpiCreate", fields, tenantId=tenant, metricKey="net_revenue"))["kpi"]
    assert (plain["name"], plain["segment"], plain["metric"]["key"]) == ("Net revenue", None, "net_revenue")
    named = await agency.change("kpiCreate", fields, tenantId=tenant, metricKey="orders", name=ODD_TEXT, segment="")
    assert (named["kpi"]["name"], named["kpi"]["segment"]) == (ODD_TEXT, None)
    web = await agency.change("kpiCreate", fields, tenantId=tenant, metricKey="orders", segment="channel=web")
    assert web["kpi"]["segment"] == "channel=web"
    unknown = await agency.refusal("kpiCreate", tenantId=tenant, metricKey="Net_Revenue")
    assert (unknown.code, unknown.field) == ("UNKNOWN_METRIC", ("input", "metricKey"))


async def test_an_automation_and_what_it_is_for(agency: Caller, planner: Planner) -> None:
    fields = "initiative { id name kind tool processKey aiPowered goLiveOn links { id } }"
    made = await agency.change(
        "initiativeCreate",
        fields,
        tenantId=planner.tenant.gid,
        name="Win-back mails",
        kind="MARKETING",
        tool="",
        processKey="mailing",
        aiPowered=True,
        goLiveOn="2025-02-28",
    )
    gid = made["initiative"].pop("id")
    assert made["initiative"] == {
        "name": "Win-back mails",
        "kind": "MARKETING",
        "tool": None,
        "processKey": "mailing",
        "aiPowered": True,
        "goLiveOn": "2025-02-28",
        "links": [],
    }
    kpi, objective = await planner.kpi(), await planner.objective()
    link = "link { id objectiveId expectedChange expectedBy hypothesis initiative { id } kpi { id } }"
    wanted = {"initiativeId": gid, "objectiveId": objective}
    first = (await agency.change("initiativeLink", link, **wanted, kpiId=kpi, expectedChange="-100"))["link"]
    assert (first["expectedChange"], first["kpi"], first["initiative"]) == ("-100", {"id": kpi}, {"id": gid})
    second = (await agency.change("initiativeLink", link, **wanted, expectedChange="0.150"))["link"]
    assert (second["expectedChange"], second["kpi"]) == ("0.15", None)
    for again in ({**wanted, "kpiId": kpi}, wanted):
        refused = await agency.refusal("initiativeLink", **again)
        assert (refused.code, refused.field) == ("ALREADY_LINKED", ("input", "objectiveId"))
    query = """query($id: ID!) { node(id: $id) { ... on Objective {
      initiatives { nodes { id initiative { links { id } } } } } } }"""
    seen = (await agency.ask(query, id=objective)).data["node"]["initiatives"]["nodes"]
    assert [each["id"] for each in seen] == [first["id"], second["id"]]
    assert [each["id"] for each in seen[0]["initiative"]["links"]] == [first["id"], second["id"]]


async def test_what_was_put_away_is_not_built_upon(agency: Caller, planner: Planner, ledger: Ledger) -> None:
    """Each refusal names the field that leads to what is archived."""
    tenant, window = planner.tenant.gid, {"start": "2025-01-01", "end": "2025-01-31"}
    kpi, objective, initiative = await planner.kpi(), await planner.objective(), await planner.initiative()
    old_kpi, old_objective, old_initiative = await planner.kpi(), await planner.objective(), await planner.initiative()
    await agency.change("kpiArchive", kpiId=old_kpi)
    await agency.change("objectiveArchive", objectiveId=old_objective)
    await agency.change("initiativeArchive", initiativeId=old_initiative)
    days = {"startOn": "2025-01-01", "dueOn": "2025-12-31"}
    spans = {"startsOn": "2025-01-01", "dueOn": "2025-12-31"}
    before = await ledger.read()
    for mutation, field, input in (
        ("kpiArchive", "kpiId", {"kpiId": old_kpi}),
        ("objectiveArchive", "objectiveId", {"objectiveId": old_objective}),
        ("initiativeArchive", "initiativeId", {"initiativeId": old_initiative}),
        ("objectiveKpiLink", "kpiId", {"objectiveId": objective, "kpiId": old_kpi}),
        ("objectiveKpiLink", "objectiveId", {"objectiveId": old_objective, "kpiId": kpi}),
        ("initiativeLink", "initiativeId", {"initiativeId": old_initiative, "objectiveId": objective}),
        ("initiativeLink", "objectiveId", {"initiativeId": initiative, "objectiveId": old_objective}),
        ("initiativeLink", "kpiId", {"initiativeId": initiative, "objectiveId": objective, "kpiId": old_kpi}),
        ("objectiveCreate", "parentId", {"tenantId": tenant, "title": "x", "parentId": old_objective, **spans}),
        ("targetCreate", "kpiId", {"kpiId": old_kpi, "value": "2", "startValue": "1", **days}),
        ("baselineFreeze", "kpiId", {"kpiId": old_kpi, "window": window}),
    ):
        refused = await agency.refusal(mutation, **input)
        assert (refused.code, refused.field) == ("ALREADY_ARCHIVED", ("input", field)), mutation
    assert await ledger.read() == before


async def test_of_two_at_once_one_links(agency: Caller, planner: Planner) -> None:
    wanted = {"objectiveId": await planner.objective(), "kpiId": await planner.kpi()}
    link = {"objectiveId": wanted["objectiveId"], "initiativeId": await planner.initiative()}
    for mutation, input in (("objectiveKpiLink", wanted), ("initiativeLink", link)):
        answers = await asyncio.gather(*(agency.attempt(mutation, input) for _ in range(4)))
        errors = [answer.data[mutation]["userErrors"] for answer in answers]
        assert sorted(len(each) for each in errors) == [0, 1, 1, 1]
        assert {each[0]["code"] for each in errors if each} <= {"ALREADY_LINKED", "ALREADY_EXISTS"}


async def test_a_null_is_what_was_left_out(asking: Asking) -> None:
    """Where a field may be left out, null means the same."""
    for mutation in mutations():
        asker = await asking(mutation)
        input, caller = await sample(mutation, asker.home), await asker.sign_in()
        optional = {leaf.path[0] for leaf in leaves("String", "Date", "Decimal", "ID") if leaf.mutation == mutation}
        required = {leaf.path[0] for leaf in leaves("String", "Date", "Decimal", "ID") if leaf.required}
        nulls = dict.fromkeys(optional - required - {"points", "tolerance", "startValue", "trajectory"})
        refused = (await caller.attempt(mutation, {**input, **nulls})).data[mutation]["userErrors"]
        assert refused == [], mutation
