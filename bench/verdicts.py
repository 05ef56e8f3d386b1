"""From rounds to one number a line, and from the numbers to an exit code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf
from statistics import fmean, median

from bench.model import Benchmark, Bound, Line, Measure
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
    """`ratio`, `low` and `high` are the median and the extremes over the kept rounds, or over all if too few were.

    Where a line is judged by another benchmark's, `measured` and `reference` are the two ratios.
    """

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
class Skipped:
    """A line that could not be measured here, which is nobody's fault."""

    line: Line
    reason: str


@dataclass(frozen=True)
class Outcome:
    """What became of a benchmark: results, or the reason why there are none."""

    benchmark: Benchmark
    results: tuple[Result, ...] = ()
    failure: str | None = None
    skipped: tuple[Skipped, ...] = ()

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
        verdict=verdict(line.measure, line.bound, middle, conclusive=conclusive),
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


def verdict(measure: Measure, bound: Bound | None, ratio: float, *, conclusive: bool) -> Verdict:
    if bound is None:
        return Verdict.INFORMATION
    if not conclusive:
        return Verdict.INCONCLUSIVE
    sign = 1 if measure.more_is_better else -1
    if sign * (ratio - bound.goal) >= 0:
        return Verdict.GOAL_MET
    return Verdict.ABOVE_FLOOR if sign * (ratio - bound.floor) >= 0 else Verdict.BELOW_FLOOR


def related(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """With every line that is judged by another benchmark's divided by it, or skipped where there is none."""
    own = {
        (outcome.benchmark.name, *_what(result.line)): result
        for outcome in outcomes
        for result in outcome.results
        if result.line.than is None
    }
    return [_related(outcome, own) for outcome in outcomes]


def _related(outcome: Outcome, own: Mapping[tuple[str, ...], Result]) -> Outcome:
    results: list[Result] = []
    skipped = list(outcome.skipped)
    for result in outcome.results:
        than = result.line.than
        other = result if than is None else own.get((than, *_what(result.line)))
        if other is None:
            skipped.append(Skipped(result.line, f"there is no such line of {than} in this run to be held against"))
        else:
            results.append(result if than is None else divided(result, other))
    return replace(outcome, results=tuple(results), skipped=tuple(skipped))


def divided(result: Result, other: Result) -> Result:
    """How much better or worse than elsewhere. Inconclusive where one of the two is."""
    conclusive = Verdict.INCONCLUSIVE not in (result.verdict, other.verdict)
    middle = _quotient(result.ratio, other.ratio)
    return replace(
        result,
        verdict=verdict(result.line.measure, result.line.bound, middle, conclusive=conclusive),
        ratio=middle,
        low=_quotient(result.low, other.high),
        high=_quotient(result.high, other.low),
        measured=result.ratio,
        reference=other.ratio,
        kept=min(result.kept, other.kept),
        held=min(result.held, other.held),
    )


def _what(line: Line) -> tuple[str, ...]:
    return line.heat, line.measure, line.variant, line.of


def _quotient(one: float, other: float) -> float:
    return one / other if other else inf


def _of(variant: str, line: Line, one: Round) -> float:
    return fmean(reading.value(line.measure) for reading in one[variant])
