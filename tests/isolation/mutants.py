"""Weakened schemas: each takes away one thing that keeps tenants apart, and each must be noticed.

They are made from what the catalog says, so a new table brings its own.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.isolation.expectations import ALL, APPLICATION, BENCHMARK, LOOKUP, MIGRATOR, Guard
from tests.isolation.schema import Connection, ForeignKey, Key, Policy, Relation, Schema


@dataclass(frozen=True)
class Mutant:
    """`felt`: the application may do other things than before, so the probe must notice, too, and by itself.

    `seen` is false where no law of the catalog is broken, only a promise of the table's own. `given` is done before,
    and what is found then does not count.
    """

    name: str
    sql: str
    felt: bool = False
    seen: bool = True
    given: str = ""


@asynccontextmanager
async def weakened(administrator: Connection, sql: str) -> AsyncIterator[None]:
    """The schema after `sql`; at the end nothing has happened."""
    transaction = administrator.transaction()
    await transaction.start()
    try:
        if sql:
            await administrator.execute(sql)
        yield
    finally:
        await transaction.rollback()


def mutants_of(table: Relation, guard: Guard, schema: Schema) -> Iterator[Mutant]:
    """Of a table with a guard."""
    for name, policy in table.policies.items():
        yield from _of_policy(table.name, name, policy, guard)
    yield from _of_guard(table, guard)
    yield from _of_rights(table)
    yield from _of_table(table)
    if table.table_class == "tenant":
        yield from _of_tenant_table(table, schema)


def _of_policy(table: str, name: str, policy: Policy, guard: Guard) -> Iterator[Mutant]:
    if policy.roles == (LOOKUP,):
        yield Mutant(f"{name} for the application", f"ALTER POLICY {name} ON {table} TO {APPLICATION}", felt=True)
        yield Mutant(f"{name} dropped", f"DROP POLICY {name} ON {table}")
        return
    sides = {"USING": policy.using, "WITH CHECK": policy.check}
    whole = " ".join(f"{side} ({text})" for side, text in sides.items() if text)
    drop = f"DROP POLICY {name} ON {table}"
    recreate = f"{drop}; CREATE POLICY {name} ON {table} AS RESTRICTIVE FOR {policy.command} TO {APPLICATION} {whole}"
    yield Mutant(f"{name} dropped", drop, felt=True)
    yield Mutant(f"{name} restrictive", recreate, felt=True)
    yield Mutant(f"{name} for everybody", f"ALTER POLICY {name} ON {table} TO PUBLIC")
    other = guard.writes.expression if policy.command == "SELECT" else guard.reading
    for side in (side for side, text in sides.items() if text):
        alter = f"ALTER POLICY {name} ON {table} {side}"
        yield Mutant(f"{name} {side} true", f"{alter} (true)", felt=True)
        if other != sides[side]:
            yield Mutant(f"{name} {side} what the other side says", f"{alter} ({other})", felt=True)


def _of_guard(table: Relation, guard: Guard) -> Iterator[Mutant]:
    name, reading, writing = table.name, guard.reading, guard.writes.expression
    drops = "; ".join(f"DROP POLICY {policy} ON {name}" for policy in table.policies)
    one = f"{drops}; CREATE POLICY one ON {name} TO {APPLICATION} USING ({reading})"
    # Where the same rows are read and written, one policy does what four do.
    split = reading != writing
    yield Mutant("one policy for all commands", one, felt=split)
    yield Mutant("one policy for all commands, with a check", f"{one} WITH CHECK ({writing})", felt=split)
    yield Mutant("no policy", drops, felt=True)
    yield Mutant("one more policy", f"CREATE POLICY more ON {name} FOR SELECT TO {APPLICATION} USING (true)", felt=True)
    yield Mutant("row-level security disabled", f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY", felt=True)
    yield Mutant("row-level security not forced", f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY", felt=True)
    again = f"CREATE POLICY again ON {name} FOR SELECT TO {APPLICATION} USING ({reading})"
    yield Mutant("a policy twice", again)
    read = next(policy for policy, said in table.policies.items() if said.command == "SELECT" and said.using == reading)
    selecting = f"{guard.reads[0].column} IN (SELECT unnest(app.tenant_ids()))"
    yield Mutant("a sub-select in a policy", f"ALTER POLICY {read} ON {name} USING ({selecting})")


def _of_rights(table: Relation) -> Iterator[Mutant]:
    name = table.name
    yield Mutant("TRUNCATE granted", f"GRANT TRUNCATE ON {name} TO {APPLICATION}", felt=True)
    for right in ("REFERENCES", "TRIGGER", "MAINTAIN"):
        yield Mutant(f"{right} granted", f"GRANT {right} ON {name} TO {APPLICATION}")
    for right in sorted(set(ALL.split()) - table.rights[APPLICATION]):
        yield Mutant(f"{right} granted", f"GRANT {right} ON {name} TO {APPLICATION}")
    yield Mutant("a right missing", f"REVOKE SELECT ON {name} FROM {APPLICATION}")
    yield Mutant("rights to pass on", f"GRANT SELECT ON {name} TO {APPLICATION} WITH GRANT OPTION")
    yield Mutant("a column granted", f"GRANT UPDATE ({table.columns[0].name}) ON {name} TO {APPLICATION}")
    for reader in ("PUBLIC", BENCHMARK):
        yield Mutant(f"readable by {reader}", f"GRANT SELECT ON {name} TO {reader}")


def _of_table(table: Relation) -> Iterator[Mutant]:
    name = table.name
    other = "directory" if table.table_class == "tenant" else "tenant"
    yield Mutant("no class", f"COMMENT ON TABLE {name} IS NULL")
    yield Mutant("a class that does not exist", f"COMMENT ON TABLE {name} IS 'class: {table.table_class}s'")
    yield Mutant(f"called a {other} table", f"COMMENT ON TABLE {name} IS 'class: {other}'")
    yield Mutant("called a catalogue table", f"COMMENT ON TABLE {name} IS 'class: catalogue'")
    for owner in (APPLICATION, MIGRATOR):
        yield Mutant(f"owned by {owner}", f"ALTER TABLE {name} OWNER TO {owner}")
    yield Mutant("a rule", f"CREATE RULE bend AS ON DELETE TO {name} DO INSTEAD NOTHING")
    yield Mutant("a trigger", f"CREATE TRIGGER bend BEFORE UPDATE ON {name} EXECUTE FUNCTION fn_pgqueuer_changed()")
    for key in table.foreign_keys:
        yield from _of_foreign_key(name, key)


def _of_foreign_key(table: str, key: ForeignKey) -> Iterator[Mutant]:
    columns, parent = ", ".join(key.columns), f"{key.parent} ({', '.join(key.parent_columns)})"
    again = f"FOREIGN KEY ({columns}) REFERENCES {parent}"
    replaced = f"ALTER TABLE {table} DROP CONSTRAINT {key.name}, ADD CONSTRAINT {key.name} {again}"
    yield Mutant(f"{key.name} sets null", f"{replaced} ON DELETE SET NULL")
    yield Mutant(f"{key.name} follows changed keys", f"{replaced} ON UPDATE CASCADE")
    yield Mutant(f"{key.name} not validated", f"{replaced} NOT VALID")


def _of_tenant_table(table: Relation, schema: Schema) -> Iterator[Mutant]:
    name = table.name
    yield Mutant("no tenant_id", f"ALTER TABLE {name} DROP COLUMN tenant_id CASCADE", felt=True)
    for key in table.keys:
        yield from _of_key(name, key)
    primary = next(key.name for key in table.keys if key.primary)
    nullable = f"ALTER TABLE {name} DROP CONSTRAINT {primary} CASCADE, ALTER COLUMN tenant_id DROP NOT NULL"
    yield Mutant("tenant_id can be missing", nullable)
    yield Mutant("an identity column", f"ALTER TABLE {name} ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY")
    yield Mutant("a serial column", f"ALTER TABLE {name} ADD COLUMN number bigserial")
    tenant_keys = [key for key in table.foreign_keys if key.parent in schema.of_class("tenant")]
    if tenant_keys:
        yield Mutant("triggers switched off", f"ALTER TABLE {name} DISABLE TRIGGER ALL", felt=True)
    for foreign in tenant_keys:
        yield from _of_tenant_key(name, foreign)


def _of_key(table: str, key: Key) -> Iterator[Mutant]:
    rest = [column for column in key.columns if column != "tenant_id"]
    if not rest:
        return
    columns = ", ".join(rest)
    yield Mutant(
        f"a unique index like {key.name}, over all tenants", f"CREATE UNIQUE INDEX ON {table} ({columns})", True
    )
    yield Mutant(f"{key.name} does not begin with tenant_id", f"CREATE UNIQUE INDEX ON {table} ({columns}, tenant_id)")
    if key.primary:
        moved = f"ALTER TABLE {table} DROP CONSTRAINT {key.name} CASCADE, ADD PRIMARY KEY ({columns})"
        yield Mutant(f"{key.name} without tenant_id", moved, felt=True)


def _of_tenant_key(table: str, key: ForeignKey) -> Iterator[Mutant]:
    drop = f"ALTER TABLE {table} DROP CONSTRAINT {key.name}"
    pairs = [(own, its) for own, its in zip(key.columns, key.parent_columns, strict=True) if own != "tenant_id"]
    columns, parents = (", ".join(names) for names in zip(*pairs, strict=True))
    loose = f"ADD CONSTRAINT {key.name} FOREIGN KEY ({columns}) REFERENCES {key.parent} ({parents})"
    unpaired = f"CREATE UNIQUE INDEX ON {key.parent} ({parents}); {drop}, {loose}"
    yield Mutant(f"{key.name} without tenant_id", unpaired, felt=True)
    yield Mutant(f"{key.name} dropped", drop, felt=True, seen=False)
    yield Mutant(f"{key.name} not enforced", f"ALTER TABLE {table} ALTER CONSTRAINT {key.name} NOT ENFORCED", felt=True)
