"""What the database says of itself, as records: the ground on which the catalog check judges."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import orjson

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Rights = Mapping[str, frozenset[str]]
"""Who may do what, the owner left out: {'azimuth_app': {'SELECT'}}. A right that may be passed on ends in '*'."""

EVERYBODY = "-"

_HERE = Path(__file__).parent
RELATIONS = (_HERE / "relations.sql").read_text()
SURROUNDINGS = (_HERE / "surroundings.sql").read_text()


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    required: bool
    identity: bool
    default: str | None
    granted: bool


@dataclass(frozen=True)
class Policy:
    """`using` and `check` are as the server prints them, '' where there is none."""

    command: str
    roles: tuple[str, ...]
    permissive: bool
    using: str
    check: str


@dataclass(frozen=True)
class Key:
    """A primary key, a unique index or an exclusion. An expression's column is ''."""

    name: str
    columns: tuple[str, ...]
    primary: bool


@dataclass(frozen=True)
class ForeignKey:
    """`on_delete` and `on_update` are the letters of pg_constraint: 'a' no action, 'c' cascade."""

    name: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    on_delete: str
    on_update: str
    trusted: bool

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        return frozenset(zip(self.columns, self.parent_columns, strict=True))


@dataclass(frozen=True)
class Relation:
    """A table, or anything else that has columns; `kind` is a letter of pg_class.relkind."""

    name: str
    kind: str
    owner: str
    comment: str
    secured: bool
    forced: bool
    rights: Rights
    columns: tuple[Column, ...]
    policies: Mapping[str, Policy]
    keys: tuple[Key, ...]
    foreign_keys: tuple[ForeignKey, ...]
    triggers: frozenset[str]
    disabled_triggers: frozenset[str]
    rules: frozenset[str]

    @property
    def table_class(self) -> str:
        return self.comment.removeprefix("class: ") if self.comment.startswith("class: ") else ""

    @property
    def primary_key(self) -> tuple[str, ...]:
        return next((key.columns for key in self.keys if key.primary), ())

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Function:
    signature: str
    owner: str
    definer: bool
    settings: tuple[str, ...]
    rights: Rights
    language: str
    volatility: str
    parallel: str
    cost: float
    arguments: int
    returns: tuple[str, ...]
    body: str


@dataclass(frozen=True)
class Schema:
    relations: Mapping[str, Relation]
    functions: tuple[Function, ...]
    schemas: Mapping[str, Rights]
    roles: Mapping[str, frozenset[str]]
    members: frozenset[tuple[str, str]]
    settings: frozenset[str]
    default_rights: frozenset[str]
    database_rights: Rights

    def of_class(self, table_class: str) -> Mapping[str, Relation]:
        return {name: each for name, each in self.relations.items() if each.table_class == table_class}


async def read(connection: Connection) -> Schema:
    said = orjson.loads(await connection.fetchval(SURROUNDINGS))
    return Schema(
        relations=await _relations(connection, None),
        functions=tuple(_function(each) for each in said["functions"] or ()),
        schemas={name: _rights(rights) for name, rights in said["schemas"].items()},
        roles={name: frozenset(attributes) for name, attributes in said["roles"].items()},
        members=frozenset((member, role) for member, role in said["members"] or ()),
        settings=frozenset(said["settings"] or ()),
        default_rights=frozenset(said["default_rights"] or ()),
        database_rights=_rights(said["database_rights"]),
    )


async def read_again(connection: Connection, schema: Schema, table: str) -> Schema:
    """`schema` where nothing but `table` can have changed: a tenth of the time of reading all."""
    kept = {name: relation for name, relation in schema.relations.items() if name != table}
    return replace(schema, relations={**kept, **await _relations(connection, table)})


async def _relations(connection: Connection, name: str | None) -> dict[str, Relation]:
    said = orjson.loads(await connection.fetchval(RELATIONS, name))
    return {each["name"]: _relation(each) for each in said}


def _relation(said: dict[str, Any]) -> Relation:
    sets: dict[str, Any] = {
        name: frozenset(said.pop(name) or ()) for name in ("triggers", "disabled_triggers", "rules")
    }
    policies = {each.pop("name"): Policy(**_tuples(each)) for each in said.pop("policies") or ()}
    return Relation(
        rights=_rights(said.pop("rights")),
        columns=tuple(Column(**each) for each in said.pop("columns") or ()),
        policies=policies,
        keys=tuple(Key(**_tuples(each)) for each in said.pop("keys") or ()),
        foreign_keys=tuple(ForeignKey(**_tuples(each)) for each in said.pop("foreign_keys") or ()),
        **sets,
        **said,
    )


def _function(said: dict[str, Any]) -> Function:
    return Function(rights=_rights(said.pop("rights")), **_tuples(said))


def _tuples(said: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}


def _rights(pairs: Iterable[tuple[str, str]] | None) -> Rights:
    rights: dict[str, set[str]] = {}
    for grantee, privilege in pairs or ():
        rights.setdefault(grantee, set()).add(privilege)
    return {grantee: frozenset(privileges) for grantee, privileges in rights.items()}
