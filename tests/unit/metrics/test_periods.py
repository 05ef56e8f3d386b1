import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.metrics.periods import (
    CALENDAR,
    TRAILING,
    Grain,
    Period,
    last_periods,
    period_of,
    previous,
    shifted,
)

DAYS = st.dates(date(1990, 1, 1), date(2100, 12, 31))
GRAINS = st.sampled_from(list(Grain))
MONTHS = st.integers(1, 12)


@pytest.mark.parametrize(
    ("day", "grain", "start", "end"),
    [
        (date(2024, 2, 29), Grain.MONTH, date(2024, 2, 1), date(2024, 2, 29)),
        (date(2026, 1, 1), Grain.WEEK, date(2025, 12, 29), date(2026, 1, 4)),
        (date(2026, 11, 22), Grain.QUARTER, date(2026, 10, 1), date(2026, 12, 31)),
        (date(2026, 11, 22), Grain.YEAR, date(2026, 1, 1), date(2026, 12, 31)),
        (date(2026, 11, 22), Grain.DAY, date(2026, 11, 22), date(2026, 11, 22)),
        (date(2026, 11, 22), Grain.TRAILING_28_DAYS, date(2026, 10, 26), date(2026, 11, 22)),
    ],
)
def test_the_period_of_a_day(day: date, grain: Grain, start: date, end: date) -> None:
    assert period_of(day, grain) == Period(start, end, grain)


@pytest.mark.parametrize(
    ("day", "grain", "start", "end"),
    [
        (date(2026, 3, 31), Grain.YEAR, date(2025, 4, 1), date(2026, 3, 31)),
        (date(2026, 4, 1), Grain.YEAR, date(2026, 4, 1), date(2027, 3, 31)),
        (date(2026, 6, 30), Grain.QUARTER, date(2026, 4, 1), date(2026, 6, 30)),
    ],
)
def test_years_and_quarters_follow_the_fiscal_year(day: date, grain: Grain, start: date, end: date) -> None:
    assert period_of(day, grain, fiscal_start_month=4) == Period(start, end, grain)


@given(DAYS, GRAINS, MONTHS)
def test_a_period_holds_its_day_and_touches_the_one_before(day: date, grain: Grain, fiscal: int) -> None:
    period = period_of(day, grain, fiscal)
    assert period.start <= day <= period.end
    before = previous(period, fiscal)
    assert before.end + timedelta(days=1) == period.start
    if grain in TRAILING:
        assert before.days == period.days == TRAILING[grain]


@given(DAYS, st.sampled_from(CALENDAR), MONTHS)
def test_every_day_of_a_calendar_period_has_that_period(day: date, grain: Grain, fiscal: int) -> None:
    period = period_of(day, grain, fiscal)
    assert period_of(period.start, grain, fiscal) == period_of(period.end, grain, fiscal) == period


@given(DAYS, GRAINS, MONTHS, st.integers(1, 40))
def test_recent_periods_follow_each_other_without_gap(day: date, grain: Grain, fiscal: int, count: int) -> None:
    periods = last_periods(day, grain, count, fiscal)
    assert len(periods) == count
    assert periods[-1].start <= day <= periods[-1].end
    assert all(a.end + timedelta(days=1) == b.start for a, b in itertools.pairwise(periods))
    assert shifted(periods, fiscal) == tuple(previous(period, fiscal) for period in periods)
