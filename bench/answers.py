"""Whether two answers say the same. Numbers may be written as numbers or as text, and ties rounded either way."""

import re
from decimal import Decimal
from typing import Any

import orjson

ROUNDING = Decimal("0.000001")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def first_difference(one: Any, other: Any, path: str = "") -> str | None:
    """Where they part, in words; None where they agree."""
    if isinstance(one, dict) and isinstance(other, dict):
        if one.keys() != other.keys():
            return f"{path or 'the answer'} has {sorted(one)} or {sorted(other)}"
        pairs = [(f"{path}.{key}", one[key], other[key]) for key in one]
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return f"{path or 'the answer'} has {len(one)} or {len(other)} items"
        pairs = [(f"{path}[{index}]", *pair) for index, pair in enumerate(zip(one, other, strict=True))]
    else:
        return None if _same(one, other) else f"{path or 'the answer'} is {one!r} or {other!r}"
    return next((found for place, a, b in pairs if (found := first_difference(a, b, place))), None)


def parse(body: bytes) -> Any:
    return orjson.loads(body)


def _same(one: Any, other: Any) -> bool:
    a, b = _number(one), _number(other)
    if a is None or b is None:
        return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)
    return abs(a - b) <= ROUNDING


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return Decimal(str(value))
    return Decimal(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None
