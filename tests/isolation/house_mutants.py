"""Weakened surroundings: roles, schemas, functions, new things without a law, the directory without its guards."""

from collections.abc import Iterator

from tests.isolation.expectations import APPLICATION, BENCHMARK, CONTEXT, DIRECTORY, LOOKUP, MIGRATOR, OWNER
from tests.isolation.mutants import Mutant

NEW_TABLE = "tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id)"
SAFE = "SET search_path = pg_catalog, pg_temp"


def house_mutants() -> Iterator[Mutant]:
    yield from _new_things()
    yield from _roles()
    yield from _rights()
    yield from _lookups()
    yield from _context()
    yield from _directory()


def _new_things() -> Iterator[Mutant]:
    table = f"CREATE TABLE surprises ({NEW_TABLE}); ALTER TABLE surprises OWNER TO {OWNER}"
    yield Mutant("a new table without a class", table)
    for each in ("tenant", "directory", "catalogue", "tennant"):
        yield Mutant(f"a new {each} table without anything", f"{table}; COMMENT ON TABLE surprises IS 'class: {each}'")
    yield Mutant("a new table beside the tables", f"CREATE TABLE app.surprises ({NEW_TABLE})")
    yield Mutant("a new schema", "CREATE SCHEMA aside")
    yield Mutant("a new table in a new schema", f"CREATE SCHEMA aside; CREATE TABLE aside.surprises ({NEW_TABLE})")
    yield Mutant("a view of the migrator", f"CREATE VIEW v AS SELECT * FROM kpis; ALTER VIEW v OWNER TO {MIGRATOR}")
    yield Mutant("a view", f"CREATE VIEW v AS SELECT * FROM kpis; ALTER VIEW v OWNER TO {OWNER}")
    yield Mutant(
        "a materialized view", f"CREATE MATERIALIZED VIEW v AS SELECT * FROM kpis; ALTER TABLE v OWNER TO {OWNER}"
    )
    yield Mutant(
        "a partition", "CREATE TABLE p (LIKE kpis) PARTITION BY LIST (tenant_id); CREATE TABLE q PARTITION OF p DEFAULT"
    )
    yield Mutant("an heir", f"CREATE TABLE heirs () INHERITS (kpis); ALTER TABLE heirs OWNER TO {OWNER}")
    sequence = f"CREATE SEQUENCE s; ALTER SEQUENCE s OWNER TO {OWNER}"
    yield Mutant("a sequence", f"{sequence}; GRANT USAGE ON s TO {APPLICATION}")
    yield Mutant("a sequence to be set", f"GRANT UPDATE ON pgqueuer_id_seq TO {APPLICATION}")
    yield Mutant("a table dropped", "DROP TABLE kpis CASCADE")
    yield Mutant("a table renamed", "ALTER TABLE kpis RENAME TO kpi")


def _roles() -> Iterator[Mutant]:
    for attribute in ("SUPERUSER", "BYPASSRLS"):
        yield Mutant(f"the application with {attribute}", f"ALTER ROLE {APPLICATION} {attribute}", felt=True)
    for attribute in ("CREATEROLE", "CREATEDB", "REPLICATION"):
        yield Mutant(f"the application with {attribute}", f"ALTER ROLE {APPLICATION} {attribute}")
    for role in (OWNER, LOOKUP, MIGRATOR, "pg_read_all_data", "pg_write_all_data", "pg_read_server_files"):
        yield Mutant(f"the application as {role}", f"GRANT {role} TO {APPLICATION}")
    yield Mutant("the owner signing in", f"ALTER ROLE {OWNER} LOGIN")
    yield Mutant("the look-up role signing in", f"ALTER ROLE {LOOKUP} LOGIN")
    yield Mutant("the look-up role as the owner", f"GRANT {OWNER} TO {LOOKUP}")
    for attribute in ("BYPASSRLS", "SUPERUSER"):
        yield Mutant(f"the benchmark with {attribute}", f"ALTER ROLE {BENCHMARK} {attribute}")
    yield Mutant("a migrator bound by the policies", f"ALTER ROLE {MIGRATOR} NOBYPASSRLS")
    yield Mutant("a migrator without the owner", f"REVOKE {OWNER} FROM {MIGRATOR}")
    for whose in (f"ROLE {APPLICATION}", "ROLE ALL", "DATABASE azimuth_isolation"):
        yield Mutant(f"a tenant for {whose}", f"ALTER {whose} SET app.tenant_ids = '{{}}'")


def _rights() -> Iterator[Mutant]:
    for schema in ("public", "app"):
        for role in (APPLICATION, BENCHMARK, "PUBLIC"):
            yield Mutant(f"{role} making things in {schema}", f"GRANT CREATE ON SCHEMA {schema} TO {role}")
    yield Mutant("the application making schemas", f"GRANT CREATE ON DATABASE azimuth_isolation TO {APPLICATION}")
    defaults = "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT"
    yield Mutant("rights by default", f"{defaults} SELECT ON TABLES TO {APPLICATION}")
    yield Mutant("rights by default for all", f"{defaults} SELECT ON TABLES TO PUBLIC")
    shared = f"CREATE TABLE words (id uuid PRIMARY KEY); ALTER TABLE words OWNER TO {OWNER}"
    classed = f"{shared}; COMMENT ON TABLE words IS 'class: catalogue'"
    readable = f"{classed}; GRANT SELECT ON words TO {APPLICATION}"
    for right in ("INSERT", "UPDATE", "DELETE", "TRUNCATE"):
        grant = f"GRANT {right} ON words TO {APPLICATION}"
        yield Mutant(f"a catalogue open to {right}", grant, given=readable)
    yield Mutant("a catalogue without a key", "ALTER TABLE words DROP CONSTRAINT words_pkey", given=readable)
    yield Mutant("a catalogue for everybody", "GRANT SELECT ON words TO PUBLIC", given=readable)
    reference = "ALTER TABLE words ADD tenant_id uuid, ADD FOREIGN KEY (tenant_id, id) REFERENCES kpis (tenant_id, id)"
    yield Mutant("a catalogue leading to a tenant's table", reference, given=readable)


def _lookups() -> Iterator[Mutant]:
    function = "app.find_person(text)"
    create = "CREATE OR REPLACE FUNCTION app.find_person(address text) RETURNS uuid"
    yield Mutant("a look-up without search_path", f"ALTER FUNCTION {function} RESET search_path")
    yield Mutant("a look-up in any schema", f"ALTER FUNCTION {function} SET search_path = public, pg_catalog")
    yield Mutant("a look-up for everybody", f"GRANT EXECUTE ON FUNCTION {function} TO PUBLIC")
    yield Mutant("a look-up for the benchmark", f"GRANT EXECUTE ON FUNCTION {function} TO {BENCHMARK}")
    yield Mutant("a look-up as the owner", f"ALTER FUNCTION {function} OWNER TO {OWNER}")
    yield Mutant("a look-up as the migrator", f"ALTER FUNCTION {function} OWNER TO {MIGRATOR}")
    yield Mutant("a look-up that may write", f"ALTER FUNCTION {function} VOLATILE")
    yield Mutant("a look-up in plpgsql", f"{create} LANGUAGE plpgsql STABLE SECURITY DEFINER {SAFE} AS $$ BEGIN END $$")
    yield Mutant("a look-up that is the caller", f"ALTER FUNCTION {function} SECURITY INVOKER")
    yield Mutant("a look-up returning words", _new_lookup("password_hash", "text"))
    yield Mutant("a look-up returning rows", _new_lookup("*", "SETOF people"))
    yield Mutant("a look-up returning more", _new_lookup("id, p.password_hash", "TABLE (id uuid, hash text)"))
    yield Mutant("a look-up without a key", _new_lookup("id", "SETOF uuid", key="", where="true"))
    yield Mutant("a look-up beside the others", _new_lookup("id", "uuid").replace("app.find_more", "public.find_more"))
    yield Mutant("a function nobody expects", "CREATE FUNCTION helper() RETURNS int LANGUAGE sql AS 'SELECT 1'")


def _new_lookup(
    what: str, returns: str, *, key: str = "address text", where: str = "p.sign_in_address = address"
) -> str:
    query = f"$$ SELECT p.{what} FROM public.people p WHERE {where} $$"
    header = f"CREATE FUNCTION app.find_more({key}) RETURNS {returns} LANGUAGE sql STABLE SECURITY DEFINER"
    rights = (
        f"REVOKE ALL ON FUNCTION app.find_more FROM PUBLIC; GRANT EXECUTE ON FUNCTION app.find_more TO {APPLICATION}"
    )
    return f"{header} {SAFE} AS {query}; {rights}; ALTER FUNCTION app.find_more OWNER TO {LOOKUP}"


def _context() -> Iterator[Mutant]:
    for signature, (returns, body) in CONTEXT.items():
        header = f"CREATE OR REPLACE FUNCTION {signature} RETURNS {returns}"
        nature = "LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10000"
        column = "organization_id" if "organization" in signature else "id"
        table = "people" if "person" in signature else "tenants"
        first = f"SELECT {column} FROM {table} LIMIT 1"
        value = f"ARRAY({first})" if returns == "uuid[]" else f"({first})"
        yield Mutant(f"{signature} opening without being told", f"{header} {nature} AS $$ BEGIN RETURN {value}; END $$")
        lenient = body.replace("nullif(", "coalesce(").replace(", '')", ", NULL)")
        yield Mutant(f"{signature} taking '' for an id", f"{header} {nature} AS $${lenient}$$")
        for change in ("VOLATILE", "COST 100", "PARALLEL UNSAFE", "SECURITY DEFINER", "SET search_path = public"):
            yield Mutant(f"{signature} {change}", f"ALTER FUNCTION {signature} {change}")
        yield Mutant(f"{signature} of {APPLICATION}", f"ALTER FUNCTION {signature} OWNER TO {APPLICATION}")
    everyone = "'SELECT array_agg(id) FROM tenants'"
    inlined = f"CREATE OR REPLACE FUNCTION app.tenant_ids() RETURNS uuid[] LANGUAGE sql STABLE AS {everyone}"
    yield Mutant("app.tenant_ids() in SQL, returning everybody", inlined)


def _directory() -> Iterator[Mutant]:
    yield Mutant("a person's telephone", "ALTER TABLE people ADD COLUMN phone text")
    yield Mutant("a person's telephone as a number", "ALTER TABLE people ADD COLUMN phone bigint")
    yield Mutant("a person's birthday", "ALTER TABLE people ADD COLUMN birth_date date")
    yield Mutant("a tenant's words", "ALTER TABLE tenants ADD COLUMN name text")
    yield Mutant("a schedule's payload", "ALTER TABLE schedules ADD COLUMN payload jsonb")
    reference = "ADD kpi_id uuid, ADD FOREIGN KEY (tenant_id, kpi_id) REFERENCES kpis (tenant_id, id)"
    yield Mutant("a directory table leading to a tenant's", f"ALTER TABLE schedules {reference}")
    loose = "DROP CONSTRAINT fk_app_secrets_organization_id_app_id, ADD FOREIGN KEY (app_id) REFERENCES apps (id)"
    yield Mutant("a secret for another organization's app", f"ALTER TABLE app_secrets {loose}")
    cascade = "ADD state_id uuid, ADD FOREIGN KEY (state_id) REFERENCES oauth_states (id) ON DELETE CASCADE"
    yield Mutant("a tenant's rows deleted with rows of the directory", f"ALTER TABLE kpis {cascade}")
    yield Mutant("tenants that can be deleted", f"GRANT DELETE ON tenants TO {APPLICATION}")
    yield Mutant("a guard where none is expected", "ALTER TABLE pgqueuer ENABLE ROW LEVEL SECURITY")
    for name, expected in DIRECTORY.items():
        if not expected.looked_up:
            opened = f"GRANT SELECT ON {name} TO {LOOKUP}"
            yield Mutant(f"{name} open to look-ups", opened)
        if expected.guard is None:
            for right in ("TRUNCATE", "UPDATE", "TRIGGER"):
                if right not in expected.may:
                    yield Mutant(f"{right} on {name}", f"GRANT {right} ON {name} TO {APPLICATION}")
            yield Mutant(f"{name} for the benchmark", f"GRANT SELECT ON {name} TO {BENCHMARK}")
    yield Mutant("a tenant's table open to look-ups", f"GRANT SELECT ON kpis TO {LOOKUP}")
    policy = f"CREATE POLICY l ON kpis FOR SELECT TO {LOOKUP} USING (true)"
    yield Mutant("a tenant's table open to look-ups by policy", policy)
