from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.shopify.fields import Fields
from connectors.shopify.money import apportion, minor_units, shop_money
from domain.ports.errors import AnswerUnusable
from tenants.currencies import DIGITS

MINOR = st.integers(min_value=-(10**15), max_value=10**15)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("29.33", "USD", 2933),
        ("65.6", "EUR", 6560),
        ("259.0", "EUR", 25900),
        ("0.0", "USD", 0),
        ("-3.5", "GBP", -350),
        ("1200.0", "JPY", 1200),
        ("1200", "KRW", 1200),
        ("1.234", "KWD", 1234),
        ("10.50000", "USD", 1050),
    ],
)
def test_an_amount_is_counted_in_the_smallest_unit(text: str, currency: str, minor: int) -> None:
    assert minor_units(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [("0.001", "USD"), ("0.5", "JPY"), ("1.2345", "KWD"), ("29.335", "EUR")],
)
def test_a_fraction_of_the_smallest_unit_is_refused(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match="finer"):
        minor_units(text, currency)


@pytest.mark.parametrize(
    "text", ["", "1,00", "1e3", "NaN", "Infinity", " 1", "1 ", "+1", "1.", ".5", "\u0663", "9" * 40]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        minor_units(text, "USD")


@pytest.mark.parametrize("currency", ["", "usd", "US", "USDC", "U$D"])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    with pytest.raises(ValueError, match="4217"):
        minor_units("1.0", currency)


@given(MINOR, st.sampled_from(["USD", "JPY", "KWD"]))
def test_every_amount_survives_the_way_there_and_back(minor: int, currency: str) -> None:
    text = f"{Decimal(minor).scaleb(-DIGITS.get(currency, 2)):f}"
    assert minor_units(text, currency) == minor


def bag(amount: str, currency: str) -> Fields:
    return Fields({"total": {"shopMoney": {"amount": amount, "currencyCode": currency}}}, "orders")


def test_a_second_currency_in_one_order_is_refused() -> None:
    assert shop_money(bag("1.0", "USD"), "total", "USD") == 100
    with pytest.raises(AnswerUnusable, match=r"orders\.total\.shopMoney is not in USD"):
        shop_money(bag("1.0", "EUR"), "total", "USD")


WEIGHTS = st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=12)


@given(st.integers(min_value=0, max_value=10**12), WEIGHTS)
def test_parts_add_up_and_none_is_a_unit_off(total: int, weights: list[int]) -> None:
    parts = apportion(total, weights)
    assert sum(parts) == total
    if whole := sum(weights):
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part - Fraction(total * weight, whole)) < 1


@given(WEIGHTS)
def test_what_already_adds_up_is_left_as_it_is(weights: list[int]) -> None:
    assert apportion(sum(weights), weights) == weights
