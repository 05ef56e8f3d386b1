"""From rounds to one number a line, and from the numbers to an exit code."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from statistics import fmean, median

from bench.model import Benchmark, Bound, Line
from bench.rounds import Round, kept

OK, MISSED, INCONCLUSIVE = 0, 1, 3


class Verdict(StrEnum):
    GOAL_MET = "goal met"
    ABOVE_FLOOR = "short of the goal"
    BELOW_FLOOR = "misses the floor"
    INFORMATION = "for information"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Result:
    """`ratio`, `low` and `high` are the median and the extremes over the kept rounds, or over all if too few were."""

    line: Line
    verdict: Verdict
    ratio: float
    low: float
    high: float
    measured: float
    reference: float
    kept: int
    held: int


@dataclass(frozen=True)
class Outcome:
    """What became of a benchmark: results, or the reason why there are none."""

    benchmark: Benchmark
    results: tuple[Result, ...] = ()
    failure: str | None = None

    @property
    def exit_code(self) -> int:
        if self.failure is not None:
            return MISSED
        verdicts = {result.verdict for result in self.results}
        if self.benchmark.enforced and Verdict.BELOW_FLOOR in verdicts:
            return MISSED
        return INCONCLUSIVE if Verdict.INCONCLUSIVE in verdicts else OK


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """A failure is a fact whatever else could not be told."""
    codes = {outcome.exit_code for outcome in outcomes}
    return next((code for code in (MISSED, INCONCLUSIVE) if code in codes), OK)


def judge(line: Line, rounds: Sequence[Round], *, wanted: int) -> Result:
    steady = kept(rounds, line)
    conclusive = len(steady) >= wanted
    counted = steady if conclusive or (steady and line.bound is None) else rounds
    ratios = [ratio(line, one) for one in counted]
    middle = median(ratios)
    return Result(
        line=line,
        verdict=verdict(line.bound, middle, conclusive=conclusive),
        ratio=middle,
        low=min(ratios),
        high=max(ratios),
        measured=median(_of(line.variant, line, one) for one in counted),
        reference=median(_of(line.of, line, one) for one in counted),
        kept=len(steady),
        held=len(rounds),
    )


def ratio(line: Line, one: Round) -> float:
    """Infinite where the reference took less than the clock shows."""
    of = _of(line.of, line, one)
    return _of(line.variant, line, one) / of if of else inf


def verdict(bound: Bound | None, ratio: float, *, conclusive: bool) -> Verdict:
    if bound is None:
        return Verdict.INFORMATION
    if not conclusive:
        return Verdict.INCONCLUSIVE
    sign = 1 if bound.goal > bound.floor else -1
    if sign * (ratio - bound.goal) >= 0:
        return Verdict.GOAL_MET
    return Verdict.ABOVE_FLOOR if sign * (ratio - bound.floor) >= 0 else Verdict.BELOW_FLOOR


def _of(variant: str, line: Line, one: Round) -> float:
    return fmean(reading.value(line.measure) for reading in one[variant])
