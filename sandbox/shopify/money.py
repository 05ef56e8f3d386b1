"""Amounts as integer minor units, and the two ways Shopify spells them."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

ZERO_DECIMAL = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF")
)
THREE_DECIMAL = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))


@dataclass(frozen=True, slots=True)
class Presentment:
    """The currency the customer paid in; `rate` is presentment units for one unit of the shop's currency."""

    currency: str
    rate: Decimal


def is_currency(code: str) -> bool:
    return re.fullmatch(r"[A-Z]{3}", code) is not None


def exponent(currency: str) -> int:
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def graphql_amount(minor: int, currency: str) -> str:
    """The Decimal scalar drops trailing zeros but keeps one digit: 259.0, 65.6, 29.33."""
    sign = "-" if minor < 0 else ""
    if digits := exponent(currency):
        whole, fraction = divmod(abs(minor), 10**digits)
        return f"{sign}{whole}.{f'{fraction:0{digits}d}'.rstrip('0') or '0'}"
    return f"{minor}.0"


def rest_amount(minor: int, currency: str) -> str:
    digits = exponent(currency)
    return str(Decimal(minor).scaleb(-digits).quantize(Decimal(1).scaleb(-digits)))


def minor_units(text: str, currency: str) -> int:
    """Raises ValueError where the amount is finer than the currency."""
    scaled = Decimal(text).scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{text} is finer than {currency} allows")
    return int(scaled)


def convert(minor: int, currency: str, presentment: Presentment) -> int:
    shift = exponent(presentment.currency) - exponent(currency)
    converted = (Decimal(minor) * presentment.rate).scaleb(shift)
    return int(converted.to_integral_value(rounding=ROUND_HALF_UP))


def share(total: int, units: int, taken: int) -> int:
    """What the first `taken` of `units` are worth; all of them are worth `total` exactly."""
    return total * taken // units if units else 0
