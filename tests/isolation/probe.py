"""The behavior probe: what the application's role can really do to a table, in every context, with and without right.

Two strangers, A and B, have a row each. Every attempt knows its outcome beforehand: the server's answer (UPDATE 1) or
the SQLSTATE of a refusal. Statements name no tenant, because the guard has to hold where a filter was forgotten.
"""

import io
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass

import asyncpg

from tenants.scope import Scope
from tests.isolation.expectations import ALL, APPLICATION, LISTS, OWNER, Guard, Opening, Setting
from tests.isolation.rows import SIDES, A, B, Row, Side, World, insert
from tests.isolation.schema import Connection, ForeignKey, Relation

REFUSED = "42501"
EXISTS = "23505"
UNREFERENCED = "23503"
UNSUPPORTED = "0A000"
MALFORMED = "22P02"
ADDED = "INSERT 0 1"

SETTINGS: tuple[Setting, ...] = (
    "organization_id",
    "organization_ids",
    "person_id",
    "person_ids",
    "tenant_ids",
    "tenant_id",
)


@dataclass(frozen=True)
class Context:
    """What a transaction is told: whose id each setting holds."""

    name: str
    told: Mapping[Setting, tuple[Side, ...]]

    def sides(self, opening: Opening) -> frozenset[Side]:
        return frozenset(self.told.get(opening.setting, ()))

    def statements(self) -> Iterator[str]:
        one = {name: getattr(sides[0], name) for name, sides in self.told.items() if name not in LISTS}
        readable = frozenset(side.tenant_id for side in self.told.get("tenant_ids", ()))
        known = frozenset(side.organization_id for side in self.told.get("organization_ids", ()))
        people = frozenset(side.person_id for side in self.told.get("person_ids", ()))
        return Scope(**one, readable=readable, known=known, people=people).statements()


WHOLE: Mapping[Setting, tuple[Side, ...]] = dict.fromkeys(SETTINGS, (A,))


@dataclass(frozen=True)
class Attempt:
    sql: str
    expected: frozenset[str]


@dataclass(frozen=True)
class Subject:
    """A table with its guard, its two rows and what the application has the right to."""

    table: Relation
    guard: Guard
    rights: frozenset[str]
    world: World

    @property
    def name(self) -> str:
        return self.table.name

    def row(self, side: Side) -> Row:
        return self.world.row(self.name, side)

    def expect(self, right: str, *outcomes: str) -> frozenset[str]:
        return frozenset(outcomes if right in self.rights else (REFUSED,))


def subject_of(world: World, name: str, *, rights: str | None = None) -> Subject:
    """`rights` are the table's own unless they are named."""
    table = world.schema.relations[name]
    has = table.rights.get(APPLICATION, frozenset()) if rights is None else frozenset(rights.split())
    return Subject(table, world.guards[name], has, world)


async def probe(connection: Connection, subject: Subject) -> AsyncGenerator[str]:
    """What goes otherwise than it should. The connection is the application's, in a transaction; nothing remains."""
    await connection.execute("SAVEPOINT clean")
    for context in contexts(subject.guard):
        await connection.execute(";".join(("ROLLBACK TO clean", *context.statements(), "SAVEPOINT ready")))
        for attempt in attempts(subject, context):
            outcome = await try_out(connection, attempt.sql)
            if outcome not in attempt.expected:
                should = " or ".join(sorted(attempt.expected))
                yield f"{subject.name}: {context.name}: {attempt.sql} -> {outcome}, not {should}"
    await connection.execute("ROLLBACK TO clean; SAVEPOINT ready")
    if (copied := await _copy(connection, subject)) not in subject.expect("INSERT", UNSUPPORTED):
        yield f"{subject.name}: COPY FROM -> {copied}, not {UNSUPPORTED}"


async def is_felt(administrator: Connection, subject: Subject) -> bool:
    """Whether anything goes otherwise, asked by the administrator, in a transaction that goes no further.

    With every right granted: policies have to hold by themselves, not because a right is missing.
    """
    rights = f"GRANT {', '.join(ALL.split())} ON {subject.name} TO {APPLICATION}"
    await administrator.execute(f"{rights}; SAVEPOINT granted; SET LOCAL ROLE {OWNER}; SAVEPOINT ready")
    if await try_out(administrator, f"SELECT FROM {subject.name}") != "SELECT 0":
        return True
    await administrator.execute(f"ROLLBACK TO granted; SET LOCAL SESSION AUTHORIZATION {APPLICATION}")
    async with aclosing(probe(administrator, subject)) as found:
        return await anext(found, None) is not None


def contexts(guard: Guard) -> Iterator[Context]:
    """The most telling first: all of A's with B's row readable as well, all of A's, nothing, each setting alone."""
    for setting in (opening.setting for opening in guard.reads if opening.setting != guard.writes.setting):
        readers = (A, B) if setting in LISTS else (B,)
        yield Context(f"all of A, reading B by {setting}", {**WHOLE, setting: readers})
    yield Context("all of A", WHOLE)
    yield Context("no context", {})
    for setting in SETTINGS:
        yield Context(f"{setting} of A alone", {setting: (A,)})


def attempts(subject: Subject, context: Context) -> Iterator[Attempt]:
    guard = subject.guard
    visible = frozenset().union(*(context.sides(opening) for opening in guard.reads))
    visible |= {B} if guard.public else set()
    writable = context.sides(guard.writes)
    yield from _reads(subject, visible, writable)
    yield from _writes(subject, visible, writable)
    yield from _inserts(subject, writable)
    if writable and len(visible | writable) == len(SIDES):
        yield from _upserts(subject)
    if context.name == "all of A":
        yield Attempt(f"TRUNCATE {subject.name}", frozenset((REFUSED,)))
        yield from _malformed(subject)
        if subject.table.table_class == "tenant":
            yield _addition(subject)
            yield _mixture(subject)
            for key in tenant_keys(subject):
                sql = stray(subject, key, subject.world.row(key.parent, B))
                yield Attempt(sql, subject.expect("INSERT", UNREFERENCED))


def _reads(subject: Subject, visible: frozenset[Side], writable: frozenset[Side]) -> Iterator[Attempt]:
    yield Attempt(f"SELECT FROM {subject.name}", subject.expect("SELECT", f"SELECT {len(visible)}"))
    for side in SIDES:
        row = subject.row(side)
        its_key = " AND ".join(f"{column} = {row[column]}" for column in subject.table.primary_key)
        seen = subject.expect("SELECT", f"SELECT {int(side in visible)}")
        yield Attempt(f"SELECT FROM {subject.name} WHERE {its_key}", seen)
    locked = subject.expect("UPDATE", f"SELECT {len(visible & writable)}")
    yield Attempt(f"SELECT FROM {subject.name} FOR UPDATE", locked)


def _writes(subject: Subject, visible: frozenset[Side], writable: frozenset[Side]) -> Iterator[Attempt]:
    """Change, take, give away and delete whatever can be reached."""
    name, owner = subject.name, subject.guard.writes.column
    changed = f"UPDATE {len(visible & writable)}"
    yield Attempt(f"UPDATE {name} SET {owner} = {owner}", subject.expect("UPDATE", changed))
    taken = f"UPDATE {len(writable)}"
    yield Attempt(f"UPDATE {name} SET {owner} = {subject.row(A)[owner]}", subject.expect("UPDATE", taken))
    given = REFUSED if writable else "UPDATE 0"
    gift = f"UPDATE {name} SET {owner} = {subject.row(B)[owner]}"
    yield Attempt(gift, subject.expect("UPDATE", given))
    if subject.guard.public:
        yield Attempt(f"{gift}, {subject.guard.public} = true", subject.expect("UPDATE", given))
    held = (UNREFERENCED,) if writable and _is_held(subject) else ()
    yield Attempt(f"DELETE FROM {name}", subject.expect("DELETE", f"DELETE {len(writable)}", *held))


def _is_held(subject: Subject) -> bool:
    """Whether rows of other tables can forbid that a row of this one goes."""
    keys = (key for relation in subject.world.schema.relations.values() for key in relation.foreign_keys)
    return any(key.parent == subject.name and key.on_delete != "c" for key in keys)


def _inserts(subject: Subject, writable: frozenset[Side]) -> Iterator[Attempt]:
    """Of a row that exists already: the guard must refuse a foreign one before the key can tell that it exists."""
    for side in SIDES:
        outcome = EXISTS if side in writable else REFUSED
        yield Attempt(insert(subject.name, subject.row(side)), subject.expect("INSERT", outcome))


def _upserts(subject: Subject) -> Iterator[Attempt]:
    owner, key = subject.guard.writes.column, ", ".join(subject.table.primary_key)
    taking = f"UPDATE SET {owner} = {subject.row(A)[owner]}"
    for action in ("NOTHING", f"UPDATE SET {owner} = excluded.{owner}", taking):
        upsert = insert(subject.name, subject.row(B), f" ON CONFLICT ({key}) DO {action}")
        yield Attempt(upsert, frozenset((REFUSED,)))


def _malformed(subject: Subject) -> Iterator[Attempt]:
    """A setting that is no id is an error and opens nothing."""
    for opening in subject.guard.reads:
        sql = f"SET LOCAL app.{opening.setting} = 'everything'; SELECT FROM {subject.name}"
        yield Attempt(sql, subject.expect("SELECT", MALFORMED))


def tenant_keys(subject: Subject) -> list[ForeignKey]:
    tenant_tables = subject.world.schema.of_class("tenant")
    return [key for key in subject.table.foreign_keys if key.parent in tenant_tables]


def _addition(subject: Subject) -> Attempt:
    """One more row of A's: where its own law is all that holds, it goes in."""
    row, own = subject.world.fresh(subject.name), subject.row(A)
    return Attempt(insert(subject.name, row), subject.expect("INSERT", EXISTS if _clash(subject, row, own) else ADDED))


def _mixture(subject: Subject) -> Attempt:
    """B's row under A's id: no key may tell that B has it, and no foreign key may find B's parents."""
    own = subject.row(A)
    row = {**subject.row(B), "tenant_id": own["tenant_id"]}
    led = any(row.keys() >= set(key.columns) for key in tenant_keys(subject))
    outcome = EXISTS if _clash(subject, row, own) else UNREFERENCED if led else ADDED
    return Attempt(insert(subject.name, row), subject.expect("INSERT", outcome))


def _clash(subject: Subject, row: Row, other: Row) -> bool:
    return any(all(row[column] == other[column] for column in key.columns) for key in subject.table.keys)


def stray(subject: Subject, key: ForeignKey, parent: Row) -> str:
    """One more row of A's, whose `key` leads to `parent` and every other one to A's."""
    led = {column: parent[its] for column, its in key.pairs if column != "tenant_id"}
    return insert(subject.name, {**subject.world.fresh(subject.name), **led})


async def _copy(connection: Connection, subject: Subject) -> str:
    """COPY would go around a policy's check, so the server refuses it where a guard is."""
    try:
        await connection.copy_to_table(subject.name, source=io.BytesIO(b""))
    except asyncpg.PostgresError as error:
        return _state(error)
    finally:
        await connection.execute("ROLLBACK TO ready")
    return "COPY"


async def try_out(connection: Connection, sql: str) -> str:
    """The outcome of a statement that leaves no trace: the savepoint `ready` must stand."""
    try:
        outcome = await connection.execute(sql)
    except asyncpg.PostgresError as error:
        outcome = _state(error)
    if not outcome.startswith("SELECT") or not sql.startswith("SELECT"):
        await connection.execute("ROLLBACK TO ready")
    return outcome


def _state(error: asyncpg.PostgresError) -> str:
    return str(error.sqlstate)
