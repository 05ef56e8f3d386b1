"""From inputs to values that say how far they can be trusted. All in columns: an item a period, oldest first."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import DivisionByZero, InvalidOperation, localcontext
from operator import attrgetter
from typing import NamedTuple, cast

from domain.metrics.definition import Formula, Metric, NullReason
from domain.metrics.formulas import PRECISE, Number
from domain.metrics.periods import Periods, shifted

START, END = attrgetter("start"), attrgetter("end")
BY_ZERO = (DivisionByZero, InvalidOperation)
FLAGS = (
    "PERIOD_INCOMPLETE",
    "HISTORY_STARTS_WITHIN_PERIOD",
    "PREVIOUS_PERIOD_PARTIAL",
    "OTHER_CURRENCIES_LEFT_OUT",
    "BACKFILL_RUNNING",
    "RECOMPUTE_PENDING",
)

EVERYWHERE = FLAGS[-2:]
"""Of every number of a tenant, whatever its period."""

Inputs = Mapping[str, Sequence[Number | None]]
Columns = Mapping[str, Sequence[Number]]


class Coverage(NamedTuple):
    """What is known of the data behind a tenant's values. `first_day` is the earliest day with a fact."""

    today: date
    first_day: date | None
    connected: bool
    backfilling: bool = False
    pending: bool = False
    fiscal_start_month: int = 1

    @property
    def flags(self) -> tuple[str, ...]:
        """Those that hold everywhere."""
        return tuple(flag for flag, holds in zip(EVERYWHERE, (self.backfilling, self.pending), strict=True) if holds)


class Value(NamedTuple):
    """`number` is in minor units for money. Either `number` or `null_reason` is set."""

    number: Number | None
    n: int
    null_reason: NullReason | None
    flags: tuple[str, ...]


class Values(NamedTuple):
    """Of each period what a Value has."""

    numbers: Sequence[Number | None]
    n: Sequence[int]
    null_reasons: Sequence[NullReason | None]
    flags: Sequence[tuple[str, ...]]

    @classmethod
    def missing(cls, reasons: Sequence[NullReason | None]) -> "Values":
        return cls([None] * len(reasons), [0] * len(reasons), reasons, [()] * len(reasons))

    @property
    def newest(self) -> Value:
        return Value(self.numbers[-1], self.n[-1], self.null_reasons[-1], self.flags[-1])


@dataclass(frozen=True, slots=True)
class Frame:
    """What can be said of consecutive periods before a figure is read: why there is no number, or how good it is.

    The same for all metrics of a tenant that look back, and for all that do not.
    """

    null_reasons: Sequence[NullReason | None]
    flags: Sequence[tuple[str, ...]]
    open: bool
    """Whether every period may have a number."""

    @classmethod
    def of(cls, periods: Periods, coverage: Coverage, *, looks_back: bool) -> "Frame":
        count, first_day = len(periods), coverage.first_day
        if first_day is None and not coverage.connected:
            return cls([NullReason.SOURCE_NOT_CONNECTED] * count, [()] * count, open=False)
        started = bisect_right(periods, coverage.today, key=START)
        to_come = [NullReason.PERIOD_NOT_STARTED] * (count - started)
        if first_day is None:
            return cls([NullReason.NO_DATA] * started + to_come, [()] * count, open=False)
        covered = min(bisect_left(periods, first_day, key=END), started)
        # The period before ends the day before this one starts.
        preceded = min(bisect_right(periods, first_day, key=START), started) if looks_back else covered
        before = [NullReason.NO_DATA] * covered + [NullReason.INSUFFICIENT_HISTORY] * (preceded - covered)
        return cls(
            [*before, *[None] * (started - preceded), *to_come],
            _flags(periods, coverage, first_day, looks_back),
            open=started - preceded == count,
        )


def evaluate(metric: Metric, frame: Frame, inputs: Inputs, *, left_out: Sequence[Number] | None = None) -> Values:
    """`inputs` has every input of the metric. None in one that is kept whole means that the engine keeps it no more.

    `left_out` counts each period's orders in other currencies, which a metric of money does not add up.
    """
    whole = frame.open and left_out is None and not any(None in inputs[name] for name in metric.kept_whole)
    if whole:
        columns = cast("Columns", inputs)
        numbers = _at_once(metric, columns)
        if numbers is not None:
            return Values(numbers, cast("Sequence[int]", columns[metric.n]), frame.null_reasons, frame.flags)
    return _period_by_period(metric, frame, inputs, left_out)


def compute(metric: Metric, inputs: Columns) -> Sequence[Number | None]:
    """Unrounded; None where the formula would divide by zero."""
    numbers = _at_once(metric, inputs)
    return numbers if numbers is not None else _one_by_one(metric, inputs)


def _at_once(metric: Metric, inputs: Columns) -> list[Number] | None:
    """None where any of them would divide by zero."""
    with localcontext(PRECISE):
        try:
            return list(map(metric.formula, *[inputs[name] for name in metric.operands]))
        except BY_ZERO:
            return None


def _one_by_one(metric: Metric, inputs: Columns) -> list[Number | None]:
    with localcontext(PRECISE):
        return [
            _number(metric.formula, operands)
            for operands in zip(*[inputs[name] for name in metric.operands], strict=True)
        ]


def _number(formula: Formula, operands: Sequence[Number]) -> Number | None:
    try:
        return formula(*operands)
    except BY_ZERO:
        return None


def _period_by_period(metric: Metric, frame: Frame, inputs: Inputs, left_out: Sequence[Number] | None) -> Values:
    reasons = _reasons(metric, frame, inputs, left_out)
    values = [Value(None, 0, reason, ()) for reason in reasons]
    known = [at for at, reason in enumerate(reasons) if reason is None]
    columns = cast("Columns", {name: [column[at] for at in known] for name, column in inputs.items()})
    for at, number, n in zip(known, compute(metric, columns), columns[metric.n], strict=True):
        if number is None:
            values[at] = Value(None, int(n), NullReason.DIVISION_BY_ZERO, ())
        else:
            partly = left_out is not None and left_out[at] > 0
            flags = _with_other_currencies(frame.flags[at]) if partly else frame.flags[at]
            values[at] = Value(number, int(n), None, flags)
    return Values(*map(list, zip(*values, strict=True)))


def _with_other_currencies(flags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted((*flags, "OTHER_CURRENCIES_LEFT_OUT"), key=FLAGS.index))


def _reasons(
    metric: Metric, frame: Frame, inputs: Inputs, left_out: Sequence[Number] | None
) -> list[NullReason | None]:
    """The frame's, and those that the figures give."""
    reasons = list(frame.null_reasons)
    for at, reason in enumerate(reasons):
        if reason is None:
            if any(inputs[name][at] is None for name in metric.kept_whole):
                reasons[at] = NullReason.PERIOD_NOT_KEPT
            elif left_out is not None and left_out[at] > 0 and metric.priced and inputs[metric.priced][at] == 0:
                reasons[at] = NullReason.OTHER_CURRENCY
    return reasons


def _flags(periods: Periods, coverage: Coverage, first_day: date, looks_back: bool) -> list[tuple[str, ...]]:
    """Nearly all periods have the same: those at an edge are looked at one by one."""
    flags = [coverage.flags] * len(periods)
    begun = bisect_left(periods, first_day, key=START)
    running = bisect_left(periods, coverage.today, key=END)
    before = shifted(periods, coverage.fiscal_start_month)
    for at in {*range(min(begun + 1, len(periods))), *range(running, len(periods))}:
        conditions = {
            "PERIOD_INCOMPLETE": periods[at].end >= coverage.today,
            "HISTORY_STARTS_WITHIN_PERIOD": periods[at].start < first_day,
            "PREVIOUS_PERIOD_PARTIAL": looks_back and before[at].start < first_day,
        }
        flags[at] = (*(flag for flag, holds in conditions.items() if holds), *coverage.flags)
    return flags
