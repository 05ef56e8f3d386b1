"""Every statement names its tenant: the guard keeps strangers apart, the filter keeps a read on one shard."""

import re
from pathlib import Path

import pytest

from tests.isolation import queries, statements
from tests.isolation.models import GUARDED, TENANT_TABLES
from tests.isolation.schema import Connection
from tests.isolation.sources import modules
from tests.isolation.sources import statements as written

WRITTEN = written()
MODULES = {module.__name__: module for module in modules()}
FILTER = re.compile(r"(?:\w+\.)?tenant_id = (?:(\$\d+::UUID)|ANY \((\$\d+::UUID\[\])\))")
FILTERED = sorted(name for name, sql in WRITTEN.items() if FILTER.search(sql))

BAD = {
    "SELECT name FROM kpis": "without its tenant",
    "SELECT name FROM kpis WHERE id = $1::uuid": "without its tenant",
    "SELECT name FROM kpis WHERE tenant_id IS NOT NULL": "without its tenant",
    "SELECT name FROM kpis WHERE tenant_id = $1::uuid OR segment = ''": "without its tenant",
    "SELECT name FROM kpis WHERE segment = ') AND (tenant_id = $1) AND ('": "without its tenant",
    "SELECT k.name, b.n FROM kpis k JOIN baselines b ON b.kpi_id = k.id "
    "WHERE k.tenant_id = $1::uuid": "reads baselines",
    "SELECT k.name FROM kpis k WHERE k.tenant_id = $1::uuid AND EXISTS "
    "(SELECT FROM targets t WHERE t.kpi_id = k.id)": "reads targets",
    "WITH b AS (SELECT * FROM baselines) SELECT b.n, k.name FROM kpis k JOIN b ON b.kpi_id = k.id "
    "WHERE k.tenant_id = $1::uuid": "reads baselines",
    "UPDATE kpis SET name = $1::text WHERE id = $2::uuid": "without its tenant",
    "DELETE FROM dirty_days WHERE local_day = $1::date": "without its tenant",
    "UPDATE dirty_days SET tenant_id = $1::uuid WHERE tenant_id = $2::uuid": "tenant_id in a SET list",
    "UPDATE dirty_days SET marked_at = now() WHERE tenant_id = $1::uuid": "the server's clock",
    "INSERT INTO dirty_days (tenant_id, local_day, marked_at) VALUES ($1::uuid, $2::date, $3::timestamptz) "
    "ON CONFLICT (tenant_id, local_day) DO UPDATE SET marked_at = current_timestamp": "the server's clock",
    "INSERT INTO dirty_days (tenant_id, local_day, marked_at) VALUES ($1::uuid, $2::date, $3::timestamptz) "
    "ON CONFLICT (tenant_id, local_day) DO UPDATE SET tenant_id = excluded.tenant_id": "tenant_id in a SET list",
    "INSERT INTO dirty_days SELECT $1::uuid, day, $3::timestamptz FROM unnest($2::date[]) day "
    "RETURNING local_day": "does not name the tenant_id",
    "INSERT INTO dirty_days (tenant_id, local_day, marked_at) "
    "SELECT $1::uuid, day, $3::timestamptz FROM unnest($2::date[]) day": "Citus would copy",
    "SELECT asked.day, d.n FROM unnest($2::date[]) AS asked (day) "
    "LEFT JOIN day_components d ON d.tenant_id = $1::uuid AND d.local_day = asked.day": "an outer join",
    "SELECT component, sum(n) FROM day_components WHERE tenant_id = $1::uuid GROUP BY ROLLUP (component)": "subtotals",
    "SELECT set_config('app.tenant_id', $1::text, true)": "set_config",
    "SET app.tenant_id = 'x'": "outlives",
    "COPY kpis FROM STDIN": "COPY",
    "MERGE INTO kpis USING targets ON true WHEN MATCHED THEN DELETE": "MERGE",
}
GOOD = (
    "SELECT 'COPY now() FROM kpis'",
    "SELECT name FROM kpis WHERE tenant_id = ANY ($1::uuid[])",
    "SELECT k.name, b.n FROM kpis k JOIN baselines b ON b.tenant_id = k.tenant_id AND b.kpi_id = k.id "
    "WHERE k.tenant_id = $1::uuid",
    "SELECT asked.day, d.n FROM unnest($2::date[]) AS asked (day) LEFT JOIN (SELECT local_day, sum(n) AS n "
    "FROM day_components WHERE tenant_id = $1::uuid GROUP BY local_day) d ON d.local_day = asked.day",
    "SELECT count(*) FROM pgqueuer WHERE execute_after <= now()",
)

HEAD = "from domain.kpis.models import Baseline, Kpi\nfrom sqlalchemy import delete, select, text, update\n"
BAD_QUERIES = {
    "select(Kpi).where(Kpi.id == wanted)": "reaches Kpi",
    "select(Kpi).where(Kpi.tenant_id.is_not(None))": "reaches Kpi",
    "select(Kpi).where(Kpi.tenant_id != tenant_id)": "reaches Kpi",
    "select(Baseline).join(Kpi, Kpi.tenant_id == Baseline.tenant_id)"
    ".where(Kpi.tenant_id == tenant_id)": "reaches Baseline",
    "select(Kpi).where(Kpi.tenant_id == Baseline.tenant_id)": "reaches Baseline",
    "update(Kpi).where(Kpi.id == wanted).values(name=name)": "reaches Kpi",
    "update(Kpi).where(Kpi.tenant_id == tenant_id).values(tenant_id=other)": "sets tenant_id",
    "insert(Kpi).values(rows).on_conflict_do_update(set_={'tenant_id': other})": "sets tenant_id",
    "delete(Kpi)": "reaches Kpi",
    "text('DELETE FROM kpis')": "speaks SQL to kpis",
    "text(f'SELECT {columns} FROM kpis WHERE id = :id')": "speaks SQL to kpis",
    "session.execute(func.set_config('app.tenant_id', tenant_id, True))": "set_config",
    "connection.copy_records_to_table('kpis', records=rows)": "copy_records_to_table",
    "connection.execute('SET app.tenant_id = 1')": "outlives",
    "connection.execute('SET SESSION statement_timeout = 1')": "outlives",
}
GOOD_QUERIES = (
    "select(Kpi).where(Kpi.tenant_id == tenant_id, Kpi.id == wanted).with_for_update()",
    "select(Kpi).where(Kpi.tenant_id.in_(tenant_ids))",
    "select(Baseline, Kpi).join(Kpi, Kpi.tenant_id == Baseline.tenant_id)"
    ".where(Kpi.tenant_id == tenant_id, Baseline.tenant_id == row.tenant_id)",
    "connection.execute('SET LOCAL app.tenant_id = 1')",
)


@pytest.mark.parametrize("name", WRITTEN)
async def test_a_statement_names_its_tenant_and_runs_on_shards(administrator: Connection, name: str) -> None:
    assert await statements.findings(administrator, WRITTEN[name], TENANT_TABLES) == []


@pytest.mark.parametrize("name", FILTERED)
async def test_a_statement_that_lost_its_filter_is_noticed(administrator: Connection, name: str) -> None:
    without = FILTER.sub(lambda found: f"{found[1] or found[2]} IS NOT NULL", WRITTEN[name])
    assert await statements.findings(administrator, without, GUARDED)


@pytest.mark.parametrize("sql", BAD)
async def test_a_bad_statement_is_noticed(administrator: Connection, sql: str) -> None:
    assert BAD[sql] in "\n".join(await statements.findings(administrator, sql, TENANT_TABLES))


@pytest.mark.parametrize("sql", GOOD)
async def test_a_good_statement_is_left_alone(administrator: Connection, sql: str) -> None:
    assert await statements.findings(administrator, sql, TENANT_TABLES) == []


@pytest.mark.parametrize("name", MODULES)
def test_a_built_query_names_its_tenant(name: str) -> None:
    module = MODULES[name]
    assert module.__file__
    source = Path(module.__file__).read_text()
    assert queries.findings(source, vars(module), WRITTEN.values(), TENANT_TABLES) == []


def names_of(source: str) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(compile(source, "head", "exec"), names)
    return names


@pytest.mark.parametrize("query", BAD_QUERIES)
def test_a_bad_query_is_noticed(query: str) -> None:
    found = queries.findings(f"{HEAD}def read():\n    return {query}", names_of(HEAD), (), TENANT_TABLES)
    assert BAD_QUERIES[query] in "\n".join(found)


@pytest.mark.parametrize("query", GOOD_QUERIES)
def test_a_good_query_is_left_alone(query: str) -> None:
    assert queries.findings(f"{HEAD}def read():\n    return {query}", names_of(HEAD), (), TENANT_TABLES) == []
