"""While two releases run side by side, the older one reads what the newer one wrote."""

from dataclasses import dataclass
from typing import Any

import pytest

from api.ids import decode
from tests.factories.tenants import Tenancy
from tests.integration.api.client import Answer, Caller
from tests.integration.api.ledger import Ledger
from tests.integration.api.world import World

NEWER = "carbon_per_order"
CARD = """id metricKey name segment
  metric { name } value { value nullReason } series(last: 2) { values } explain { formula }
  baseline { value } baselines { version } target { value status } targets { id }"""
COMPUTED = {"metric", "value", "series", "explain", "baseline", "baselines", "target", "targets"}
BOARD = f"""query($id: ID!) {{ tenant(id: $id) {{
  name
  objectives {{ nodes {{ title status(on: "2025-02-28") kpis {{ nodes {{ name }} }} }} }}
  kpis {{ nodes {{ {CARD} }} }} }} }}"""


@dataclass(frozen=True)
class Mixed:
    """A tenant with a KPI that this release knows and one that it does not."""

    tenant: Tenancy
    known: str
    newer: str
    target: str


@pytest.fixture
async def mixed(world: World, ledger: Ledger) -> Mixed:
    tenant = await world.another_tenant()
    planner = world.planner(tenant)
    known, newer = await planner.kpi("orders"), await planner.kpi("net_revenue", name="Carbon")
    target = await planner.target(newer)
    await planner.target(known)
    await planner.objective(kpis=(known, newer))
    await ledger.execute("UPDATE kpis SET metric_key = $2 WHERE id = $1", decode(newer).id, NEWER)
    return Mixed(tenant, known, newer, target)


def _codes(answer: Answer) -> dict[tuple[Any, ...], str]:
    return {tuple(each["path"]): each["extensions"]["code"] for each in answer.body["errors"]}


async def test_one_metric_it_does_not_know_costs_that_kpi_its_figures_and_nothing_else(
    agency: Caller, mixed: Mixed
) -> None:
    answer = await agency.ask(BOARD, id=mixed.tenant.gid)
    board = answer.body["data"]["tenant"]
    known, newer = board["kpis"]["nodes"]
    assert known["value"] == {"value": None, "nullReason": "SOURCE_NOT_CONNECTED"}
    assert known["metric"] == {"name": "Orders"}
    assert known["target"] == {"value": "200", "status": "NO_DATA"}
    assert {key: newer[key] for key in ("id", "metricKey", "name", "segment")} == {
        "id": mixed.newer,
        "metricKey": NEWER,
        "name": "Carbon",
        "segment": None,
    }
    asked = COMPUTED - {"baseline", "baselines"}  # of which there is none, whatever the metric
    assert all(newer[key] is None for key in asked)
    assert newer["baselines"] == []
    assert _codes(answer) == {("tenant", "kpis", "nodes", 1, key): "METRIC_NOT_IN_RELEASE" for key in asked}
    assert all(NEWER in each["message"] for each in answer.body["errors"])
    objective = board["objectives"]["nodes"][0]
    assert objective == {
        "title": "Bring customers back",
        "status": "NO_DATA",
        "kpis": {"nodes": [{"name": known["name"]}, {"name": "Carbon"}]},
    }


async def test_what_hangs_on_it_says_so(agency: Caller, mixed: Mixed) -> None:
    answer = await agency.ask("query($id: ID!) { node(id: $id) { ... on Target { value } } }", id=mixed.target)
    assert answer.code == "METRIC_NOT_IN_RELEASE"


async def test_it_is_not_planned_with(agency: Caller, mixed: Mixed) -> None:
    window = {"start": "2025-01-01", "end": "2025-01-31"}
    frozen = await agency.refusal("baselineFreeze", kpiId=mixed.newer, window=window)
    target = await agency.refusal(
        "targetCreate",
        kpiId=mixed.newer,
        value="300",
        startValue="100",
        startOn="2025-01-01",
        dueOn="2025-12-31",
        trajectory="LINEAR",
    )
    assert {(each.code, each.field) for each in (frozen, target)} == {("METRIC_NOT_IN_RELEASE", ("input", "kpiId"))}


async def test_it_can_still_be_put_away(agency: Caller, mixed: Mixed) -> None:
    payload = await agency.change("kpiArchive", "kpi { name archivedAt }", kpiId=mixed.newer)
    assert payload["kpi"]["name"] == "Carbon"
    assert payload["kpi"]["archivedAt"] is not None
