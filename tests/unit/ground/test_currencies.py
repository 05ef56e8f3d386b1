from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.currencies import DIGITS, is_currency, to_major, to_minor


@pytest.mark.parametrize(
    ("minor", "currency", "major"),
    [(12_345, "USD", "123.45"), (12_345, "JPY", "12345"), (12_345, "KWD", "12.345"), (-1, "EUR", "-0.01")],
)
def test_the_minor_unit_is_the_currencys_own(minor: int, currency: str, major: str) -> None:
    assert to_major(Decimal(minor), currency) == Decimal(major)


@given(st.integers(-(10**17), 10**17), st.sampled_from(sorted(DIGITS)))
def test_there_and_back_loses_nothing(minor: int, currency: str) -> None:
    assert to_minor(to_major(Decimal(minor), currency), currency) == minor


def test_only_real_codes_are_currencies() -> None:
    assert is_currency("EUR")
    assert not is_currency("eur")
    assert not is_currency("XXX")
    assert len(DIGITS) > 150
