"""Calendar periods in the tenant's own days. A period is closed at both ends; weeks are ISO weeks."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache


class Grain(StrEnum):
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"
    TRAILING_28_DAYS = "TRAILING_28_DAYS"
    TRAILING_90_DAYS = "TRAILING_90_DAYS"
    TRAILING_365_DAYS = "TRAILING_365_DAYS"


TRAILING = {Grain.TRAILING_28_DAYS: 28, Grain.TRAILING_90_DAYS: 90, Grain.TRAILING_365_DAYS: 365}
CALENDAR = tuple(grain for grain in Grain if grain not in TRAILING)
MONTHS = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}


class PeriodName(StrEnum):
    TODAY = "TODAY"
    YESTERDAY = "YESTERDAY"
    THIS_WEEK = "THIS_WEEK"
    LAST_WEEK = "LAST_WEEK"
    THIS_MONTH = "THIS_MONTH"
    LAST_MONTH = "LAST_MONTH"
    THIS_QUARTER = "THIS_QUARTER"
    LAST_QUARTER = "LAST_QUARTER"
    THIS_YEAR = "THIS_YEAR"
    LAST_YEAR = "LAST_YEAR"
    TRAILING_28_DAYS = "TRAILING_28_DAYS"
    TRAILING_90_DAYS = "TRAILING_90_DAYS"
    TRAILING_365_DAYS = "TRAILING_365_DAYS"


UNDER_WAY = {
    PeriodName.TODAY: Grain.DAY,
    PeriodName.THIS_WEEK: Grain.WEEK,
    PeriodName.THIS_MONTH: Grain.MONTH,
    PeriodName.THIS_QUARTER: Grain.QUARTER,
    PeriodName.THIS_YEAR: Grain.YEAR,
}
JUST_OVER = {
    PeriodName.YESTERDAY: Grain.DAY,
    PeriodName.LAST_WEEK: Grain.WEEK,
    PeriodName.LAST_MONTH: Grain.MONTH,
    PeriodName.LAST_QUARTER: Grain.QUARTER,
    PeriodName.LAST_YEAR: Grain.YEAR,
}


@dataclass(frozen=True, order=True, slots=True)
class Period:
    start: date
    end: date
    grain: Grain

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1


class Periods(tuple[Period, ...]):
    """Consecutive ones of one grain, oldest first; at least one."""

    @cached_property
    def key(self) -> str:
        """Tells them from all others."""
        first = self[0]
        return f"{first.grain.value} {first.start} {len(self)}"


@lru_cache(maxsize=4096)
def period_of(day: date, grain: Grain, fiscal_start_month: int = 1) -> Period:
    """The period `day` falls in; for a trailing window the one that ends on `day`.

    Quarters and years follow the fiscal year, which begins on the first of `fiscal_start_month`.
    """
    if grain in TRAILING:
        return Period(day - timedelta(days=TRAILING[grain] - 1), day, grain)
    if grain is Grain.DAY:
        return Period(day, day, grain)
    if grain is Grain.WEEK:
        monday = day - timedelta(days=day.weekday())
        return Period(monday, monday + timedelta(days=6), grain)
    length = MONTHS[grain]
    months_into_cycle = (day.month - fiscal_start_month) % 12 % length
    start = add_months(day.replace(day=1), -months_into_cycle)
    return Period(start, add_months(start, length) - timedelta(days=1), grain)


def previous(period: Period, fiscal_start_month: int = 1) -> Period:
    """The period of the same grain that ends the day before this one starts."""
    return period_of(period.start - timedelta(days=1), period.grain, fiscal_start_month)


@lru_cache(maxsize=1024)
def period_named(name: PeriodName, day: date, fiscal_start_month: int = 1) -> Periods:
    """One, as seen on `day`, which is under way; a trailing window ends the day before."""
    if name in UNDER_WAY:
        return Periods((period_of(day, UNDER_WAY[name], fiscal_start_month),))
    if name in JUST_OVER:
        return Periods((previous(period_of(day, JUST_OVER[name], fiscal_start_month), fiscal_start_month),))
    return Periods((period_of(day - timedelta(days=1), Grain(name.value)),))


@lru_cache(maxsize=256)
def last_periods(day: date, grain: Grain, count: int, fiscal_start_month: int = 1) -> Periods:
    """`count` periods, the last one being that of `day`."""
    periods = [period_of(day, grain, fiscal_start_month)]
    while len(periods) < count:
        periods.append(previous(periods[-1], fiscal_start_month))
    return Periods(periods[::-1])


def shifted(periods: Periods, fiscal_start_month: int = 1) -> Periods:
    """The one before each."""
    return Periods((previous(periods[0], fiscal_start_month), *periods[:-1]))


def add_months(first_of_month: date, months: int) -> date:
    index = first_of_month.year * 12 + first_of_month.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)
