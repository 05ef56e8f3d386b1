"""One metric over many tenants, whose values stay their own: together, in the middle, and where each of them lies."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from typing import NamedTuple

from domain.metrics.definition import Metric
from domain.metrics.evaluation import compute
from domain.metrics.formulas import PRECISE, Number

Operands = Mapping[str, Number]
"""What one tenant's number was made from, by input."""


class Quartiles(NamedTuple):
    low: Decimal
    median: Decimal
    high: Decimal


def together(metric: Metric, tenants: Sequence[Operands]) -> Number | None:
    """The formula over the sums of their inputs: sums add up, and a ratio is one of sums, never a mean of ratios.

    None where that would divide by zero, and over nobody.
    """
    if not tenants:
        return None
    sums = {name: [sum(each[name] for each in tenants)] for name in metric.operands}
    return compute(metric, sums)[0]


def quartiles(numbers: Sequence[Number]) -> Quartiles:
    """Between two numbers in proportion, as spreadsheets and R (type 7) have it. There is at least one."""
    ordered = sorted(map(Decimal, numbers))
    return Quartiles(*(_quantile(ordered, Decimal(quarter) / 4) for quarter in (1, 2, 3)))


def rank(number: Number, among: Sequence[Number]) -> Decimal:
    """The share of all that is less, those as large counted by half: from 0 to 1. `among` is ordered, and has it."""
    less, up_to = bisect_left(among, number), bisect_right(among, number)
    with localcontext(PRECISE):
        return Decimal(less + up_to) / (2 * len(among))


def _quantile(ordered: Sequence[Decimal], share: Decimal) -> Decimal:
    with localcontext(PRECISE):
        place = share * (len(ordered) - 1)
        at = int(place)
        if place == at:
            return ordered[at]
        return ordered[at] + (ordered[at + 1] - ordered[at]) * (place - at)
