"""Query cost, as Shopify counts it, and the leaky bucket it is paid from.

The rules were read off recorded answers and give their costs to the point: an object is 1, money and page information
are free, a connection of size n is 2 + floor(2 ln n) times the cost of one node, a mutation is 10 with its payload and
the payload's own objects free. What is paid in the end shrinks with the rows found, except that an empty connection
is charged as if it were full of the plainest nodes. A plain list with `first` was never recorded; it is counted like
a connection without the 2.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableValues,
    get_argument_values,
    get_named_type,
    is_leaf_type,
    is_list_type,
)
from graphql.type import GraphQLField, GraphQLInterfaceType, get_nullable_type

FREE_TYPES = frozenset({"MoneyBag", "MoneyV2", "PageInfo", "UserError"})
MUTATION_COST = 10
CONNECTION_COST = 2


def spread(size: int) -> int:
    return max(1, math.floor(2 * math.log(size))) if size > 0 else 0


@dataclass(slots=True)
class Part:
    """One selected field that costs something. `size` is set for a connection or a list with a known length."""

    key: str
    own: int
    connection: bool = False
    size: int | None = None
    children: list["Part"] = field(default_factory=list)

    @property
    def node_cost(self) -> int:
        return self.own + sum(child.requested for child in self.children)

    @property
    def requested(self) -> int:
        if self.connection:
            return CONNECTION_COST + spread(self.size or 0) * self.node_cost
        return self.node_cost * (spread(self.size) if self.size is not None else 1)

    def actual(self, data: Any) -> int:
        if self.key not in data:  # left out by @skip or @include, or of another type
            return 0
        value = data[self.key]
        if self.connection:
            return self._actual_connection(value)
        if isinstance(value, list):
            return sum(self._actual_node(item) for item in value) if self.own else sum(map(self._inner, value))
        return self._actual_node(value)

    def _actual_node(self, node: Any) -> int:
        return self.own + (self._inner(node) if node is not None else 0)

    def _inner(self, node: Any) -> int:
        return sum(child.actual(node) for child in self.children)

    def _actual_connection(self, value: Any) -> int:
        if value is None:
            return CONNECTION_COST
        nodes = value.get("nodes")
        if nodes is None:
            nodes = [edge["node"] for edge in value.get("edges", ())]
        width = spread(self.size or 0)
        if not nodes:
            return CONNECTION_COST + width
        used = sum(self._actual_node(node) for node in nodes)
        return CONNECTION_COST + round(width * used / max(self.size or 0, len(nodes)))


class Estimator:
    """Turns one operation into parts."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: VariableValues) -> None:
        self.schema = schema
        self.variables = variables
        self.fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }

    def operation(self, operation: OperationDefinitionNode) -> list[Part]:
        root = self.schema.get_root_type(operation.operation)
        assert root is not None, "validated before"
        parts = self.parts(root, operation.selection_set)
        if operation.operation is OperationType.MUTATION:
            for part in parts:
                part.own = MUTATION_COST
                for child in part.children:
                    child.own = 0
        return parts

    def parts(self, parent: GraphQLNamedType, selections: SelectionSetNode) -> list[Part]:
        found: dict[str, Part] = {}
        for owner, node in self.fields(parent, selections):
            part = self.part(owner, node)
            if part is None:
                continue
            if part.key in found:
                found[part.key].children.extend(part.children)
            else:
                found[part.key] = part
        return list(found.values())

    def fields(self, parent: GraphQLNamedType, selections: SelectionSetNode) -> Iterator[tuple[Any, FieldNode]]:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                yield parent, node
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                target = self.schema.type_map[condition.name.value] if condition else parent
                yield from self.fields(target, node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                target = self.schema.type_map[fragment.type_condition.name.value]
                yield from self.fields(target, fragment.selection_set)

    def part(self, parent: GraphQLObjectType | GraphQLInterfaceType, node: FieldNode) -> Part | None:
        definition = parent.fields.get(node.name.value)
        if definition is None or node.selection_set is None:
            return None
        named = get_named_type(definition.type)
        if is_leaf_type(named) or named.name in FREE_TYPES:
            return None
        key = node.alias.value if node.alias else node.name.value
        arguments = get_argument_values(definition, node, self.variables)
        size = arguments.get("first") or arguments.get("last")
        if named.name.endswith("Connection"):
            return Part(key, 1, True, size, self.node_parts(named, node.selection_set))
        listed = self.list_size(definition, arguments, size)
        return Part(key, 1, False, listed, self.parts(named, node.selection_set))

    def list_size(self, definition: GraphQLField, arguments: dict[str, Any], size: int | None) -> int | None:
        if not is_list_type(get_nullable_type(definition.type)):
            return None
        return size if "ids" not in arguments else len(arguments["ids"])

    def node_parts(self, connection: Any, selections: SelectionSetNode) -> list[Part]:
        """Parts of one node, whether it is selected as `nodes` or as `edges { node }`."""
        parts: list[Part] = []
        for owner, node in self.fields(connection, selections):
            if node.selection_set is None or node.name.value not in ("nodes", "edges"):
                continue
            target = get_named_type(owner.fields[node.name.value].type)
            inner = self.parts(target, node.selection_set)
            parts.extend(inner if node.name.value == "nodes" else [part for edge in inner for part in edge.children])
        return parts


@dataclass(slots=True)
class Bucket:
    """Fills at `restore_rate` points a second up to `maximum`."""

    maximum: int
    restore_rate: int
    level: float = field(init=False)
    touched: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.level = float(self.maximum)

    @property
    def available(self) -> float:
        moment = time.monotonic()
        self.level = min(float(self.maximum), self.level + (moment - self.touched) * self.restore_rate)
        self.touched = moment
        return self.level

    def set(self, points: int) -> None:
        self.touched = time.monotonic()
        self.level = float(min(self.maximum, points))

    def spend(self, points: int) -> None:
        self.level = max(0.0, self.available - points)

    def status(self) -> dict[str, int]:
        return {
            "maximumAvailable": self.maximum,
            "currentlyAvailable": int(self.available),
            "restoreRate": self.restore_rate,
        }


def requested(parts: list[Part]) -> int:
    return sum(part.requested for part in parts)


def actual(parts: list[Part], data: dict[str, Any] | None) -> int:
    if data is None:
        return sum(CONNECTION_COST if part.connection else 1 for part in parts)
    return sum(part.actual(data) for part in parts)
