"""Scalars and enumerations on their way into an answer: a quick look for what is nearly always there, else the
library's own coercion, which raises for what does not fit."""

import enum
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from graphql import GraphQLEnumType, GraphQLLeafType, Undefined

One = Callable[[Any], Any]
Column = Callable[[Sequence[Any]], Sequence[Any]]
EXACT: dict[str, type] = {"String": str, "ID": str, "Boolean": bool}
MOST_INT = 2**31
NOTHING = {type(None), type(Undefined)}


class Unfit(Exception):
    """Something only the stock executor can put into words, such as a null where there can be none."""


class Leaf(NamedTuple):
    """From a value to JSON, or from a column of them. Raises Unfit, or whatever the library raises."""

    one: One
    column: Column
    exact: type | None = None
    """What is of this very type is its own JSON."""


def leaf(kind: GraphQLLeafType, *, nullable: bool) -> Leaf:
    slow = _coerced(kind, nullable)
    if isinstance(kind, GraphQLEnumType):
        return _by_value(_member(slow))
    if kind.name == "Int":
        return Leaf(_integer(slow), _integers(slow))
    exact = EXACT.get(kind.name)
    return _by_value(_exact(slow, exact), exact) if exact is not None else Leaf(slow, _mapped(kind, slow))


def _by_value(one: One, exact: type | None = None) -> Leaf:
    return Leaf(one, lambda values: [one(value) for value in values], exact)


def _exact(slow: One, exact: type) -> One:
    return lambda value: value if value.__class__ is exact else slow(value)


def _integer(slow: One) -> One:
    return lambda value: value if value.__class__ is int and -MOST_INT <= value < MOST_INT else slow(value)


def _integers(slow: One) -> Column:
    one = _integer(slow)

    def column(values: Sequence[Any]) -> Sequence[Any]:
        if {*map(type, values)} == {int} and min(values) >= -MOST_INT and max(values) < MOST_INT:
            return values
        return [one(value) for value in values]

    return column


def _member(slow: One) -> One:
    known: dict[int, Any] = {}

    def convert(value: Any) -> Any:
        # By identity: an equal text is no member, and the library may refuse it.
        name = known.get(id(value))
        if name is None:
            name = slow(value)
            if isinstance(value, enum.Enum):
                known[id(value)] = name
        return name

    return convert


def _mapped(kind: GraphQLLeafType, slow: One) -> Column:
    """The coercion itself where all are there and none of them becomes nothing."""
    coerce = kind.coerce_output_value

    def column(values: Sequence[Any]) -> Sequence[Any]:
        if type(None) in {*map(type, values)}:
            return [slow(value) for value in values]
        coerced = list(map(coerce, values))
        if {*map(type, coerced)} & NOTHING:
            raise Unfit
        return coerced

    return column


def _coerced(kind: GraphQLLeafType, nullable: bool) -> One:
    coerce = kind.coerce_output_value

    def convert(value: Any) -> Any:
        if value is None:
            if nullable:
                return None
            raise Unfit
        coerced = coerce(value)
        if coerced is None or coerced is Undefined:
            raise Unfit
        return coerced

    return convert
