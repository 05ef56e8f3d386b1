"""Which fields of the schema a document asks for, as coordinates: "Tenant.name"."""

from collections.abc import Collection
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    visit,
)


class _Met(Visitor):
    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types = types
        self.fields: set[str] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent = self.types.get_parent_type()
        # Of introspection it counts that it is asked for, not what of it; a type's own name tells nothing.
        if parent is not None and not parent.name.startswith("__") and node.name.value != "__typename":
            self.fields.add(f"{parent.name}.{node.name.value}")


def fields_of(schema: GraphQLSchema, document: DocumentNode) -> frozenset[str]:
    """Of a valid document."""
    types = TypeInfo(schema)
    met = _Met(types)
    visit(document, TypeInfoVisitor(types, met))
    return frozenset(met.fields)


def unknown_fields(schema: GraphQLSchema, coordinates: Collection[str]) -> list[str]:
    """In their order."""
    return [each for each in coordinates if not _is_known(schema, each)]


def _is_known(schema: GraphQLSchema, coordinate: str) -> bool:
    parent, _, field = coordinate.partition(".")
    kind = schema.type_map.get(parent)
    return isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and field in kind.fields
