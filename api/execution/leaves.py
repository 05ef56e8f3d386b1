"""Scalars and enumerations on their way into an answer: a quick look for what is nearly always there, else the
library's own coercion, which raises for what does not fit."""

import enum
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from graphql import GraphQLEnumType, GraphQLLeafType, Undefined

One = Callable[[Any], Any]
Column = Callable[[Sequence[Any]], Sequence[Any]]
# What is its own JSON: the encoder writes a day as the scalar does.
EXACT: dict[str, type] = {"String": str, "ID": str, "Boolean": bool, "Date": date}
# What the coercion itself always has a text for.
COERCED: dict[str, type] = {"Decimal": Decimal}
MOST_INT = 2**31
NOTHING = {type(None), type(Undefined)}


class Unfit(Exception):
    """Something only the stock executor can put into words, such as a null where there can be none."""


class Exact(NamedTuple):
    """What is of this very type is told without a second look: by itself, or by `tell`."""

    kind: type
    tell: One | None = None


class Leaf(NamedTuple):
    """From a value to JSON, or from a column of them. Raises Unfit, or whatever the library raises."""

    one: One
    column: Column
    exact: Exact | None = None


def leaf(kind: GraphQLLeafType, *, nullable: bool) -> Leaf:
    slow = _coerced(kind, nullable)
    if isinstance(kind, GraphQLEnumType):
        member = _member(slow)
        return Leaf(member, lambda values: [member(value) for value in values])
    if kind.name == "Int":
        return Leaf(_integer(slow), _integers(slow))
    if kind.name in EXACT:
        exact = EXACT[kind.name]
        return Leaf(_exact(slow, exact), _all_exact(slow, exact), Exact(exact))
    if kind.name in COERCED:
        return Leaf(slow, _mapped(kind, slow), Exact(COERCED[kind.name], kind.coerce_output_value))
    return Leaf(slow, _mapped(kind, slow))


def _exact(slow: One, exact: type) -> One:
    return lambda value: value if value.__class__ is exact else slow(value)


def _all_exact(slow: One, exact: type) -> Column:
    one = _exact(slow, exact)

    def column(values: Sequence[Any]) -> Sequence[Any]:
        return values if {*map(type, values)} == {exact} else [one(value) for value in values]

    return column


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
    known: dict[int | str, Any] = {}

    def convert(value: Any) -> Any:
        # A member by its identity: an equal text is none, and the library may say something else of it.
        key = value if value.__class__ is str else id(value)
        name = known.get(key)
        if name is None:
            name = slow(value)
            if isinstance(value, enum.Enum) or (key is value and name is not None):
                known[key] = name
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
