"""A number, or the reason there is none; and what should make a reader careful."""

from datetime import date
from decimal import Decimal

import pytest

from domain.metrics.catalog import BY_KEY
from domain.metrics.definition import Metric, NullReason
from domain.metrics.evaluation import Coverage, Frame, Value
from domain.metrics.evaluation import evaluate as evaluate_columns
from domain.metrics.periods import Grain, Period, Periods, period_of

OCTOBER = period_of(date(2026, 10, 1), Grain.MONTH)
COVERED = Coverage(today=date(2026, 11, 22), first_day=date(2026, 1, 5), connected=True)
AOV = BY_KEY["average_order_value"]
GROWTH = BY_KEY["revenue_growth"]


def inputs(metric_key: str, **given: int | None) -> dict[str, int | None]:
    return dict.fromkeys(BY_KEY[metric_key].inputs, 0) | given


def evaluate(
    metric: Metric, period: Period, inputs: dict[str, int | None], coverage: Coverage, *, left_out: int | None = None
) -> Value:
    columns = {name: [number] for name, number in inputs.items()}
    frame = Frame.of(Periods((period,)), coverage, looks_back=metric.looks_back)
    return evaluate_columns(metric, frame, columns, left_out=None if left_out is None else [left_out]).newest


def test_a_value_carries_its_n() -> None:
    value = evaluate(AOV, OCTOBER, inputs("average_order_value", gross_revenue=900, orders=4), COVERED)
    assert (value.number, value.n, value.null_reason, value.flags) == (Decimal(225), 4, None, ())


def test_a_covered_period_without_orders_has_a_true_zero() -> None:
    value = evaluate(BY_KEY["net_revenue"], OCTOBER, inputs("net_revenue"), COVERED)
    assert (value.number, value.null_reason) == (Decimal(0), None)


@pytest.mark.parametrize(
    ("coverage", "period", "reason"),
    [
        (COVERED._replace(connected=False, first_day=None), OCTOBER, NullReason.SOURCE_NOT_CONNECTED),
        (COVERED._replace(first_day=None), OCTOBER, NullReason.NO_DATA),
        (COVERED, period_of(date(2025, 12, 1), Grain.MONTH), NullReason.NO_DATA),
        (COVERED, period_of(date(2026, 12, 1), Grain.MONTH), NullReason.PERIOD_NOT_STARTED),
    ],
)
def test_what_is_not_known_has_a_reason(coverage: Coverage, period: Period, reason: NullReason) -> None:
    value = evaluate(AOV, period, inputs("average_order_value", orders=1), coverage)
    assert (value.number, value.null_reason) == (None, reason)


def test_data_outlives_its_connection() -> None:
    gone = COVERED._replace(connected=False)
    assert evaluate(AOV, OCTOBER, inputs("average_order_value", gross_revenue=9, orders=1), gone).number == Decimal(9)


def test_no_division_by_zero() -> None:
    value = evaluate(AOV, OCTOBER, inputs("average_order_value"), COVERED)
    assert (value.number, value.null_reason) == (None, NullReason.DIVISION_BY_ZERO)


def test_growth_needs_a_period_before() -> None:
    january = period_of(date(2026, 1, 31), Grain.MONTH)
    assert evaluate(GROWTH, january, inputs("revenue_growth"), COVERED).null_reason is NullReason.INSUFFICIENT_HISTORY


def test_a_figure_that_was_not_kept_is_no_zero() -> None:
    value = evaluate(BY_KEY["active_customers"], OCTOBER, inputs("active_customers", active_customers=None), COVERED)
    assert value.null_reason is NullReason.PERIOD_NOT_KEPT


@pytest.mark.parametrize(
    ("period", "coverage", "flag"),
    [
        (period_of(date(2026, 11, 1), Grain.MONTH), COVERED, "PERIOD_INCOMPLETE"),
        (period_of(date(2026, 1, 1), Grain.MONTH), COVERED, "HISTORY_STARTS_WITHIN_PERIOD"),
        (OCTOBER, COVERED._replace(backfilling=True), "BACKFILL_RUNNING"),
        (OCTOBER, COVERED._replace(pending=True), "RECOMPUTE_PENDING"),
    ],
)
def test_flags_tell_what_to_be_careful_of(period: Period, coverage: Coverage, flag: str) -> None:
    value = evaluate(AOV, period, inputs("average_order_value", gross_revenue=9, orders=1), coverage)
    assert flag in value.flags


def test_money_of_another_currency_is_left_out_and_said_so() -> None:
    some = evaluate(AOV, OCTOBER, inputs("average_order_value", gross_revenue=9, orders=1), COVERED, left_out=2)
    assert (some.number, some.flags) == (Decimal(9), ("OTHER_CURRENCIES_LEFT_OUT",))
    none = evaluate(BY_KEY["net_revenue"], OCTOBER, inputs("net_revenue"), COVERED, left_out=2)
    assert (none.number, none.null_reason) == (None, NullReason.OTHER_CURRENCY)


def test_growth_against_a_partial_period_is_flagged() -> None:
    february = period_of(date(2026, 2, 1), Grain.MONTH)
    value = evaluate(GROWTH, february, inputs("revenue_growth", gross_revenue=2, previous_gross_revenue=1), COVERED)
    assert value.number == Decimal(1)
    assert value.flags == ("PREVIOUS_PERIOD_PARTIAL",)
