"""Documents that ask for all there is, read from the schema: every field, with every argument it takes.

Nobody has to remember a new field. An argument whose value cannot be told from its type needs one in `VALUES`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    OperationType,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_object_type,
    is_required_argument,
)
from graphql.type import get_nullable_type

from api.ids import Kind
from tests.integration.api.shapes import CORE

PLAIN = ""


def _now() -> str:
    return datetime.now(UTC).isoformat()


VALUES: Mapping[str, Any] = {
    "PeriodName": "LAST_YEAR",
    "Grain": "MONTH",
    "Date": "2026-01-15",
    "since: DateTime": "2025-01-01T00:00:00Z",
    "until: DateTime": _now,
    "asOf: DateTime": _now,
    "Int": 3,
    "key: String": "net_revenue",
    "metricKeys: String": ["net_revenue"],
    "metricKey: String": "net_revenue",
    "orderBy: PortfolioOrder": {"field": "METRIC", "metricKey": "net_revenue"},
    "Boolean": False,
    "version: Int": 1,
}
"""By the type's name, or the argument's before it; or how it is found when it is asked for."""
KINDS: Mapping[str, Kind] = {"tenantId": Kind.TENANT, "tenantIds": Kind.TENANT, "connectionId": Kind.CONNECTION}
"""Of what the id is that an argument asks for, where it is not the result itself."""
KIND_OF: Mapping[str, Kind] = {
    **{kind.name.title().replace("_", ""): kind for kind in Kind},
    "PersistedOperationSet": Kind.OPERATION_SET,
    "ConnectedAccount": Kind.CONNECTION,
}
CURSOR = "after"


@dataclass(frozen=True)
class Asked:
    """An argument of a field. `result` is the type of object that is asked for by it."""

    coordinate: str
    name: str
    argument: GraphQLArgument
    result: str

    @property
    def is_id(self) -> bool:
        return get_named_type(self.argument.type).name == "ID"

    @property
    def within(self) -> Mapping[str, Kind]:
        """Of what the ids are that stand within it, where it is an object."""
        named = get_named_type(self.argument.type)
        if not isinstance(named, GraphQLInputObjectType):
            return {}
        return {name: KINDS[name] for name, each in named.fields.items() if get_named_type(each.type).name == "ID"}

    @property
    def kinds(self) -> list[Kind]:
        """Of all ids that it takes."""
        return [self.kind] if self.is_id else list(self.within.values())

    @property
    def is_cursor(self) -> bool:
        return self.name == CURSOR

    def value(self, gid: Callable[[Kind], str], cursor: str | None) -> Any:
        if self.is_cursor:
            return cursor
        if self.is_id:
            found = gid(self.kind)
            return [found] if is_list_type(get_nullable_type(self.argument.type)) else found
        if self.within:
            return {name: [gid(kind)] for name, kind in self.within.items()}
        named = get_named_type(self.argument.type)
        for name in (f"{self.name}: {named.name}", named.name):
            if name in VALUES:
                value = VALUES[name]
                return value() if callable(value) else value
        assert isinstance(named, GraphQLEnumType), f"documents.py has no value for {self.coordinate}: {named.name}"
        return next(iter(named.values))

    @property
    def kind(self) -> Kind:
        kind = KINDS.get(self.name) or KIND_OF.get(self.result)
        assert kind is not None, f"documents.py does not know of what {self.coordinate} asks the id"
        return kind


@dataclass(frozen=True)
class Document:
    """`part` is the one field of the result that it asks for, or all its plain ones."""

    name: str
    text: str
    asked: Mapping[str, Asked]
    part: str

    @property
    def kinds(self) -> set[Kind]:
        """Of all ids that it takes."""
        return {kind for each in self.asked.values() for kind in each.kinds}

    @property
    def names_somebody(self) -> bool:
        return bool(self.kinds) or any(each.is_cursor for each in self.asked.values())

    def variables(self, gid: Callable[[Kind], str], *, cursor: str | None = None) -> dict[str, Any]:
        return {name: each.value(gid, cursor) for name, each in self.asked.items()}


def documents(operation: OperationType, *, bare: bool = False) -> list[Document]:
    """One for each part of all that a root field can result in. A bare one gives the arguments that it must.

    What several ids lead to, one leads to as well: of those what is plain is enough.
    """
    root = CORE.get_root_type(operation)
    assert root is not None
    return [
        _Draft(bare).document(operation, root, name, result, part)
        for name, each in root.fields.items()
        for result in _results(each)
        for part in (PLAIN, *(() if is_list_type(get_nullable_type(each.type)) else _composites(result)))
    ]


def payload(mutation: str) -> str:
    """All that can be told of what a mutation did."""
    assert CORE.mutation_type is not None
    named = get_named_type(CORE.mutation_type.fields[mutation].type)
    assert isinstance(named, GraphQLObjectType)
    return _Draft(bare=True).selections(named, ())[1:-1]


@dataclass
class _Draft:
    bare: bool = False
    asked: dict[str, Asked] = field(default_factory=dict)

    def document(
        self, operation: OperationType, root: GraphQLObjectType, name: str, result: GraphQLObjectType, part: str
    ) -> Document:
        given = self.arguments(root, name, result)
        if part:
            inner = self.field(result, part, (result.name,))
        else:
            inner = " ".join(self.field(result, each, ()) for each in _plain(result))
        on = f"... on {result.name} {{ {inner} }}" if inner else ""
        body = f"{name}{given} {{ __typename {on} }}"
        declared = ", ".join(f"${each}: {asked.argument.type}" for each, asked in self.asked.items())
        head = f"{operation.value} Walk" + (f"({declared})" if declared else "")
        label = f"{name}: {result.name}" + (f".{part}" if part else "")
        return Document(label, f"{head} {{ {body} }}", self.asked, part)

    def field(self, owner: GraphQLObjectType, name: str, above: tuple[str, ...]) -> str:
        named = get_named_type(owner.fields[name].type)
        given = self.arguments(owner, name, named)
        return f"{name}{given}" if is_leaf_type(named) else f"{name}{given} {self.selections(named, above)}"

    def selections(self, kind: GraphQLNamedType, above: tuple[str, ...]) -> str:
        """All of it; of what has a document of its own, or comes again, what is plain."""
        if is_abstract_type(kind):
            parts = [f"... on {each.name} {self.selections(each, above)}" for each in CORE.get_possible_types(kind)]
            return f"{{ __typename {' '.join(parts)} }}"
        assert isinstance(kind, GraphQLObjectType)
        whole = kind.name not in above and not (above and _is_node(kind))
        names = list(kind.fields) if whole else _plain(kind)
        parts = [self.field(kind, name, (*above, kind.name)) for name in names]
        return f"{{ __typename {' '.join(parts)} }}"

    def arguments(self, owner: GraphQLObjectType, name: str, result: GraphQLNamedType) -> str:
        parts = []
        for key, argument in owner.fields[name].args.items():
            if self.bare and not is_required_argument(argument):
                continue
            variable = f"v{len(self.asked)}"
            self.asked[variable] = Asked(f"{owner.name}.{name}({key}:)", key, argument, result.name)
            parts.append(f"{key}: ${variable}")
        return f"({', '.join(parts)})" if parts else ""


def _results(each: GraphQLField) -> list[GraphQLObjectType]:
    named = get_named_type(each.type)
    if is_abstract_type(named):
        return list(CORE.get_possible_types(named))
    assert isinstance(named, GraphQLObjectType)
    return [named]


def _plain(kind: GraphQLObjectType) -> list[str]:
    return [name for name, each in kind.fields.items() if is_leaf_type(get_named_type(each.type))]


def _composites(kind: GraphQLObjectType) -> list[str]:
    return [name for name in kind.fields if name not in _plain(kind)]


def _is_node(kind: GraphQLObjectType) -> bool:
    return any(each.name == "Node" for each in kind.interfaces)


def object_types() -> Iterator[GraphQLObjectType]:
    for kind in CORE.type_map.values():
        if is_object_type(kind) and not kind.name.startswith("__"):
            yield kind
