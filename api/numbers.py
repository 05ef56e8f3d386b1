"""Numbers as callers see them: exact decimals, money in the unit people say."""

from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import cache, lru_cache

from domain.metrics.definition import Unit
from domain.metrics.formulas import Number
from tenants.currencies import DIGITS, to_major

RATIO_PLACES = 10
EXTRA_MONEY_PLACES = 4
# For any figure a 64-bit count of minor units can lead to: by default Decimal refuses beyond 28.
WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)
EXACT_BELOW = 10**27
"""Whole numbers that Decimal multiplies exactly by default."""

MOST_SHOWN = 8192
"""Some 2 MB."""

Shown = Callable[[Number], Decimal]


def shown(number: Number, unit: Unit, currency: str) -> Decimal:
    """Ratios to ten places; money to the minor unit, and four places beyond where an average needs them."""
    return _rule(unit, currency)(number)


def shown_for_good(number: Number, unit: Unit, currency: str) -> Decimal:
    """Of what never changes and is told over and over."""
    return _known(number, _rule(unit, currency))


@lru_cache(MOST_SHOWN)
def _known(number: Number, rule: Shown) -> Decimal:
    return rule(number)


def column_shown(numbers: Iterable[Number | None], unit: Unit, currency: str) -> list[Decimal | None]:
    rule = _rule(unit, currency)
    return [None if number is None else rule(number) for number in numbers]


def variance_shown(number: Decimal, unit: Unit, currency: str) -> Decimal:
    """In the square of the unit people say."""
    if unit is not Unit.MONEY:
        return _trimmed(number, _places(2 * RATIO_PLACES), least=_places(0))
    return shown(to_major(number, currency), unit, currency)


@cache
def _rule(unit: Unit, currency: str) -> Shown:
    return _money(currency) if unit is Unit.MONEY else _plain


def _plain(number: Number) -> Decimal:
    if isinstance(number, int):
        return Decimal(number)
    return _trimmed(number, RATIO, least=WHOLE)


def _money(currency: str) -> Shown:
    digits = DIGITS[currency]
    minor, finest = _places(digits), _places(digits + EXTRA_MONEY_PLACES)

    def rule(number: Number) -> Decimal:
        if isinstance(number, int) and -EXACT_BELOW < number < EXACT_BELOW:
            return number * minor
        return _trimmed(to_major(Decimal(number), currency), finest, least=minor)

    return rule


def _trimmed(number: Decimal, most: Decimal, *, least: Decimal) -> Decimal:
    """Rounded to `most`, without the zeros at its end, but for those that `least` has; no zero has a sign."""
    rounded = WIDE.plus(WIDE.quantize(number, most))
    shortest = WIDE.quantize(rounded, least)
    return shortest if shortest == rounded else WIDE.normalize(rounded)


def _places(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


RATIO, WHOLE = _places(RATIO_PLACES), _places(0)
