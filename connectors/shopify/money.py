"""Amounts as Shopify spells them, into integer minor units. Nothing here rounds in silence."""

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from connectors.shopify.fields import Fields
from domain.ports.errors import AnswerUnusable
from tenants.currencies import DIGITS

AMOUNT = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,12})?")
CURRENCY = re.compile(r"[A-Z]{3}")


def minor_units(text: str, currency: str) -> int:
    """Raises ValueError for what is not an amount, or is finer than the currency's smallest unit."""
    minor = exact_units(text, currency)
    if minor != minor.to_integral_value():
        raise ValueError(f"an amount is finer than {currency} allows")
    return int(minor)


def exact_units(text: str, currency: str) -> Decimal:
    """The same for unit prices, which may have been divided."""
    if AMOUNT.fullmatch(text) is None:
        raise ValueError("not an amount")
    if CURRENCY.fullmatch(currency) is None:
        raise ValueError("not an ISO 4217 currency")
    return Decimal(text).scaleb(DIGITS.get(currency, 2))


def currency_of(fields: Fields, bag: str) -> str:
    return fields.child(bag).child("shopMoney").text("currencyCode")


def shop_money(fields: Fields, bag: str, currency: str) -> int:
    """Minor units of the shop's currency. Two currencies in one order would make every sum of it meaningless."""
    try:
        return minor_units(_amount(fields, bag, currency), currency)
    except ValueError as error:
        raise AnswerUnusable(f"{fields.path}.{bag}: {error}") from None


def shop_price(fields: Fields, bag: str, currency: str) -> Decimal:
    try:
        return exact_units(_amount(fields, bag, currency), currency)
    except ValueError as error:
        raise AnswerUnusable(f"{fields.path}.{bag}: {error}") from None


def optional_shop_money(fields: Fields, bag: str, currency: str) -> int:
    """Zero where Shopify says null: it does so for a total that no line has."""
    return 0 if fields.optional_child(bag) is None else shop_money(fields, bag, currency)


def _amount(fields: Fields, bag: str, currency: str) -> str:
    money = fields.child(bag).child("shopMoney")
    if money.text("currencyCode") != currency:
        raise AnswerUnusable(f"{money.path} is not in {currency}")
    return money.text("amount")


def apportion(total: int, weights: Sequence[int | Decimal]) -> list[int]:
    """Parts of `total` in proportion to weights >= 0, by largest remainder: they add up to `total` exactly."""
    shares = [Fraction(weight) for weight in weights]
    whole = sum(shares)
    if whole == total and all(share.denominator == 1 for share in shares):
        return [int(share) for share in shares]
    if whole == 0:
        return [total if index == 0 else 0 for index in range(len(shares))]
    exact = [total * share / whole for share in shares]
    parts = [int(part // 1) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda index: parts[index] - exact[index])
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts
