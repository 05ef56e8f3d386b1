"""Checks that every input of every area shares, each naming the field it refuses."""

from datetime import date
from decimal import Decimal

from tenants.errors import InvalidInput

# Beyond these years a date is a slip of the pen.
FIRST_YEAR, LAST_YEAR = 1990, 2100
# Decimal reckons with 28 digits: what has more would be rounded without a word.
MOST_DIGITS, MOST_BEFORE_THE_POINT, MOST_PLACES = 28, 18, 20


def words(text: str | None, field: str, *, most: int, required: bool = True) -> str | None:
    stripped = (text or "").strip()
    if not stripped:
        if required:
            raise InvalidInput("This cannot be empty.", field=(field,))
        return None
    if len(stripped) > most:
        raise InvalidInput(f"At most {most} characters.", field=(field,))
    return stripped


def title(text: str, field: str) -> str:
    checked = words(text, field, most=200)
    assert checked is not None
    return checked


def plausible(day: date | None, *field: str) -> None:
    if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InvalidInput(f"A date between {FIRST_YEAR} and {LAST_YEAR}.", field=field)


def finite(number: Decimal | None, *field: str) -> None:
    """Of a size and a precision that all arithmetic after it can bear."""
    if number is None:
        return
    if not number.is_finite() or abs(number) >= Decimal(10) ** MOST_BEFORE_THE_POINT:
        raise InvalidInput("A number of reasonable size.", field=field)
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    if len(digits) > MOST_DIGITS or exponent < -MOST_PLACES:
        words = f"A number has at most {MOST_DIGITS} digits, {MOST_PLACES} of them after the point."
        raise InvalidInput(words, field=field)


def in_order(earlier: date, later: date, earlier_field: str, field: str) -> None:
    plausible(earlier, earlier_field)
    plausible(later, field)
    if later <= earlier:
        raise InvalidInput("This must lie after the start.", field=(field,), code="ENDS_BEFORE_IT_STARTS")
