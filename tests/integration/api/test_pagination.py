"""Every connection of the schema: a walk meets each thing once, and what is no page is refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from graphql import GraphQLObjectType, get_named_type, is_object_type

from api.ids import Kind, decode
from tenants.ids import new_id
from tests.factories.jobs import new_job
from tests.factories.organizations import new_machine, new_operation_set, new_organization
from tests.factories.people import new_invitation, new_person
from tests.factories.shops import new_provider_app, new_shop
from tests.factories.templates import apply_to, new_template
from tests.factories.tenants import give_grant, new_tenant
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.people import person_at
from tests.integration.api.shapes import CORE
from tests.integration.api.world import Household, World, new_household, own_gids

PAGE = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { %s } } nodes { %s }"
COUNT = 7


@dataclass(frozen=True)
class Field:
    """A field that gives a connection: `owner` is the type it stands on."""

    owner: str
    name: str
    shown: str

    def __str__(self) -> str:
        return f"{self.owner}.{self.name}"

    def query(self, arguments: str) -> str:
        inner = f"{self.name}({arguments}) {{ {PAGE % (self.shown, self.shown)} }}"
        if self.owner == "Viewer":
            return f"query($id: ID!) {{ node(id: $id) {{ id }} viewer {{ found: {inner} }} }}"
        if self.owner == "ClientsMetric":
            found = f'metric(metricKey: "orders") {{ found: {inner} }}'
            return f"query($id: ID!) {{ node(id: $id) {{ id }} portfolio {{ {found} }} }}"
        if self.owner == "Query":
            return f"query($id: ID!) {{ node(id: $id) {{ id }} found: {inner} }}"
        return f"query($id: ID!) {{ node(id: $id) {{ ... on {self.owner} {{ found: {inner} }} }} }}"

    def found(self, data: Any) -> dict[str, Any]:
        metric = data.get("portfolio", {}).get("metric")
        where = {"Query": data, "Viewer": data.get("viewer"), "ClientsMetric": metric}.get(self.owner, data["node"])
        connection: dict[str, Any] = where["found"]
        return connection


def _fields() -> Iterator[Field]:
    for type_ in CORE.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for name, field in type_.fields.items():
                result = get_named_type(field.type)
                if is_object_type(result) and result.name.endswith("Connection"):
                    node = get_named_type(result.fields["nodes"].type)
                    shown = next(each for each in ("id", "key", "description", "tenantId") if each in node.fields)
                    yield Field(type_.name, name, shown)


FIELDS = list(_fields())
SHORT = [field for field in FIELDS if field.name != "schemaChanges"]
"""Those whose length a test decides, and not the project's releases."""


@pytest.fixture(scope="module")
async def home(world: World) -> Household:
    """With seven of everything that comes in lists, and its owner with seven tenants."""
    machine = await new_machine(world.database)
    app = await new_provider_app(world.database, world.keyring, machine.organization_id)
    home = await new_household(world.database, world.keyring, machine, app)
    planner, objective = home.planner, home.gids[Kind.OBJECTIVE]
    for at in range(COUNT - 1):
        kpi = await planner.kpi("orders", name=f"number {at}")
        await planner.evidence(objective, kpi)
        await planner.objective(f"number {at}")
        await planner.link(await planner.initiative(f"number {at}"), objective)
        await new_shop(world.database, world.keyring, home.tenant, provider_app_id=app)
        applied = await new_tenant(world.database, world.keyring, machine.actor)
        await new_template(world.database, machine.actor, home.tenant)
        await apply_to(world.database, machine.actor, decode(home.gids[Kind.TEMPLATE]).id, applied)
        await new_machine(world.database, organization_id=machine.organization_id)
        await give_grant(world.database, home.tenant, await new_organization(world.database))
        await new_person(world.database, machine.organization_id)
        await new_invitation(world.database, machine.actor)
        await new_operation_set(world.database, machine.actor)
        await own_gids(world.database, machine, home.person)
        await new_job(world.database, machine.actor, [new_id() for _ in range(COUNT)])
    await apply_to(world.database, machine.actor, decode(home.gids[Kind.TEMPLATE]).id, home.tenant)
    for _ in range(COUNT):
        await new_organization(world.database, parent_id=machine.organization_id)
    return home


@pytest.fixture(scope="module")
async def machine(http: httpx2.AsyncClient, home: Household) -> Caller:
    return await sign_in(http, home.machine)


@pytest.fixture(scope="module")
async def person(http: httpx2.AsyncClient, address: str, home: Household, world: World) -> Caller:
    return await person_at(world, home, http, address).sign_in()


@pytest.fixture
def owner(request: pytest.FixtureRequest, machine: Caller, person: Caller) -> Caller:
    """Whose the field is: an organization's, or a person's own."""
    field = getattr(request.node, "callspec", None) and request.node.callspec.params.get("field")
    return person if field and field.owner == "Viewer" else machine


@pytest.fixture
def start(home: Household) -> dict[str, str]:
    """The id of the thing a field stands on."""
    return {
        "Query": home.tenant.gid,
        "Viewer": home.tenant.gid,
        "ClientsMetric": home.tenant.gid,
        "Tenant": home.tenant.gid,
        "Objective": home.gids[Kind.OBJECTIVE],
        "Organization": home.gids[Kind.ORGANIZATION],
        "App": home.gids[Kind.APP],
        "Job": home.gids[Kind.JOB],
        "Template": home.gids[Kind.TEMPLATE],
    }


async def walk(caller: Caller, field: Field, gid: str, first: int) -> list[list[str]]:
    pages: list[list[str]] = []
    after: str | None = None
    while len(pages) < 100:
        arguments = f"first: {first}" + (f', after: "{after}"' if after else "")
        page = field.found((await caller.ask(field.query(arguments), id=gid)).data)
        info, edges = page["pageInfo"], page["edges"]
        assert page["nodes"] == [edge["node"] for edge in edges]
        assert info["hasPreviousPage"] == (after is not None)
        assert info["startCursor"] == (edges[0]["cursor"] if edges else None)
        assert info["endCursor"] == (edges[-1]["cursor"] if edges else None)
        pages.append([node[field.shown] for node in page["nodes"]])
        if not info["hasNextPage"]:
            return pages
        assert len(edges) == first
        after = info["endCursor"]
    raise AssertionError("the walk does not end")


@pytest.mark.parametrize("field", SHORT, ids=str)
async def test_a_walk_meets_each_once(owner: Caller, start: dict[str, str], field: Field) -> None:
    assert field.owner in start, f"say where {field} begins"
    [whole] = await walk(owner, field, start[field.owner], 100)
    assert len(whole) >= COUNT
    assert len(set(whole)) == len(whole)
    for first in (1, 3, COUNT, len(whole)):
        pages = await walk(owner, field, start[field.owner], first)
        assert [each for page in pages for each in page] == whole
        assert all(pages)


@pytest.mark.parametrize("field", FIELDS, ids=str)
@pytest.mark.parametrize("first", [-1, 101, 2**31 - 1])
async def test_a_page_has_a_size(owner: Caller, start: dict[str, str], field: Field, first: int) -> None:
    answer = await owner.ask(field.query(f"first: {first}"), id=start[field.owner])
    assert (answer.code, answer.error["extensions"]["field"]) == (
        "PAGE_TOO_LARGE" if first > 0 else "INVALID",
        ["first"],
    )
    assert "100" in answer.error["message"]


@pytest.mark.parametrize("field", FIELDS, ids=str)
async def test_none_are_a_page(owner: Caller, start: dict[str, str], field: Field) -> None:
    page = field.found((await owner.ask(field.query("first: 0"), id=start[field.owner])).data)
    assert (page["nodes"], page["edges"]) == ([], [])
    assert page["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": None,
        "endCursor": None,
    }


@pytest.mark.parametrize("field", FIELDS, ids=str)
async def test_what_is_no_cursor_is_refused(owner: Caller, start: dict[str, str], field: Field) -> None:
    gid = start[field.owner]
    good = field.found((await owner.ask(field.query("first: 1"), id=gid)).data)["pageInfo"]["endCursor"]
    for cursor in (
        "",
        "x",
        "nonsense",
        "é",
        "=" * 22,
        good[:-1],
        good + "A",
        f"!{good}",
        f"{good[:5]} {good[5:]}",
        gid,
    ):
        answer = await owner.ask(field.query(f'after: "{cursor}"'), id=gid)
        assert (answer.code, answer.error["extensions"]["field"]) == ("INVALID_CURSOR", ["after"]), cursor


@pytest.mark.parametrize("field", SHORT, ids=str)
async def test_after_the_last_there_is_nothing(owner: Caller, start: dict[str, str], field: Field) -> None:
    gid = start[field.owner]
    last = field.found((await owner.ask(field.query("first: 100"), id=gid)).data)["pageInfo"]["endCursor"]
    page = field.found((await owner.ask(field.query(f'after: "{last}"'), id=gid)).data)
    assert page == {
        "nodes": [],
        "edges": [],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": True, "startCursor": None, "endCursor": None},
    }


async def test_a_walk_goes_on_when_its_last_thing_is_put_away(agency: Caller, world: World) -> None:
    """Neither repeats nor leaves out what stayed."""
    planner = world.planner(await world.another_tenant())
    objective = await planner.objective()
    kpis = [await planner.kpi("orders") for _ in range(4)]
    # Linked in another order than they were made in.
    for kpi in reversed(kpis):
        await planner.evidence(objective, kpi)
    for field, gid in (
        (Field("Tenant", "kpis", "id"), planner.tenant.gid),
        (Field("Objective", "kpis", "id"), objective),
    ):
        page = field.found((await agency.ask(field.query("first: 2"), id=gid)).data)
        seen = [node["id"] for node in page["nodes"]]
        await agency.change("kpiArchive", kpiId=seen[-1])
        rest = field.found((await agency.ask(field.query(f'after: "{page["pageInfo"]["endCursor"]}"'), id=gid)).data)
        left = [kpi for kpi in kpis if kpi not in seen]
        assert sorted(node["id"] for node in rest["nodes"]) == sorted(left)
        kpis.remove(seen[-1])


async def test_archived_things_are_in_no_list(agency: Caller, world: World) -> None:
    planner = world.planner(await world.another_tenant())
    objective, kpi, initiative = await planner.objective(), await planner.kpi(), await planner.initiative()
    await planner.evidence(objective, kpi)
    other = await planner.objective()
    await planner.link(initiative, other, kpi)
    query = """query($t: ID!, $o: ID!) {
      tenant(id: $t) { objectives { nodes { id } } kpis { nodes { id } } initiatives { nodes { id } } }
      node(id: $o) { ... on Objective { kpis { nodes { id } } initiatives { nodes { id } } } }
    }"""
    for mutation, name, gid in (
        ("kpiArchive", "kpiId", kpi),
        ("initiativeArchive", "initiativeId", initiative),
        ("objectiveArchive", "objectiveId", objective),
    ):
        await agency.change(mutation, **{name: gid})
        assert gid not in (await agency.ask(query, t=planner.tenant.gid, o=other)).text
    assert (await agency.ask(query, t=planner.tenant.gid, o=objective)).data["node"]["kpis"]["nodes"] == []


async def test_the_catalogue_has_an_order_of_its_own(agency: Caller) -> None:
    """A cursor of something else leads nowhere in it."""
    keys = (await agency.ask("{ metricCatalog { nodes { key } } }")).data["metricCatalog"]["nodes"]
    assert keys[0] == {"key": "net_revenue"}
    answer = await agency.ask('{ metricCatalog(after: "AaIDY8AHd9yxnsuHUkGdKQ") { nodes { key } } }')
    assert answer.code == "INVALID_CURSOR"


async def test_the_catalogue_by_category(agency: Caller) -> None:
    query = "query($c: MetricCategory) { metricCatalog(category: $c) { nodes { key category } } }"
    everything = (await agency.ask(query)).data["metricCatalog"]["nodes"]
    finance = (await agency.ask(query, c="FINANCE")).data["metricCatalog"]["nodes"]
    assert finance == [node for node in everything if node["category"] == "FINANCE"]
    assert 0 < len(finance) < len(everything)
    assert (await agency.ask(query, c="HR_AND_ADMIN")).data["metricCatalog"]["nodes"] == []


@pytest.mark.parametrize(
    "selection", ["recomputeRuns(first: {0}) {{ days }}", "connections {{ nodes {{ runs(first: {0}) {{ pages }} }} }}"]
)
async def test_lists_without_cursors_have_a_size_too(owner: Caller, home: Household, selection: str) -> None:
    for first in (101, -1):
        query = f"query($id: ID!) {{ tenant(id: $id) {{ {selection.format(first)} }} }}"
        answer = await owner.ask(query, id=home.tenant.gid)
        assert {error["extensions"]["field"][0] for error in answer.body["errors"]} == {"first"}
    query = f"query($id: ID!) {{ tenant(id: $id) {{ {selection.format(100)} }} }}"
    assert (await owner.ask(query, id=home.tenant.gid)).data


async def test_a_series_has_a_length(owner: Caller, home: Household) -> None:
    query = """query($id: ID!, $last: Int!) { node(id: $id) { ... on Kpi {
      series(last: $last, granularity: DAY) { values } } } }"""
    for last in (0, -1, 401, 2**31 - 1):
        answer = await owner.ask(query, id=home.gids[Kind.KPI], last=last)
        assert answer.error["extensions"]["field"] == ["last"]
    longest = (await owner.ask(query, id=home.gids[Kind.KPI], last=400)).data["node"]["series"]
    assert len(longest["values"]) == 400
