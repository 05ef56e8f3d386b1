"""Scalars of the schema, read strictly: what could be understood in two ways is refused, naming the value."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

import strawberry
from graphql import GraphQLError, ValueNode, value_from_ast_untyped
from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.types.scalar import ScalarDefinition

T = TypeVar("T")

_NUMBER = re.compile(r"[+-]?\d{1,60}(\.\d{1,60})?([eE][+-]?\d{1,3})?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _decimal(value: object) -> Decimal:
    # A boolean is an int to Python, and to nobody else.
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise _refuse("Decimal", value, 'a number such as "12.50"')
    return Decimal(text)


def _day(value: object) -> dt.date:
    return _parsed("Date", value, _DAY, dt.date.fromisoformat, "a day such as 2026-11-22")


def _instant(value: object) -> dt.datetime:
    """With its offset: a clock's reading alone is another instant in every zone."""
    return _parsed("DateTime", value, _INSTANT, dt.datetime.fromisoformat, "an instant such as 2026-11-22T12:00:00Z")


def _parsed(name: str, value: object, form: re.Pattern[str], parse: Callable[[str], T], wanted: str) -> T:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise _refuse(name, value, wanted)
    try:
        return parse(value.upper())
    except ValueError:
        raise _refuse(name, value, wanted) from None


def _refuse(name: str, value: object, wanted: str) -> StrawberryInputCoercionError:
    return StrawberryInputCoercionError(f"Not a {name}: {str(value)[:80]!r}. Expected {wanted}.")


def _literal(parse: Callable[[object], T]) -> Callable[[ValueNode, dict[str, Any] | None], T]:
    """As it is written in a document. The library would pass a refusal on without the place it is about."""

    def read(node: ValueNode, variables: dict[str, Any] | None = None) -> T:
        try:
            return parse(value_from_ast_untyped(node, variables))
        except StrawberryInputCoercionError as refusal:
            raise GraphQLError(refusal.message, node) from None

    return read


SCALARS: Mapping[object, ScalarDefinition] = {
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact number, as a string with a point: "12.50". A JSON number is read, too.',
        serialize="{:f}".format,
        parse_value=_decimal,
        parse_literal=_literal(_decimal),
    ),
    dt.date: strawberry.scalar(
        name="Date",
        description="A day: 2026-11-22",
        serialize=dt.date.isoformat,
        parse_value=_day,
        parse_literal=_literal(_day),
    ),
    dt.datetime: strawberry.scalar(
        name="DateTime",
        description="An instant with its offset: 2026-11-22T12:00:00Z",
        serialize=dt.datetime.isoformat,
        parse_value=_instant,
        parse_literal=_literal(_instant),
    ),
}
