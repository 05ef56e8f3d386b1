"""Columns say of each period what would be said of it alone."""

from datetime import date, timedelta
from decimal import Decimal, DecimalException, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.metrics.catalog import ALL, BY_KEY
from domain.metrics.definition import Metric, NullReason
from domain.metrics.evaluation import FLAGS, Coverage, Frame, Inputs, Value, Values, compute, evaluate
from domain.metrics.formulas import Number
from domain.metrics.periods import Grain, Period, Periods, last_periods, previous

LAST = date(2026, 11, 22)
NUMBERS: st.SearchStrategy[Number] = st.one_of(
    st.just(0), st.integers(0, 5), st.integers(-(2**63), 2**63), st.decimals(-(10**9), 10**9, places=3)
)


def figures(metric: Metric, name: str) -> st.SearchStrategy[Number | None]:
    numbers = st.integers(0, 9) if name == metric.n else NUMBERS
    return numbers | st.none() if name in metric.kept_whole else numbers


def coverages(periods: tuple[Period, ...], fiscal: int) -> st.SearchStrategy[Coverage]:
    """Whose days lie at the edges of periods, or a day beside."""
    edges = sorted({day for each in (previous(periods[0], fiscal), *periods) for day in (each.start, each.end)})
    days = st.builds(lambda day, by: day + timedelta(days=by), st.sampled_from(edges), st.integers(-1, 1))
    return st.builds(
        Coverage,
        today=days,
        first_day=st.none() | days,
        connected=st.booleans(),
        backfilling=st.booleans(),
        pending=st.booleans(),
        fiscal_start_month=st.just(fiscal),
    )


@st.composite
def series(draw: st.DrawFn) -> tuple[Metric, Periods, Coverage, Inputs, list[int] | None]:
    metric, fiscal = draw(st.sampled_from(ALL)), draw(st.integers(1, 12))
    periods = last_periods(LAST, draw(st.sampled_from(list(Grain))), draw(st.integers(1, 12)), fiscal)
    coverage = draw(coverages(periods, fiscal))

    def column(numbers: st.SearchStrategy[Number | None]) -> st.SearchStrategy[list[Number | None]]:
        return st.lists(numbers, min_size=len(periods), max_size=len(periods))

    inputs = {name: draw(column(figures(metric, name))) for name in metric.inputs}
    left_out = st.lists(st.integers(0, 1), min_size=len(periods), max_size=len(periods))
    return metric, periods, coverage, inputs, draw(st.none() | left_out) if metric.priced else None


@settings(max_examples=400, deadline=None)
@given(series())
def test_a_series_is_what_its_periods_are(
    asked: tuple[Metric, Periods, Coverage, Inputs, list[int] | None],
) -> None:
    metric, periods, coverage, inputs, left_out = asked
    values = evaluate(metric, Frame.of(periods, coverage, looks_back=metric.looks_back), inputs, left_out=left_out)
    for at, period in enumerate(periods):
        alone = {name: column[at] for name, column in inputs.items()}
        others = 0 if left_out is None else left_out[at]
        expected = by_hand(metric, period, alone, coverage, others)
        assert point(values, at) == expected
        frame = Frame.of(Periods((period,)), coverage, looks_back=metric.looks_back)
        single = evaluate(metric, frame, {name: [number] for name, number in alone.items()}, left_out=[others])
        assert single.newest == expected


def point(values: Values, at: int) -> Value:
    return Value(values.numbers[at], values.n[at], values.null_reasons[at], values.flags[at])


def by_hand(
    metric: Metric, period: Period, inputs: dict[str, Number | None], coverage: Coverage, left_out: int
) -> Value:
    """One period after the other, one question after the other."""
    reason = missing(metric, period, inputs, coverage)
    if reason is not None:
        return Value(None, 0, reason, ())
    if left_out > 0 and inputs["orders"] == 0:
        return Value(None, 0, NullReason.OTHER_CURRENCY, ())
    n = inputs[metric.n]
    assert isinstance(n, int)
    with localcontext() as context:
        context.prec = 34
        try:
            number = metric.formula(*(inputs[name] for name in metric.operands))
        except (DecimalException, ZeroDivisionError):
            return Value(None, n, NullReason.DIVISION_BY_ZERO, ())
    return Value(number, n, None, tuple(flag for flag in FLAGS if flag in flags(metric, period, coverage, left_out)))


def missing(metric: Metric, period: Period, inputs: dict[str, Number | None], coverage: Coverage) -> NullReason | None:
    if not coverage.connected and coverage.first_day is None:
        return NullReason.SOURCE_NOT_CONNECTED
    if period.start > coverage.today:
        return NullReason.PERIOD_NOT_STARTED
    if coverage.first_day is None or period.end < coverage.first_day:
        return NullReason.NO_DATA
    if metric.looks_back and previous(period, coverage.fiscal_start_month).end < coverage.first_day:
        return NullReason.INSUFFICIENT_HISTORY
    return NullReason.PERIOD_NOT_KEPT if None in inputs.values() else None


def flags(metric: Metric, period: Period, coverage: Coverage, left_out: int) -> set[str]:
    assert coverage.first_day is not None
    before = previous(period, coverage.fiscal_start_month)
    conditions = {
        "PERIOD_INCOMPLETE": period.end >= coverage.today,
        "HISTORY_STARTS_WITHIN_PERIOD": period.start < coverage.first_day,
        "PREVIOUS_PERIOD_PARTIAL": metric.looks_back and before.start < coverage.first_day,
        "OTHER_CURRENCIES_LEFT_OUT": left_out > 0,
        "BACKFILL_RUNNING": coverage.backfilling,
        "RECOMPUTE_PENDING": coverage.pending,
    }
    return {flag for flag, holds in conditions.items() if holds}


@pytest.mark.parametrize("key", ["net_revenue", "average_order_value"])
def test_only_what_can_be_divided_is_divided(key: str) -> None:
    metric = BY_KEY[key]
    periods = last_periods(LAST, Grain.DAY, 3)
    coverage = Coverage(today=LAST, first_day=date(2026, 1, 1), connected=True)
    inputs = {name: [30, 10, 0] if name in ("gross_revenue", "orders") else [0, 0, 0] for name in metric.inputs}
    values = evaluate(metric, Frame.of(periods, coverage, looks_back=False), inputs)
    if key == "net_revenue":
        assert (values.numbers, values.null_reasons) == ([30, 10, 0], [None] * 3)
    else:
        assert values.numbers == [Decimal(1), Decimal(1), None]
        assert values.null_reasons == [None, None, NullReason.DIVISION_BY_ZERO]
    assert values.n == [30, 10, 0]


def test_a_quotient_has_thirty_four_digits() -> None:
    metric = BY_KEY["repeat_purchase_rate"]
    (number,) = compute(metric, {"repeat_customers": [2], "active_customers": [3]})
    assert number == Decimal("0." + "6" * 33 + "7")
