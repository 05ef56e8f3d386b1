"""Checks that every input of every area shares, each naming the field it refuses."""

from datetime import date
from decimal import Decimal

from tenants.errors import InvalidInput

# Beyond these years a date is a slip of the pen.
FIRST_YEAR, LAST_YEAR = 1990, 2100


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


def plausible(day: date | None, field: str) -> None:
    if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InvalidInput(f"A date between {FIRST_YEAR} and {LAST_YEAR}.", field=(field,))


def finite(number: Decimal | None, field: str) -> None:
    if number is not None and (not number.is_finite() or abs(number) >= Decimal(10) ** 18):
        raise InvalidInput("A number of reasonable size.", field=(field,))


def in_order(earlier: date, later: date, field: str) -> None:
    plausible(earlier, field)
    plausible(later, field)
    if later <= earlier:
        raise InvalidInput("This must lie after the start.", field=(field,), code="ENDS_BEFORE_IT_STARTS")
