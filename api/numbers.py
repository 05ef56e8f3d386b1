"""Numbers as callers see them: exact decimals, money in the unit people say."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from domain.metrics.definition import Unit
from tenants.currencies import DIGITS, to_major

RATIO_PLACES = 10
EXTRA_MONEY_PLACES = 4
DIGITS_ENOUGH = 60
"""For any figure a 64-bit count of minor units can lead to: by default Decimal refuses beyond 28."""


def shown(number: Decimal, unit: Unit, currency: str) -> Decimal:
    """Ratios to ten places; money to the minor unit, and four places beyond where an average needs them."""
    if unit is not Unit.MONEY:
        return _trimmed(number, RATIO_PLACES, least=0)
    digits = DIGITS[currency]
    return _trimmed(to_major(number, currency), digits + EXTRA_MONEY_PLACES, least=digits)


def variance_shown(number: Decimal, unit: Unit, currency: str) -> Decimal:
    """In the square of the unit people say."""
    if unit is not Unit.MONEY:
        return _trimmed(number, 2 * RATIO_PLACES, least=0)
    return shown(to_major(number, currency), unit, currency)


def _trimmed(number: Decimal, most: int, *, least: int) -> Decimal:
    with localcontext(prec=DIGITS_ENOUGH):
        rounded = number.quantize(Decimal(1).scaleb(-most), rounding=ROUND_HALF_EVEN)
        for places in range(least, most):
            shorter = rounded.quantize(Decimal(1).scaleb(-places))
            if shorter == rounded:
                return shorter
    return rounded
