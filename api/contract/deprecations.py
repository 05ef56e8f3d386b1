"""What a schema deprecates, and until when it stays: every reason names a day, as in "Removed after 2027-06-30"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    is_introspection_type,
)

_DAY = re.compile(r"\bafter (\d{4}-\d{2}-\d{2})\b")


@dataclass(frozen=True, slots=True)
class Deprecation:
    coordinate: str
    reason: str
    removable_after: date | None
    """None where the reason names no day: then it stays."""


def deprecations(schema: GraphQLSchema) -> list[Deprecation]:
    return [
        Deprecation(coordinate, reason, day_of(reason)) for coordinate, reason in _members(schema) if reason is not None
    ]


def day_of(reason: str) -> date | None:
    found = _DAY.search(reason)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def _members(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    """All that can be deprecated: fields, arguments, fields of inputs, values of enums."""
    for kind in schema.type_map.values():
        if is_introspection_type(kind):
            continue
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in kind.fields.items():
                yield f"{kind.name}.{name}", field.deprecation_reason
                for argument, each in field.args.items():
                    yield f"{kind.name}.{name}({argument}:)", each.deprecation_reason
        elif isinstance(kind, GraphQLInputObjectType):
            for name, input_field in kind.fields.items():
                yield f"{kind.name}.{name}", input_field.deprecation_reason
        elif isinstance(kind, GraphQLEnumType):
            for name, value in kind.values.items():
                yield f"{kind.name}.{name}", value.deprecation_reason
