"""The catalog check: the laws of the tables, held against what the database says of itself.

Pure: records in, findings out, a line each. No finding means that every table has its class and its guard.
"""

import re
from collections.abc import Iterator, Mapping

from tests.isolation import surroundings
from tests.isolation.expectations import (
    ALL,
    APPEND_ONLY,
    APPENDED,
    APPLICATION,
    DIRECTORY,
    LOOKUP,
    OWNER,
    PERSONAL,
    SEQUENCES,
    STRANGERS,
    TENANT,
    WITHOUT_MODEL,
)
from tests.isolation.schema import Connection, ForeignKey, Policy, Relation, Rights, Schema, read

CLASSES = ("tenant", "directory", "catalogue")

# Ids, numbers and instants say nothing of a person or a business.
MUTE = frozenset({"uuid", "uuid[]", "boolean", "integer", "bigint", "timestamp with time zone", "interval"})
_PERSONAL = re.compile(r"name$|mail|phone|address|street|city|postal|birth|gender|ip$")
_IMPERSONAL = re.compile(r"_hash$|^name$")


async def check(connection: Connection, models: Mapping[str, str]) -> list[str]:
    return list(findings(await read(connection), models))


def findings(schema: Schema, models: Mapping[str, str]) -> Iterator[str]:
    """`models` is the class of every table that has a model."""
    for name in schema.relations:
        yield from findings_of(name, schema, models)
    for name in sorted(set(models) - set(schema.relations)):
        yield f"{name}: has a model and is no table"
    yield from surroundings.findings(schema)


def findings_of(name: str, schema: Schema, models: Mapping[str, str]) -> Iterator[str]:
    """Of one table or whatever else has columns."""
    yield from (f"{name}: {fault}" for fault in _relation(schema.relations[name], schema, models))


def _relation(relation: Relation, schema: Schema, models: Mapping[str, str]) -> Iterator[str]:
    if relation.owner != OWNER:
        yield f"belongs to {relation.owner}"
    if relation.kind == "S":
        yield from _sequence(relation)
    elif relation.kind not in ("r", "p"):
        yield f"is of kind {relation.kind!r}: what is no table reads with its owner's rights, and has no law yet"
    else:
        yield from _table(relation, schema, models)


def _sequence(sequence: Relation) -> Iterator[str]:
    if sequence.name not in SEQUENCES:
        yield "is a sequence nobody expects: ids are made by the client"
    yield from _rights(sequence.rights, {APPLICATION: frozenset({"USAGE"})})


def _table(table: Relation, schema: Schema, models: Mapping[str, str]) -> Iterator[str]:
    if table.table_class not in CLASSES:
        yield f"has no class: its comment is {table.comment!r}"
    if "." in table.name:
        yield "stands outside of the schema public"
    if (modeled := models.get(table.name)) is None and table.name not in WITHOUT_MODEL:
        yield "has no model"
    elif modeled is not None and modeled != table.table_class:
        yield f"is a {modeled} table by its model"
    if not table.primary_key:
        yield "has no primary key"
    yield from (f"the rule {name} rewrites its statements" for name in table.rules)
    yield from (f"the trigger {name} is switched off or bent" for name in table.disabled_triggers)
    yield from (f"the column {column.name} has grants of its own" for column in table.columns if column.granted)
    for key in table.foreign_keys:
        yield from _foreign_key(table, key, schema)
    if table.table_class == "tenant":
        yield from _tenant(table)
    elif table.table_class == "directory":
        yield from _directory(table)
    elif table.table_class == "catalogue":
        may = table.rights.get(APPLICATION, frozenset()) & {"SELECT"}
        yield from _rights(table.rights, {APPLICATION: may} if may else {})


def _foreign_key(table: Relation, key: ForeignKey, schema: Schema) -> Iterator[str]:
    parent = schema.relations[key.parent]
    if not key.trusted:
        yield f"{key.name} is not enforced or not validated"
    if key.on_delete not in "ac":
        yield f"{key.name} on delete does {key.on_delete!r}: only CASCADE or NO ACTION"
    if key.on_update != "a":
        yield f"{key.name} on update does {key.on_update!r}: keys do not change"
    if parent.table_class == "tenant":
        if table.table_class != "tenant":
            yield f"{key.name} leads from a {table.table_class} table to a tenant table"
        if (key.columns[0], key.parent_columns[0]) != ("tenant_id", "tenant_id"):
            yield f"{key.name} does not begin by pairing tenant_id with tenant_id"
    elif key.on_delete == "c" and "DELETE" in parent.rights.get(APPLICATION, frozenset()):
        yield f"{key.name} cascades from {key.parent}, and the application may delete there: no policy would be asked"
    ours, theirs = _writer(table), _writer(parent)
    if ours and theirs and ours[1] == theirs[1] and (ours[0], theirs[0]) not in key.pairs and key.name not in STRANGERS:
        yield f"{key.name} can lead to another's row: it does not pair {ours[0]} with {key.parent}.{theirs[0]}"


def _writer(table: Relation) -> tuple[str, str] | None:
    """The column and the setting that say whose a directory row is."""
    expected = DIRECTORY.get(table.name)
    if expected is None or expected.guard is None:
        return None
    return expected.guard.writes.column, expected.guard.writes.setting


def _tenant(table: Relation) -> Iterator[str]:
    column = table.column("tenant_id")
    if column is None or column.type != "uuid" or not column.required:
        yield "has no tenant_id uuid NOT NULL"
    for key in table.keys:
        if key.columns[0] != "tenant_id":
            yield f"{key.name} does not begin with tenant_id: it would join tenants and tell of their rows"
    for each in table.columns:
        if each.identity or "nextval(" in (each.default or ""):
            yield f"the column {each.name} counts up over all tenants"
    yield from (f"has the trigger {name}" for name in table.triggers)
    yield from _guard(table, TENANT.policies())
    may = APPENDED if table.name in APPEND_ONLY else ALL
    yield from _rights(table.rights, {APPLICATION: frozenset(may.split())})


def _directory(table: Relation) -> Iterator[str]:
    expected = DIRECTORY.get(table.name)
    if expected is None:
        yield "is a directory table nobody expects: say in expectations.py who may see what of it, and why"
        return
    if expected.guard is not None:
        yield from _guard(table, expected.policies())
    elif table.policies or table.secured or table.forced:
        yield "has a guard nobody expects"
    words = {column.name for column in table.columns if column.type not in MUTE}
    if extra := words - set(expected.words.split()):
        yield f"may hold data of persons or businesses in {', '.join(sorted(extra))}"
    for column in table.columns:
        if (
            _PERSONAL.search(column.name)
            and not _IMPERSONAL.search(column.name)
            and (table.name, column.name) not in PERSONAL
        ):
            yield f"keeps {column.name}: the one personal field of the directory is a sign-in address"
    yield from (f"has the trigger {name}" for name in table.triggers - set(expected.triggers.split()))
    looked_up = {LOOKUP: frozenset({"SELECT"})} if expected.looked_up else {}
    yield from _rights(table.rights, {APPLICATION: frozenset(expected.may.split()), **looked_up})


def _guard(table: Relation, expected: frozenset[Policy]) -> Iterator[str]:
    if not table.secured:
        yield "row-level security is not enabled"
    if not table.forced:
        yield "row-level security is not forced: the owner sees everything"
    lacking = set(expected)
    for name, policy in table.policies.items():
        if policy not in lacking:
            yield f"{name} is not a policy of its class: {policy}"
        lacking.discard(policy)
    yield from (f"lacks {policy}" for policy in lacking)


def _rights(found: Rights, expected: Rights) -> Iterator[str]:
    for role in sorted({*found, *expected}):
        has, should = found.get(role, frozenset()), expected.get(role, frozenset())
        yield from (f"{role} has the right to {right}" for right in sorted(has - should))
        yield from (f"{role} lacks the right to {right}" for right in sorted(should - has))
