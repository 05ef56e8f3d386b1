"""From inputs to a value that says how far it can be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, DivisionByZero, InvalidOperation, localcontext

from domain.metrics.definition import Metric, NullReason, Window
from domain.metrics.periods import Period, previous

NOTHING = Decimal(0)
PRECISION = 34
"""Significant digits of a division: decimal128."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is known of the data behind a tenant's values. `first_day` is the earliest day with a fact."""

    today: date
    first_day: date | None
    connected: bool
    backfilling: bool = False
    pending: bool = False
    fiscal_start_month: int = 1


@dataclass(frozen=True, slots=True)
class Value:
    """`number` is in minor units for money. Either `number` or `null_reason` is set."""

    number: Decimal | None
    n: int
    null_reason: NullReason | None
    flags: tuple[str, ...]


def evaluate(
    metric: Metric,
    period: Period,
    inputs: Mapping[str, Decimal | None],
    coverage: Coverage,
    *,
    left_out: Decimal = NOTHING,
) -> Value:
    """`inputs` has every input of the metric; None means the engine keeps no such figure.

    `left_out` counts the period's orders in other currencies, which a metric of money does not add up.
    """
    reason = _missing(metric, period, inputs, coverage)
    if reason is not None:
        return Value(None, 0, reason, ())
    known = {name: number for name, number in inputs.items() if number is not None}
    n = int(known[metric.n])
    if left_out > 0 and known["orders"] == 0:
        return Value(None, 0, NullReason.OTHER_CURRENCY, ())
    number = compute(metric, known)
    if isinstance(number, NullReason):
        return Value(None, n, number, ())
    return Value(number, n, None, tuple(_flags(metric, period, coverage, left_out)))


def compute(metric: Metric, inputs: Mapping[str, Decimal]) -> Decimal | NullReason:
    with localcontext() as context:
        context.prec = PRECISION
        try:
            return metric.formula(inputs)
        except (DivisionByZero, InvalidOperation):
            return NullReason.DIVISION_BY_ZERO


def _missing(
    metric: Metric, period: Period, inputs: Mapping[str, Decimal | None], coverage: Coverage
) -> NullReason | None:
    if not coverage.connected and coverage.first_day is None:
        return NullReason.SOURCE_NOT_CONNECTED
    if period.start > coverage.today:
        return NullReason.PERIOD_NOT_STARTED
    if coverage.first_day is None or period.end < coverage.first_day:
        return NullReason.NO_DATA
    if metric.looks_back and previous(period, coverage.fiscal_start_month).end < coverage.first_day:
        return NullReason.INSUFFICIENT_HISTORY
    if any(number is None for number in inputs.values()):
        return NullReason.PERIOD_NOT_KEPT
    return None


def _flags(metric: Metric, period: Period, coverage: Coverage, left_out: Decimal) -> list[str]:
    first_day = coverage.first_day or coverage.today
    before = previous(period, coverage.fiscal_start_month)
    conditions = {
        "PERIOD_INCOMPLETE": period.end >= coverage.today,
        "HISTORY_STARTS_WITHIN_PERIOD": period.start < first_day,
        "PREVIOUS_PERIOD_PARTIAL": metric.looks_back and before.start < first_day,
        "OTHER_CURRENCIES_LEFT_OUT": left_out > 0,
        "BACKFILL_RUNNING": coverage.backfilling,
        "RECOMPUTE_PENDING": coverage.pending,
    }
    return [flag for flag, holds in conditions.items() if holds]


def windows(metric: Metric, period: Period, fiscal_start_month: int) -> dict[str, Period]:
    """Which period each input is read over."""
    before = previous(period, fiscal_start_month)
    return {name: before if each.window is Window.PREVIOUS else period for name, each in metric.inputs.items()}
