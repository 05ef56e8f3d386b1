"""Every statement names its tenant: the guard keeps strangers apart, the filter keeps a read on one shard."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest

from tenants import sql as house_sql
from tenants.ids import FIRST
from tenants.scope import Scope
from tenants.sql import query
from tests.isolation import makers, queries, sources, statements
from tests.isolation.models import GUARDED, TENANT_TABLES
from tests.isolation.rows import NOBODY, A, B, World
from tests.isolation.schema import Connection
from tests.isolation.sources import modules
from tests.isolation.sources import statements as written

WRITTEN = written()
QUERIES = sources.queries()
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


OF_ANY = re.compile(r"(?:\w+\.)?tenant_id = ANY \((\$\d+(?:::UUID\[\])?)\)")
LOST = [
    (name, at)
    for name, each in QUERIES.items()
    if name != "domain.kpis.figures.FIGURES_AS_OF"  # names each tenant twice, around what is current and what was
    for at in range(len(OF_ANY.findall(each.text)))
    if any(f" {table} " in each.text for table in TENANT_TABLES)
]


@pytest.mark.parametrize(("name", "at"), LOST)
async def test_a_query_that_lost_one_of_its_filters_is_noticed(administrator: Connection, name: str, at: int) -> None:
    found = list(OF_ANY.finditer(QUERIES[name].text))[at]
    without = f"{QUERIES[name].text[: found.start()]}{found[1]} IS NOT NULL{QUERIES[name].text[found.end() :]}"
    assert await statements.findings(administrator, without, GUARDED)


VALUES = {
    "uuid": A.tenant_id,
    "text": "[]",
    "bool": True,
    "int8": 9,
    "bytea": b"",
    "date": date(2026, 1, 1),
    "timestamptz": datetime(2026, 1, 1, tzinfo=UTC),
}
SCOPE = Scope(organization_id=A.organization_id, readable=frozenset({A.tenant_id}))


@pytest.mark.parametrize("name", QUERIES)
async def test_a_query_runs_for_the_application_and_tells_of_no_stranger(
    application: Connection, world: World, name: str
) -> None:
    """Though it is asked for one."""
    ids = [side.id_of(f"{table}.id") for side in (A, B) for table in world.schema.relations]
    given = {
        "tenant_ids": [B.tenant_id, A.tenant_id, NOBODY.tenant_id],
        "organization_ids": [B.organization_id, A.organization_id],
        "organization_id": B.organization_id,
        "limit": 9,
        "ids": ids,
        "after": FIRST,
        "scope": "READ_METRICS",
    }
    async with application.transaction(readonly=True):
        for statement in SCOPE.statements():
            await application.execute(statement)
        asked = QUERIES[name]
        kinds = [each.name for each in (await application.prepare(asked.text)).get_parameters()]
        values = {
            parameter: given[parameter] if parameter in given else value_of(kind)
            for parameter, kind in zip(asked.parameters, kinds, strict=True)
        }
        rows = await asked.fetch(application, **values)
    told = {UUID(str(value)) for row in rows for value in row.values() if isinstance(value, UUID)}
    assert not told & {B.tenant_id, B.organization_id}


def value_of(kind: str) -> object:
    return [VALUES[kind.removesuffix("[]")]] if kind.endswith("[]") else VALUES[kind]


def test_a_statement_is_made_where_a_module_is_read() -> None:
    """Those of retention are kept one a rule, and every rule's is asked for its plan in `test_housekeeping`."""
    assert makers.findings(list(MODULES.values())) == [
        "domain.housekeeping.retention.prune: makes a statement while it runs"
    ]


def test_no_query_is_out_of_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house_sql, "WRITTEN", [])
    monkeypatch.setattr(sources, "WRITTEN", house_sql.WRITTEN)

    def builder() -> dict[str, object]:
        kept = query("SELECT name FROM kpis WHERE id = :id!uuid")
        return {"read": lambda: kept}

    hidden = builder()
    assert [each.text for each in sources.queries().values()] == ["SELECT name FROM kpis WHERE id = $1::UUID"]
    assert hidden


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


MAKER_HEAD = "from tenants.sql import query, statement, Query\nfrom tenants import sql\n"
GOOD_MAKERS = (
    "READ = query('SELECT 1')",
    "READ = sql.query('SELECT 1')",
    "def maker(name):\n    return query(name)\nREAD = maker('SELECT 1')",
    "def inner(name):\n    return query(name)\ndef outer():\n    return inner('SELECT 1')\nREAD = {'one': outer()}",
    "class Reads:\n    one = query('SELECT 1')",
    "READ = query('SELECT 1')\nasync def read(snapshot):\n    return await snapshot.fetch(READ)",
)
BAD_MAKERS = {
    "async def read(snapshot):\n    return await snapshot.fetch(query('SELECT 1'))": "read: makes a statement",
    "async def read(snapshot):\n    return await snapshot.fetch(sql.query('SELECT 1'))": "read: makes a statement",
    "async def read(snapshot):\n    return await snapshot.fetch(Query('SELECT 1', ()))": "read: makes a statement",
    "async def read(session):\n    return await session.execute(statement('SELECT 1'))": "read: makes a statement",
    "def maker(name):\n    return query(name)\nREAD = maker('SELECT 1')\n"
    "async def read(snapshot):\n    return await snapshot.fetch(maker('SELECT 2'))": "read: makes a statement",
    "def maker(name):\n    async def read():\n        return query(name)\n    return read\n"
    "READ = maker('SELECT 1')": "read: makes a statement",
    "def maker(name):\n    return query(name)": "maker: makes a statement, but not where",
    "def inner(name):\n    return query(name)\ndef outer(name):\n    return inner(name)\n"
    "READ = inner('SELECT 1')": "outer: makes a statement, but not where",
    "class Reads:\n    def read(self):\n        return query('SELECT 1')": "read: makes a statement",
    "READ = lambda: query('SELECT 1')": "lambda: makes a statement",
    "make = query\nasync def read():\n    return make('SELECT 1')": "read: makes a statement",
}


@pytest.mark.parametrize("source", GOOD_MAKERS)
def test_a_maker_that_is_called_where_its_module_is_read_is_left_alone(source: str) -> None:
    assert made_by(source) == []


@pytest.mark.parametrize("source", BAD_MAKERS)
def test_a_statement_made_for_a_request_is_noticed(source: str) -> None:
    assert BAD_MAKERS[source] in "\n".join(made_by(source))


def made_by(source: str) -> list[str]:
    whole = MAKER_HEAD + source
    return makers.findings_of([("here", whole, names_of(whole))])
