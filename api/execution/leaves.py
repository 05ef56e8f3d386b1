"""Scalars and enumerations on their way into an answer: a quick look for what is nearly always there, else the
library's own coercion, which raises for what does not fit."""

import enum
from collections.abc import Callable
from typing import Any

from graphql import GraphQLEnumType, GraphQLLeafType, GraphQLScalarType, Undefined

Leaf = Callable[[Any], Any]
EXACT: dict[str, type] = {"String": str, "ID": str, "Boolean": bool}
MOST_INT = 2**31


class Unfit(Exception):
    """Something only the stock executor can put into words, such as a null where there can be none."""


def leaf(kind: GraphQLLeafType) -> Leaf:
    """From a value to JSON; None does not fit. Raises whatever the library raises."""
    if isinstance(kind, GraphQLEnumType):
        return _member(kind)
    if kind.name == "Int":
        return _integer(kind)
    exact = EXACT.get(kind.name)
    return _coerced(kind) if exact is None else _exact(kind, exact)


def _exact(kind: GraphQLLeafType, exact: type) -> Leaf:
    slow = _coerced(kind)

    def convert(value: Any) -> Any:
        return value if value.__class__ is exact else slow(value)

    return convert


def _integer(kind: GraphQLScalarType) -> Leaf:
    slow = _coerced(kind)

    def convert(value: Any) -> Any:
        return value if value.__class__ is int and -MOST_INT <= value < MOST_INT else slow(value)

    return convert


def _member(kind: GraphQLEnumType) -> Leaf:
    slow, known = _coerced(kind), dict[Any, Any]()

    def convert(value: Any) -> Any:
        # By identity: an equal text is no member, and the library may refuse it.
        name = known.get(id(value))
        if name is not None:
            return name
        name = slow(value)
        if isinstance(value, enum.Enum):
            known[id(value)] = name
        return name

    return convert


def _coerced(kind: GraphQLLeafType) -> Leaf:
    coerce = kind.coerce_output_value

    def convert(value: Any) -> Any:
        if value is None:
            raise Unfit
        coerced = coerce(value)
        if coerced is None or coerced is Undefined:
            raise Unfit
        return coerced

    return convert
