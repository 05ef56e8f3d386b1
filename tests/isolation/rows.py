"""A valid row for any table, made from what the catalog says of it: nobody has to write one for a new table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID, uuid5

from tests.isolation.expectations import DIRECTORY, TENANT, Guard
from tests.isolation.schema import Column, ForeignKey, Relation, Schema

Row = Mapping[str, str]
"""A row as SQL literals by column."""

NAMESPACE = UUID("5b0b3c3e-92f5-4c4e-9a55-1c6f4d1d0a11")


@dataclass(frozen=True)
class Side:
    """One of two strangers: a tenant with its organization and a person in it."""

    name: str
    number: int

    def id_of(self, what: str) -> UUID:
        return uuid5(NAMESPACE, f"{what}-{self.name}")

    @property
    def tenant_id(self) -> UUID:
        return self.id_of("tenants.id")

    @property
    def organization_id(self) -> UUID:
        return self.id_of("organizations.id")

    @property
    def person_id(self) -> UUID:
        return self.id_of("people.id")


A, B = Side("a", 1), Side("b", 2)
SIDES = (A, B)
NEWCOMER, NOBODY = Side("c", 3), Side("d", 4)
"""Whose values no row has: for a row that is added, and for one that is only spoken of."""


class World:
    """One row a side in every guarded table, and in whatever those rows refer to.

    A's and B's values differ in every column that can, so that a key with the tenant cannot clash by chance. Where rows
    can be public, B's is.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._rows: dict[tuple[str, str], Row] = {}
        for name in self.guards:
            for side in SIDES:
                self.row(name, side)

    @property
    def guards(self) -> dict[str, Guard]:
        directory = {name: expected.guard for name, expected in DIRECTORY.items() if expected.guard is not None}
        return dict.fromkeys(self.schema.of_class("tenant"), TENANT) | directory

    def row(self, name: str, side: Side) -> Row:
        if (name, side.name) not in self._rows:
            self._rows[name, side.name] = self._make(self.schema.relations[name], side)
        return self._rows[name, side.name]

    def statements(self) -> Iterator[str]:
        """Parents before children."""
        for (name, _), row in self._rows.items():
            yield insert(name, row)

    def _make(self, table: Relation, side: Side) -> Row:
        row: dict[str, str] = {}
        keyed = {column for key in table.keys for column in key.columns}
        wanted = [
            column for column in table.columns if column.name in keyed or (column.required and not column.default)
        ]
        for key in table.foreign_keys:
            if {column.name for column in wanted}.issuperset(key.columns):
                row |= self.reference(key, side)
        for column in wanted:
            row.setdefault(column.name, self._value(table, column, side))
        return row

    def fresh(self, name: str, newcomer: Side = NEWCOMER) -> Row:
        """One more row of A's, with the parents of its first one and values that no row has yet."""
        table, first = self.schema.relations[name], self.row(name, A)
        led = {column for key in table.foreign_keys for column in key.columns}
        new = {column.name: self._value(table, column, newcomer) for column in table.columns if column.name in first}
        return new | {column: first[column] for column in {"tenant_id", *led} if column in first}

    def reference(self, key: ForeignKey, side: Side) -> Row:
        """The columns of `key`, leading to the row of `side`."""
        parent = self.row(key.parent, side)
        return {column: parent[parent_column] for column, parent_column in key.pairs}

    def _value(self, table: Relation, column: Column, side: Side) -> str:
        guard = self.guards.get(table.name)
        if side is B and guard is not None and column.name == guard.public:
            return "true"
        return _literal(table, column, side)


def insert(table: str, row: Row, ending: str = "") -> str:
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(row.values())}){ending}"


def _literal(table: Relation, column: Column, side: Side) -> str:
    number = side.number
    if column.type == "uuid":
        own = column.name in ("tenant_id", "organization_id", "person_id")
        return f"'{getattr(side, column.name) if own else side.id_of(f'{table.name}.{column.name}')}'"
    values = {
        "text": f"'{column.name}-{side.name}'",
        "boolean": "false",
        "date": f"'2026-01-0{number}'",
        "timestamp with time zone": f"'2026-01-0{number}T00:00Z'",
        "interval": f"'{number} days'",
        "bytea": f"'\\x0{number}'",
        "jsonb": f"'{{\"{side.name}\": {number}}}'",
    }
    if column.type in values:
        return values[column.type]
    if column.type.endswith("[]"):
        return "'{}'"
    if column.type in ("bigint", "integer", "smallint") or column.type.startswith("numeric"):
        return str(number)
    raise LookupError(f"rows.py knows no value of type {column.type} for {table.name}.{column.name}")
