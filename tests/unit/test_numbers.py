from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.numbers import column_shown, shown, shown_for_good
from domain.metrics.definition import Unit
from tenants.currencies import DIGITS


@pytest.mark.parametrize(
    ("number", "unit", "currency", "text"),
    [
        ("588775", Unit.MONEY, "USD", "5887.75"),
        ("588770", Unit.MONEY, "USD", "5887.70"),
        ("0", Unit.MONEY, "USD", "0.00"),
        ("1234", Unit.MONEY, "JPY", "1234"),
        ("1234", Unit.MONEY, "KWD", "1.234"),
        ("3271.6666666666666", Unit.MONEY, "USD", "32.716667"),
        ("0.3333333333333333", Unit.RATIO, "USD", "0.3333333333"),
        ("0.25", Unit.RATIO, "USD", "0.25"),
        ("1", Unit.RATIO, "USD", "1"),
        ("9" * 30, Unit.RATIO, "USD", "9" * 30),
        ("2357", Unit.COUNT, "USD", "2357"),
    ],
)
def test_numbers_are_shown_exactly_and_shortly(number: str, unit: Unit, currency: str, text: str) -> None:
    assert str(shown(Decimal(number), unit, currency)) == text


NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63).map(Decimal),
    st.integers(-1000, 1000).map(Decimal),
    st.decimals(-(10**12), 10**12, places=9),
    st.decimals(-(10**3), 10**3, places=14),
    st.builds(lambda a, b: Context(prec=34).divide(a, b), st.integers(-(10**15), 10**15), st.integers(1, 10**6)),
)


@given(NUMBERS, st.sampled_from(list(Unit)), st.sampled_from(["USD", "JPY", "KWD"]))
@example(Decimal("-0.00000000001"), Unit.RATIO, "USD")
@example(Decimal("0.00000000005"), Unit.RATIO, "USD")
@example(Decimal("0.00000000015"), Unit.RATIO, "USD")
@example(Decimal("100"), Unit.RATIO, "USD")
@example(Decimal("0.000"), Unit.MONEY, "USD")
@example(Decimal("-0"), Unit.MONEY, "USD")
@example(Decimal("9" * 35), Unit.MONEY, "USD")
def test_the_quick_way_writes_what_the_plain_one_does(number: Decimal, unit: Unit, currency: str) -> None:
    expected = str(plainly(number, unit, currency))
    assert str(shown(number, unit, currency)) == str(shown_for_good(number, unit, currency)) == expected
    if number == number.to_integral_value() and not number.is_signed():
        assert str(shown(int(number), unit, currency)) == expected
        assert column_shown([int(number), None, number], unit, currency) == [Decimal(expected), None, Decimal(expected)]


def plainly(number: Decimal, unit: Unit, currency: str) -> Decimal:
    """The shortest of all roundings that says as much as the finest."""
    digits = DIGITS[currency] if unit is Unit.MONEY else 0
    most = digits + 4 if unit is Unit.MONEY else 10
    scaled = number.scaleb(-digits)
    with localcontext(prec=60):
        rounded = scaled.quantize(Decimal(1).scaleb(-most), rounding=ROUND_HALF_EVEN)
        if rounded.is_zero():
            rounded = abs(rounded)
        for places in range(digits, most):
            shorter = rounded.quantize(Decimal(1).scaleb(-places))
            if shorter == rounded:
                return shorter
    return rounded
