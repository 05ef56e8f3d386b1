"""Templates: a client's plan for other clients, applied as often as one likes, and what became of it."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from api.ids import Kind, decode
from domain.connections.house import House
from domain.kpis.trajectories import Point, Trajectory
from domain.templates import service, taking
from tests.factories.jobs import give_up_jobs, work_off
from tests.factories.plans import Planner
from tests.factories.shops import order
from tests.factories.tenants import change_grants
from tests.integration.api.client import Caller
from tests.integration.api.ledger import Ledger
from tests.integration.api.world import World

START = "2026-01-01"
CONTENT = """content { version
  objectives { title description days parentKey kpiKeys key }
  kpis { key metricKey segment name target { change value days trajectory grain tolerance rationale
    stretchChange stretchValue points { days change value } } } }"""
RESULTS = """query($id: ID!) { node(id: $id) { ... on Job { state dryRun done failed results(first: 100) { nodes {
  tenantId code message subjectId
  template { objectives kpis links targets changed leftOut { kind key name code } } } } } } }"""
DIFFERENCE = "kind name state fields"
DRIFT = f"""query($id: ID!) {{ node(id: $id) {{ ... on Template {{ newest drift(first: 100) {{ nodes {{
  tenantId version denied {{ code }} fromApplied {{ {DIFFERENCE} }} fromNewest {{ {DIFFERENCE} }} }} }} }} }} }}"""
PLAN = """query($id: ID!) { tenant(id: $id) {
  objectives { nodes { id title description startsOn dueOn kpis { nodes { name } } } }
  kpis { nodes { id name metricKey segment targets { id value startValue startOn dueOn trajectory stretchValue
    points { on value } } } } } }"""


@dataclass(frozen=True)
class Desk:
    caller: Caller
    world: World
    house: House
    ledger: Ledger

    async def template(self, planner: Planner, **given: Any) -> str:
        input = {"tenantId": planner.tenant.gid, "name": "Retail", **given}
        gid: str = (await self.caller.change("templateCreate", "template { id }", **input))["template"]["id"]
        return gid

    async def revise(self, template: str, planner: Planner) -> dict[str, Any]:
        selection = f"template {{ newest {CONTENT} }}"
        payload = await self.caller.change(
            "templateRevise", selection, templateId=template, tenantId=planner.tenant.gid
        )
        return dict(payload["template"])

    async def content(self, template: str) -> dict[str, Any]:
        query = f"query($id: ID!) {{ node(id: $id) {{ ... on Template {{ {CONTENT} }} }} }}"
        return dict((await self.caller.ask(query, id=template)).data["node"]["content"])

    async def ask(self, template: str, *planners: Planner, **given: Any) -> str:
        input = {
            "templateId": template,
            "tenantIds": [each.tenant.gid for each in planners],
            "startsOn": START,
            **given,
        }
        gid: str = (await self.caller.change("templateApply", "job { id }", **input))["job"]["id"]
        return gid

    async def apply(self, template: str, *planners: Planner, **given: Any) -> list[dict[str, Any]]:
        """The results, in the order of the clients."""
        gid = await self.ask(template, *planners, **given)
        await work_off(self.house, self.ledger.connection, gid)
        job = (await self.caller.ask(RESULTS, id=gid)).data["node"]
        assert job["state"] == "DONE"
        found = {each["tenantId"]: each for each in job["results"]["nodes"]}
        return [found[each.tenant.gid] for each in planners]

    async def drift(self, template: str) -> dict[str, dict[str, Any]]:
        nodes = (await self.caller.ask(DRIFT, id=template)).data["node"]["drift"]["nodes"]
        return {each.pop("tenantId"): each for each in nodes}

    async def plan(self, planner: Planner) -> dict[str, Any]:
        return dict((await self.caller.ask(PLAN, id=planner.tenant.gid)).data["tenant"])

    async def client(self, *, sells: int = 0) -> Planner:
        """One that sells for so many cents in each month of a quarter, if it does."""
        tenant = await self.world.another_tenant()
        if sells:
            shop = await self.world.another_shop(tenant)
            noon = [datetime.fromisoformat(f"2025-0{month}-15T12:00:00+00:00") for month in (1, 2, 3)]
            await shop.sell(*(order(at, day, sells) for at, day in enumerate(noon)))
        return self.world.planner(tenant)


async def freeze(planner: Planner, kpi: str) -> None:
    await planner.baseline(kpi, date(2025, 1, 1), date(2025, 3, 31))


@pytest.fixture
async def desk(agency: Caller, world: World, worker_house: House, ledger: Ledger) -> Desk:
    await give_up_jobs(world.database, world.agency.machine.organization_id)
    return Desk(agency, world, worker_house, ledger)


@pytest.fixture
async def source(desk: Desk) -> Planner:
    """What a client has: revenue doubled within a year, on the way to which orders are half as many again."""
    planner = await desk.client()
    revenue, orders = await planner.kpi(name="Revenue"), await planner.kpi("orders", segment="channel=web")
    whole = await planner.objective("Grow", kpis=(revenue,))
    await planner.objective("Sell on the web", parent=whole, kpis=(orders, revenue))
    await planner.target(revenue, stretch_value=Decimal(250))
    await planner.target(
        orders,
        start_value=Decimal(10),
        value=Decimal(15),
        trajectory=Trajectory.STEPPED,
        points=[Point(date(2025, 7, 1), Decimal(12))],
    )
    away = await planner.kpi("active_customers")
    await desk.caller.change("kpiArchive", kpiId=away)
    return planner


async def test_a_template_is_what_a_client_has_without_its_dates_and_figures(desk: Desk, source: Planner) -> None:
    content = await desk.content(await desk.template(source))
    revenue, orders = content["kpis"]
    grow, web = content["objectives"]
    target = {
        "grain": "MONTH",
        "tolerance": "0.1",
        "rationale": "GOAL",
        "value": None,
        "stretchValue": None,
        "days": 364,
    }
    assert revenue["target"] == {
        **target, "change": "1", "trajectory": "LINEAR", "stretchChange": "1.5", "points": [],
    }  # fmt: skip
    assert orders["target"] == {
        **target,
        "change": "0.5",
        "trajectory": "STEPPED",
        "stretchChange": None,
        "points": [{"days": 181, "change": "0.2", "value": None}],
    }
    assert [(each["metricKey"], each["segment"], each["name"]) for each in (revenue, orders)] == [
        ("net_revenue", "", "Revenue"),
        ("orders", "channel=web", "Orders"),
    ]
    assert (grow["title"], grow["parentKey"], grow["kpiKeys"], grow["days"]) == ("Grow", None, [revenue["key"]], 364)
    assert (web["parentKey"], web["kpiKeys"]) == (grow["key"], [revenue["key"], orders["key"]])
    assert content["version"] == 1


async def test_a_version_that_is_not_there_is_not_found(desk: Desk, source: Planner) -> None:
    query = "query($id: ID!, $v: Int) { node(id: $id) { ... on Template { content(version: $v) { version } } } }"
    template = await desk.template(source)
    for version in (0, -1, 2):
        assert (await desk.caller.ask(query, id=template, v=version)).code == "NOT_FOUND"
    assert (await desk.caller.ask(query, id=template, v=1)).data["node"]["content"] == {"version": 1}


async def test_a_client_gets_what_it_has_not(desk: Desk, source: Planner) -> None:
    """One KPI and its baseline are there: its target is twice its own figure. The other has nothing to start from."""
    client = await desk.client(sells=5001)
    own = await client.kpi(name="Turnover")
    await freeze(client, own)
    template = await desk.template(source)
    (result,) = await desk.apply(template, client)
    (left,) = result["template"].pop("leftOut")
    assert (left["kind"], left["name"], left["code"]) == ("TARGET", "Orders", "NO_START_VALUE")
    assert result["template"] == {"objectives": 2, "kpis": 1, "links": 3, "targets": 1, "changed": 0}
    assert (result["code"], result["subjectId"]) == ("PARTLY_DONE", template)
    plan = await desk.plan(client)
    turnover, orders = plan["kpis"]["nodes"]
    (target,) = turnover["targets"]
    assert {key: target[key] for key in ("value", "startValue", "startOn", "dueOn", "stretchValue")} == {
        "startValue": "50.01",
        "value": "100.02",
        "stretchValue": "125.02",
        "startOn": START,
        "dueOn": "2026-12-31",
    }
    assert (turnover["id"], turnover["name"], orders["targets"]) == (own, "Turnover", [])
    made = await desk.ledger.connection.fetchval(
        "SELECT changes FROM audit_entries WHERE tenant_id = $1 AND action = 'templateApply'", client.tenant.id
    )
    expected = {orders["id"], target["id"], *(each["id"] for each in plan["objectives"]["nodes"])}
    assert set(json.loads(made)["madeIds"]) == expected
    assert [
        (each["title"], each["dueOn"], [kpi["name"] for kpi in each["kpis"]["nodes"]])
        for each in plan["objectives"]["nodes"]
    ] == [
        ("Grow", "2026-12-31", ["Turnover"]),
        ("Sell on the web", "2026-12-31", ["Turnover", "Orders"]),
    ]
    await freeze(client, orders["id"])
    (again,) = await desk.apply(template, client)
    assert again["template"] == {"objectives": 0, "kpis": 0, "links": 0, "targets": 1, "changed": 0, "leftOut": []}
    assert again["code"] == "DONE"
    web = (await desk.plan(client))["kpis"]["nodes"][1]["targets"]
    assert [(each["value"], each["points"]) for each in web] == [("1.5", [{"on": "2026-07-01", "value": "1.2"}])]


async def test_the_same_again_and_several_at_once_do_nothing_more(desk: Desk, source: Planner) -> None:
    client, template = await desk.client(), await desk.template(source)
    jobs = [await desk.ask(template, client) for _ in range(3)]
    await work_off(desk.house, desk.ledger.connection, *jobs)
    made = []
    for gid in jobs:
        (result,) = (await desk.caller.ask(RESULTS, id=gid)).data["node"]["results"]["nodes"]
        made.append((result["template"]["objectives"], result["template"]["kpis"], result["template"]["links"]))
    assert sorted(made) == [(0, 0, 0), (0, 0, 0), (2, 2, 3)]
    plan = await desk.plan(client)
    assert (len(plan["objectives"]["nodes"]), len(plan["kpis"]["nodes"])) == (2, 2)


async def test_its_own_source_lacks_nothing(desk: Desk, source: Planner) -> None:
    (result,) = await desk.apply(await desk.template(source), source)
    assert result["template"] == {"objectives": 0, "kpis": 0, "links": 0, "targets": 0, "changed": 0, "leftOut": []}


async def test_a_dry_run_tells_all_and_changes_nothing(desk: Desk, source: Planner) -> None:
    client, template = await desk.client(), await desk.template(source)
    before = await desk.ledger.read()
    (tried,) = await desk.apply(template, client, dryRun=True)
    changed = (await desk.ledger.read()).added(before)
    assert changed.keys() <= {"bulk_jobs", "bulk_verdicts", "organization_audit_entries", "pgqueuer", "pgqueuer_log"}
    (done,) = await desk.apply(template, client)
    assert done == tried


async def test_a_newer_version_is_brought_to_clients_but_not_over_what_they_changed(
    desk: Desk, source: Planner
) -> None:
    faithful, stubborn = await desk.client(sells=1000), await desk.client(sells=1000)
    template = await desk.template(source)
    await desk.apply(template, faithful, stubborn)
    for client in (faithful, stubborn):
        for kpi in (await desk.plan(client))["kpis"]["nodes"]:
            await freeze(client, kpi["id"])
    await desk.apply(template, faithful, stubborn)
    # What no mutation of today can do, and one of tomorrow may: changing an objective, renaming a KPI.
    rename = "UPDATE objectives SET title = $2 WHERE tenant_id = $1 AND title = 'Grow'"
    await desk.ledger.execute(rename, stubborn.tenant.id, "Grow a little")
    revenue = (await desk.plan(stubborn))["kpis"]["nodes"][0]
    own = await stubborn.target(revenue["id"], value=Decimal(999))
    await desk.ledger.execute(rename, source.tenant.id, "Grow fast")
    await desk.ledger.execute(
        "UPDATE kpis SET name = 'Sales' WHERE tenant_id = $1 AND name = 'Revenue'", source.tenant.id
    )
    await desk.ledger.execute("UPDATE objectives SET description = 'Online.' WHERE tenant_id = $1", source.tenant.id)
    sales = (await desk.plan(source))["kpis"]["nodes"][0]
    await source.target(sales["id"], value=Decimal(300))
    revised = await desk.revise(template, source)
    assert revised["newest"] == 2
    assert [each["title"] for each in revised["content"]["objectives"]] == ["Grow fast", "Sell on the web"]
    changes = [each["template"]["changed"] for each in await desk.apply(template, faithful, stubborn)]
    assert changes == [4, 3]
    for client, titles, value in ((faithful, "Grow fast", "30.00"), (stubborn, "Grow a little", "999.00")):
        plan = await desk.plan(client)
        assert [(each["title"], each["description"]) for each in plan["objectives"]["nodes"]] == [
            (titles, "Online."),
            ("Sell on the web", "Online."),
        ]
        kpi = plan["kpis"]["nodes"][0]
        assert (kpi["name"], kpi["targets"][0]["value"]) == ("Sales", value)
    assert own in {each["id"] for each in (await desk.plan(stubborn))["kpis"]["nodes"][0]["targets"]}
    drift = await desk.drift(template)
    assert drift[faithful.tenant.gid]["fromNewest"] == []
    assert drift[stubborn.tenant.gid]["fromNewest"] == [
        {"kind": "OBJECTIVE", "name": "Grow fast", "state": "CHANGED", "fields": ["title"]},
        {"kind": "TARGET", "name": "Sales", "state": "CHANGED", "fields": ["value"]},
    ]


async def test_what_a_client_had_of_its_own_stays_its_own(desk: Desk, source: Planner) -> None:
    """Named as the older version named it, which is not for the newer one to change, nor to be counted as strayed."""
    client, template = await desk.client(), await desk.template(source)
    revenue = await client.kpi(name="Revenue")
    grow = await client.objective("Grow", kpis=(revenue,))
    await client.target(revenue, value=Decimal(999))
    await desk.apply(template, client)
    rename = "UPDATE objectives SET title = 'Grow fast' WHERE tenant_id = $1 AND title = 'Grow'"
    await desk.ledger.execute(rename, source.tenant.id)
    await desk.ledger.execute(
        "UPDATE kpis SET name = 'Sales' WHERE tenant_id = $1 AND name = 'Revenue'", source.tenant.id
    )
    await desk.revise(template, source)
    (result,) = await desk.apply(template, client)
    assert result["template"]["changed"] == 0
    plan = await desk.plan(client)
    assert [plan["objectives"]["nodes"][0][key] for key in ("id", "title")] == [grow, "Grow"]
    assert [plan["kpis"]["nodes"][0][key] for key in ("id", "name")] == [revenue, "Revenue"]
    orders = {"kind": "TARGET", "name": "Orders", "state": "MISSING", "fields": []}
    assert (await desk.drift(template))[client.tenant.gid]["fromNewest"] == [orders]
    await desk.caller.change("objectiveArchive", objectiveId=grow)
    away = {"kind": "OBJECTIVE", "name": "Grow fast", "state": "ARCHIVED", "fields": []}
    assert (await desk.drift(template))[client.tenant.gid]["fromNewest"] == [away, orders]


async def test_an_objective_stands_where_the_template_has_it_or_not_at_all(desk: Desk, source: Planner) -> None:
    lost, faithful, stubborn = await desk.client(), await desk.client(), await desk.client()
    template = await desk.template(source)
    await desk.apply(template, faithful, stubborn)
    away = (await desk.plan(source))["objectives"]["nodes"][0]["id"]
    await source.objective("Sell abroad", parent=away)
    top = await source.objective("Win")
    move = "UPDATE objectives SET parent_id = $2 WHERE tenant_id = $1 AND title = 'Sell on the web'"
    await desk.ledger.execute(move, source.tenant.id, decode(top).id)
    own = await stubborn.objective("Ours")
    await desk.ledger.execute(move, stubborn.tenant.id, decode(own).id)
    grow = (await desk.plan(faithful))["objectives"]["nodes"][0]["id"]
    await desk.caller.change("objectiveArchive", objectiveId=grow)
    await desk.revise(template, source)
    results = await desk.apply(template, faithful, stubborn, lost)
    left = [
        (at, each["name"], each["code"])
        for at, result in enumerate(results)
        for each in result["template"]["leftOut"]
        if each["kind"] == "OBJECTIVE"
    ]
    assert left == [(0, "Sell abroad", "PARENT_MISSING")]
    assert [each["template"]["changed"] for each in results] == [1, 0, 0]
    parents = [await parents_of(desk, client) for client in (faithful, stubborn, lost)]
    assert parents == [
        {"Win": None, "Sell on the web": "Win"},
        {"Grow": None, "Ours": None, "Win": None, "Sell on the web": "Ours", "Sell abroad": "Grow"},
        {"Grow": None, "Win": None, "Sell on the web": "Win", "Sell abroad": "Grow"},
    ]
    moved = {"kind": "OBJECTIVE", "name": "Sell on the web", "state": "CHANGED", "fields": ["parentId"]}
    drift = await desk.drift(template)
    for client, strayed in ((faithful, []), (stubborn, [moved]), (lost, [])):
        found = drift[client.tenant.gid]["fromNewest"]
        assert [each for each in found if each["state"] == "CHANGED"] == strayed


async def parents_of(desk: Desk, client: Planner) -> dict[str, str | None]:
    """By title."""
    rows = await desk.ledger.connection.fetch(
        "SELECT o.title, p.title AS parent FROM objectives o"
        " LEFT JOIN objectives p ON p.tenant_id = o.tenant_id AND p.id = o.parent_id"
        " WHERE o.tenant_id = $1 AND o.archived_at IS NULL",
        client.tenant.id,
    )
    return {row["title"]: row["parent"] for row in rows}


async def test_what_stands_apart_is_told_and_what_may_not_be_read_is_denied(
    desk: Desk, source: Planner, world: World
) -> None:
    client, lost, template = await desk.client(), await desk.client(), await desk.template(source)
    await desk.apply(template, client, lost)
    target = {"kind": "TARGET", "state": "MISSING", "fields": []}
    untouched = [{**target, "name": "Revenue"}, {**target, "name": "Orders"}]
    assert (await desk.drift(template))[client.tenant.gid] == {
        "version": 1, "denied": None, "fromApplied": untouched, "fromNewest": untouched,
    }  # fmt: skip
    plan = await desk.plan(client)
    await desk.caller.change("objectiveArchive", objectiveId=plan["objectives"]["nodes"][0]["id"])
    await desk.caller.change("kpiArchive", kpiId=plan["kpis"]["nodes"][1]["id"])
    await source.kpi("refund_rate")
    await desk.revise(template, source)
    await change_grants(world.database, lost.tenant, revoked_at=datetime.now(UTC))
    drift = await desk.drift(template)
    archived = [
        {"kind": "OBJECTIVE", "name": "Grow", "state": "ARCHIVED", "fields": []},
        {"kind": "KPI", "name": "Orders", "state": "ARCHIVED", "fields": []},
    ]
    new = {"kind": "KPI", "name": "Refund rate", "state": "MISSING", "fields": []}
    assert drift[client.tenant.gid]["fromApplied"] == [*archived, untouched[0]]
    assert drift[client.tenant.gid]["fromNewest"] == [*archived, new, untouched[0]]
    assert drift[lost.tenant.gid] == {
        "version": 1, "denied": {"code": "GRANT_ENDED"}, "fromApplied": [], "fromNewest": [],
    }  # fmt: skip
    results = await desk.apply(template, client, lost)
    assert [each["code"] for each in results] == ["PARTLY_DONE", "GRANT_ENDED"]
    assert results[0]["template"]["kpis"] == 1
    assert [each["name"] for each in (await desk.plan(client))["kpis"]["nodes"]] == ["Revenue", "Refund rate"]


async def test_a_version_that_was_taken_from_another_client_knows_its_items(desk: Desk, source: Planner) -> None:
    client, template = await desk.client(), await desk.template(source)
    await desk.apply(template, client)
    before = await desk.content(template)
    after = (await desk.revise(template, client))["content"]
    for kind in ("objectives", "kpis"):
        assert {each["key"] for each in after[kind]} == {each["key"] for each in before[kind]}


async def test_an_older_version_can_be_applied_and_takes_nothing_back(desk: Desk, source: Planner) -> None:
    client, template = await desk.client(), await desk.template(source)
    await source.kpi("refund_rate")
    await desk.revise(template, source)
    (old,) = await desk.apply(template, client, version=1)
    assert old["template"]["kpis"] == 2
    (new,) = await desk.apply(template, client)
    assert new["template"]["kpis"] == 1
    (back,) = await desk.apply(template, client, version=1)
    assert (back["template"]["kpis"], back["template"]["changed"]) == (0, 0)
    assert (await desk.drift(template))[client.tenant.gid]["version"] == 2


async def test_what_makes_no_sense_is_refused(desk: Desk, source: Planner, world: World) -> None:
    template, empty = await desk.template(source), await desk.client()
    apply = {"templateId": template, "tenantIds": [source.tenant.gid], "startsOn": START}
    for mutation, given, code, field in (
        ("templateCreate", {"tenantId": empty.tenant.gid, "name": "x"}, "NOTHING_TO_TAKE", "tenantId"),
        ("templateCreate", {"tenantId": source.tenant.gid, "name": " "}, "INVALID", "name"),
        ("templateApply", {**apply, "version": 2}, "NO_SUCH_VERSION", "version"),
        ("templateApply", {**apply, "version": 0}, "NO_SUCH_VERSION", "version"),
        ("templateApply", {**apply, "startsOn": "1900-01-01"}, "INVALID", "startsOn"),
        ("templateApply", {**apply, "templateId": world.stranger.gids[Kind.TEMPLATE]}, "NOT_FOUND", "templateId"),
    ):
        refusal = await desk.caller.refusal(mutation, **given)
        assert (refusal.code, refusal.field) == (code, ("input", field)), mutation
    await desk.caller.change("templateArchive", templateId=template)
    for mutation, given in (
        ("templateApply", apply),
        ("templateRevise", {k: apply[k] for k in ("templateId",)} | {"tenantId": source.tenant.gid}),
    ):
        assert (await desk.caller.refusal(mutation, **given)).code == "ALREADY_ARCHIVED"


async def test_what_was_put_away_meanwhile_is_not_brought_to_the_rest(desk: Desk, source: Planner) -> None:
    client, template = await desk.client(), await desk.template(source)
    gid = await desk.ask(template, client)
    await desk.caller.change("templateArchive", templateId=template)
    await work_off(desk.house, desk.ledger.connection, gid)
    (result,) = (await desk.caller.ask(RESULTS, id=gid)).data["node"]["results"]["nodes"]
    assert (result["code"], result["template"]) == ("ALREADY_ARCHIVED", None)
    assert (await desk.plan(client))["kpis"]["nodes"] == []


async def test_templates_have_an_end(desk: Desk, source: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    template = await desk.template(source)
    create = {"tenantId": source.tenant.gid, "name": "Retail"}
    revise = {"tenantId": source.tenant.gid, "templateId": template}
    for module, limit, most, mutation, given, code in (
        (taking, "MOST_LINKS", 2, "templateCreate", create, "TEMPLATE_TOO_LARGE"),
        (service, "MOST_TEMPLATES", 1, "templateCreate", create, "TEMPLATES_TOO_MANY"),
        (service, "MOST_VERSIONS", 1, "templateRevise", revise, "VERSIONS_TOO_MANY"),
    ):
        with monkeypatch.context() as lower:
            lower.setattr(module, limit, most)
            assert (await desk.caller.refusal(mutation, **given)).code == code


async def test_an_amount_that_starts_from_nothing_is_for_clients_of_its_currency(desk: Desk, world: World) -> None:
    source = await desk.client()
    kpi = await source.kpi()
    await source.target(kpi, start_value=Decimal(0), value=Decimal("1234.50"))
    template = await desk.template(source)
    (held,) = (await desk.content(template))["kpis"]
    assert (held["target"]["change"], held["target"]["value"]) == (None, "1234.5")
    other = world.planner(await world.another_tenant(currency="CHF"))
    (result,) = await desk.apply(template, other)
    assert [each["code"] for each in result["template"]["leftOut"]] == ["OTHER_CURRENCY"]
