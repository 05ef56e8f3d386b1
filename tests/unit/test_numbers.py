from decimal import Decimal

import pytest

from api.numbers import shown
from domain.metrics.definition import Unit


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
