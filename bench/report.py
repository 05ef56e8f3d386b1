"""One table for people, one document for programs."""

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.model import Line, Measure
from bench.rounds import Round
from bench.verdicts import Outcome, Result, Skipped, Verdict

STYLES = {
    Verdict.GOAL_MET: "green",
    Verdict.ABOVE_FLOOR: "yellow",
    Verdict.BELOW_FLOOR: "red",
    Verdict.INCONCLUSIVE: "magenta",
    Verdict.INFORMATION: "dim",
}
COLUMNS = ("benchmark", "measure", "variant", "reference", "ratio", "spread", "goal", "floor", "rounds", "verdict")
GENERATOR_LIMIT = 0.7
SKIPPED = "skipped"
RIGHT = {"variant", "reference", "ratio", "spread", "goal", "floor", "rounds"}


def show(console: Console, outcomes: Sequence[Outcome]) -> None:
    table = Table(title="Ratios to a reference measured in the same run", title_justify="left", pad_edge=False)
    for name in COLUMNS:
        table.add_column(name, justify="right" if name in RIGHT else "left")
    for outcome in outcomes:
        table.add_section()
        for index, result in enumerate(outcome.results):
            table.add_row(outcome.benchmark.name if index == 0 else "", *_cells(outcome, result))
        for index, each in enumerate(outcome.skipped, len(outcome.results)):
            table.add_row(outcome.benchmark.name if index == 0 else "", *_blank(each.line), Text(SKIPPED, "dim"))
        if outcome.failure is not None:
            table.add_row(outcome.benchmark.name, *([""] * (len(COLUMNS) - 2)), Text("failed", "bold red"))
    console.print(table)
    for outcome in outcomes:
        for words in _notes(outcome):
            console.print(f"{outcome.benchmark.name}: {words}", markup=False, highlight=False, soft_wrap=True)


def _cells(outcome: Outcome, result: Result) -> Iterator[str | Text]:
    line, bound = result.line, result.line.bound
    words = str(result.verdict)
    if bound is not None and not outcome.benchmark.enforced:
        words += " (not enforced)"
    yield f"{line.heat} {line.measure}".strip()
    if line.than is None:
        yield f"{line.variant} {quantity(line.measure, result.measured)}"
        yield f"{line.of} {quantity(line.measure, result.reference)}"
    else:
        yield f"{line.variant}/{line.of} {result.measured:.3g}"
        yield f"{line.than}'s {result.reference:.3g}"
    yield Text(f"{result.ratio:.3g}", "bold")
    yield f"{result.low:.3g}-{result.high:.3g}"
    yield from _bound(line)
    yield f"{result.kept}/{result.held}"
    yield Text(words, STYLES[result.verdict])


def _blank(line: Line) -> Iterator[str]:
    yield f"{line.heat} {line.measure}".strip()
    yield line.variant if line.than is None else f"{line.variant}/{line.of}"
    yield line.of if line.than is None else f"{line.than}'s"
    yield from ("", "", *_bound(line), "")


def _bound(line: Line) -> tuple[str, str]:
    if line.bound is None:
        return "", ""
    sign = "≥" if line.measure.more_is_better else "≤"
    return f"{sign} {line.bound.goal:g}", f"{sign} {line.bound.floor:g}"


def _notes(outcome: Outcome) -> Iterator[str]:
    yield outcome.benchmark.title + (f"; {outcome.benchmark.note}" if outcome.benchmark.note else "")
    for name, reason in {(each.line.than or each.line.of): each.reason for each in outcome.skipped}.items():
        yield f"nothing is held against {name}: {reason}"
    if outcome.failure is not None:
        yield f"FAILED: {outcome.failure}"


def quantity(measure: Measure, value: float) -> str:
    if measure is Measure.RATE:
        return f"{value:,.0f}/s" if value >= 100 else f"{value:.3g}/s"
    if measure is Measure.MEMORY:
        return f"{value / 1e6:,.0f} MB"
    return f"{value:.3g} s" if value >= 1 else f"{value * 1000:.3g} ms"


def warn_of_generator(console: Console, held: Mapping[str, Mapping[str, Sequence[Round]]]) -> None:
    """A load generator short of time measures itself."""
    readings = (
        reading
        for heats in held.values()
        for rounds in heats.values()
        for one in rounds
        for pair in one.values()
        for reading in pair
    )
    busiest = max((reading.notes.get("generator_busy", 0.0) for reading in readings), default=0.0)
    if busiest > GENERATOR_LIMIT:
        console.print(f"The load generator used {busiest:.0%} of its core: it may have been the limit.", style="yellow")


def machine() -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": len(os.sched_getaffinity(0)),
        "load_average": os.getloadavg(),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def document(
    outcomes: Sequence[Outcome],
    rounds: Mapping[str, Mapping[str, Sequence[Round]]],
    *,
    machine: Mapping[str, Any],
    plan: Mapping[str, Any],
    code: int,
) -> dict[str, Any]:
    return {
        "machine": machine,
        "load_average_at_the_end": os.getloadavg(),
        "plan": plan,
        "exit_code": code,
        "benchmarks": [
            {
                "name": outcome.benchmark.name,
                "enforced": outcome.benchmark.enforced,
                "failure": outcome.failure,
                "lines": [*map(_result, outcome.results), *map(_skipped, outcome.skipped)],
                "rounds": _rounds(rounds.get(outcome.benchmark.name, {})),
            }
            for outcome in outcomes
        ],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "heat": line.heat,
        "measure": line.measure,
        "variant": line.variant,
        "of": line.of,
        "than": line.than,
        "goal": None if line.bound is None else line.bound.goal,
        "floor": None if line.bound is None else line.bound.floor,
    }


def _skipped(skipped: Skipped) -> dict[str, Any]:
    return {**_line(skipped.line), "verdict": SKIPPED, "reason": skipped.reason}


def _result(result: Result) -> dict[str, Any]:
    return {
        **_line(result.line),
        **{name: getattr(result, name) for name in ("verdict", "ratio", "low", "high", "measured", "reference")},
        "rounds_kept": result.kept,
        "rounds_held": result.held,
    }


def _rounds(heats: Mapping[str, Sequence[Round]]) -> dict[str, Any]:
    return {
        heat: [
            {
                variant: [
                    {"count": each.count, "seconds": each.seconds, "cpu_seconds": each.cpu_seconds}
                    | ({"resident": each.resident} if each.resident else {})
                    | dict(each.notes)
                    for each in pair
                ]
                for variant, pair in one.items()
            }
            for one in held
        ]
        for heat, held in heats.items()
    }
