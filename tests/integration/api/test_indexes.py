"""What a request reads is found by an index: ten times the history and ten times the tenants cost it nothing more."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import api.demo
from api.ids import tenant_gid
from bench.seeding import Ground, Size
from bench.workloads.reads import DASHBOARD, OVERVIEW
from tenants.postgres.server import EmbeddedServer
from tests.integration.api.conftest import Open
from tests.integration.api.explained import as_application, ends_to_ends, explain, growth
from tests.integration.api.plots import Plot, plot
from tests.isolation.models import TENANT_TABLES

# The shorter history still holds all that is asked for, or less would be read of it.
SMALL, LARGE = Size(tenants=2, days=100), Size(tenants=20, days=1000)
DEMO = (
    (Path(api.demo.__file__).parent / "dashboard.graphql")
    .read_text()
    .replace("last: 20", "last: 2")
    .replace("TRAILING_90_DAYS", "TRAILING_28_DAYS")
)
PORTFOLIO = """{ tenants(first: 2) { nodes { name upToDate connections { nodes { status streams { stream } } }
  objectives(first: 5) { nodes { title status initiatives(first: 5) { nodes { expectedChange } }
    kpis(first: 3) { nodes { name value { value } target { value status } } } } } } } }"""
CLIENTS = """query($tenants: [ID!]) {
  portfolio(filter: {tenantIds: $tenants, needsAttention: false}, orderBy: {field: STATUS}) {
  nodes { tenant { name industry } tags status worstKpi { gap } connectionsNeedingAttention
    kpi(metricKey: "orders") { name } }
  denied { reason } metric(metricKey: "net_revenue") { acrossClients { n median } } groups(by: TAG) { key } } }"""
AS_OF = """query($tenant: ID!, $asOf: DateTime!) { tenant(id: $tenant) { kpis(first: 15) { nodes {
  value(period: LAST_MONTH, asOf: $asOf) { value } baselines { value } targets { value }
  days: series(granularity: DAY, last: 30, asOf: $asOf) { values }
  months: series(granularity: MONTH, last: 3, asOf: $asOf) { values } } } } }"""


def requests(ground: Ground) -> dict[str, tuple[str, dict[str, object]]]:
    # The last one: whoever walks through all others on the way to it shall be seen.
    tenant = {"tenant": tenant_gid(ground.tenants[-1])}
    return {
        "demo": (DEMO, {**tenant}),
        "dashboard": (DASHBOARD.document, {**DASHBOARD.variables, **tenant}),
        "overview": (OVERVIEW.document, {**OVERVIEW.variables, **tenant}),
        "portfolio": (PORTFOLIO, {}),
        "clients": (CLIENTS, {"tenants": [tenant_gid(each) for each in ground.tenants[-2:]]}),
        "as of": (AS_OF, {**tenant, "asOf": datetime.now(UTC).isoformat()}),
    }


NAMES = ("demo", "dashboard", "overview", "portfolio", "clients", "as of")
HISTORY = ("day_components", "period_components", "day_component_revisions", "period_component_revisions")
LISTS = (
    "kpis",
    "objectives",
    "objective_kpis",
    "baselines",
    "targets",
    "initiatives",
    "initiative_links",
    "connections",
    "stream_states",
    "dirty_days",
    "tenant_states",
    "tenant_profiles",
    "current_values",
    "current_statuses",
)
"""What a tenant has of its own accord, however long it has been here."""
DIRECTORY = ("grants", "tenants", "client_tags")
"""Of which a request reads what is about the tenants it asks for, however many others its organization comes to."""

# For the planner the guard and the filter narrow twice. Where it expects one row and meets a tenant's fifteen, it may
# walk one list for each entry of another: that is bounded by the two lists, and not by what there is beside.
BOUNDS = {**dict.fromkeys(HISTORY, 1.1), **dict.fromkeys(LISTS, 10), **dict.fromkeys(DIRECTORY, 2)}
Plots = tuple[Plot, Plot]
either_way = pytest.mark.parametrize("generic", [False, True], ids=["custom", "generic"])


@pytest.fixture(scope="module")
async def plots(cluster: EmbeddedServer, role_passwords: Path, opened: Open) -> AsyncIterator[Plots]:
    """A small one and a large one."""
    async with AsyncExitStack() as stack:
        sizes = (SMALL, LARGE)
        made = [
            await stack.enter_async_context(plot(cluster, role_passwords, opened, each, requests)) for each in sizes
        ]
        yield made[0], made[1]


@either_way
@pytest.mark.parametrize("name", NAMES)
async def test_no_table_is_read_from_end_to_end(plots: Plots, name: str, generic: bool) -> None:
    work = await plots[1].work(name, generic=generic)
    assert ends_to_ends(work, TENANT_TABLES) == []
    assert not {table for table in TENANT_TABLES if work.rows[table]} - set(BOUNDS), "a table nobody bounds"


@either_way
@pytest.mark.parametrize("name", NAMES)
async def test_what_is_read_does_not_grow(plots: Plots, name: str, generic: bool) -> None:
    small, large = [await each.work(name, generic=generic) for each in plots]
    # An index of ten times as many entries is a level deeper.
    assert growth(small, large, BOUNDS, pages=2) == []


async def test_every_bounded_table_is_read(plots: Plots) -> None:
    works = [await plots[1].work(name, generic=False) for name in NAMES]
    assert [table for table in BOUNDS if not any(work.rows[table] for work in works)] == []


@pytest.mark.parametrize("table", BOUNDS)
async def test_a_table_without_its_indexes_is_noticed(plots: Plots, table: str) -> None:
    found: set[str] = set()
    async with as_application(plots[1].administrator) as connection:
        await connection.execute(WITHOUT_INDEXES.replace("TABLE_NAME", table))
        for name in ("as of",) if table in HISTORY else NAMES:
            found.update(ends_to_ends(await explain(connection, plots[1].sent[name], generic=False), BOUNDS))
    assert table in found


WITHOUT_INDEXES = """
DO $$
DECLARE each record;
BEGIN
    FOR each IN SELECT conname FROM pg_constraint WHERE conrelid = 'TABLE_NAME'::regclass AND contype IN ('p', 'u') LOOP
        EXECUTE format('ALTER TABLE TABLE_NAME DROP CONSTRAINT %I CASCADE', each.conname);
    END LOOP;
    FOR each IN SELECT indexrelid::regclass AS name FROM pg_index WHERE indrelid = 'TABLE_NAME'::regclass LOOP
        EXECUTE format('DROP INDEX %s', each.name);
    END LOOP;
END $$
"""
SLIPS = {
    "d.local_day BETWEEN a.first_day AND a.last_day": "d.local_day + 0 BETWEEN a.first_day AND a.last_day",
    "p.starts_on = ANY (a.starts)": "p.starts_on + 0 = ANY (a.starts)",
}


@pytest.mark.parametrize("slip", SLIPS)
async def test_a_statement_that_slips_from_its_index_is_noticed(plots: Plots, slip: str) -> None:
    works = []
    for plot_ in plots:
        slipped = [replace(each, sql=each.sql.replace(slip, SLIPS[slip])) for each in plot_.sent["overview"]]
        assert slipped != list(plot_.sent["overview"]), "the statement that is asked is another by now"
        async with as_application(plot_.administrator) as connection:
            works.append(await explain(connection, slipped, generic=False))
    small, large = works
    assert any("components" in each for each in growth(small, large, BOUNDS, pages=2))
