"""From benchmarks to a table: prepare, take turns, judge, report."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import orjson
from rich.console import Console
from rich.status import Status

from api.demo.processes import DidNotStart
from bench import report
from bench.crew import Crew
from bench.model import Benchmark, Failed, Heat
from bench.rounds import Round, hold_heat
from bench.stage import Stage, stage
from bench.verdicts import Outcome, Skipped, exit_code, judge, related

PAPER_WIDTH = 160
BUSY = 0.25
"""Load average a core above which the machine is said to have other things to do."""


@dataclass(frozen=True)
class Plan:
    rounds: int
    seconds: float
    crew: Crew = field(default_factory=Crew)


Held = dict[str, Sequence[Round]]
"""The rounds of each heat."""


async def run(benchmarks: Sequence[Benchmark], plan: Plan, *, json: Path | None) -> int:
    """The exit code."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PAPER_WIDTH)
    machine = report.machine()
    console.print(f"{machine['cores']} cores, load average {machine['load_average'][0]:.1f}", style="dim")
    if machine["load_average"][0] > BUSY * machine["cores"]:
        console.print("This machine is busy with other things: expect discarded rounds.", style="yellow")
    held: dict[str, Held] = {benchmark.name: {} for benchmark in benchmarks}
    async with stage(plan.crew) as ground:
        with console.status("") as status:
            outcomes = related([await hold(ground, each, held[each.name], plan, status) for each in benchmarks])
    report.show(console, outcomes)
    console.print(f"Each server that answers reads: {plan.crew}.", highlight=False)
    report.warn_of_generator(console, held)
    code = exit_code(outcomes)
    if json is not None:
        content = report.document(outcomes, held, machine=machine, plan=asdict(plan), code=code)
        await asyncio.to_thread(json.write_bytes, orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
    return code


async def hold(ground: Stage, benchmark: Benchmark, held: Held, plan: Plan, status: Status) -> Outcome:
    """What goes wrong with one benchmark is its own outcome; the others are held all the same."""
    status.update(f"{benchmark.name}: preparing")
    try:
        async with benchmark.prepare(ground) as heats:
            refuse_unknown(benchmark, heats)
            missing = {heat.name: reason for heat in heats for reason in heat.missing.values()}
            for heat in heats:
                if heat.missing:
                    continue
                lines = [line for line in benchmark.lines if line.heat == heat.name]
                told = partial(_tell, status, f"{benchmark.name} {heat.name}".strip())
                held[heat.name] = await hold_heat(heat, lines, wanted=plan.rounds, seconds=plan.seconds, told=told)
    except (Failed, DidNotStart) as failure:
        return Outcome(benchmark, failure=str(failure))
    measured = [line for line in benchmark.lines if line.heat not in missing]
    return Outcome(
        benchmark,
        tuple(judge(line, held[line.heat], wanted=plan.rounds) for line in measured),
        skipped=tuple(Skipped(line, missing[line.heat]) for line in benchmark.lines if line.heat in missing),
    )


def refuse_unknown(benchmark: Benchmark, heats: Sequence[Heat]) -> None:
    """Raises Failed where a line names what was not prepared, before minutes are spent on the rest."""
    there = {(heat.name, variant) for heat in heats for variant in heat.runs}
    missing = {heat.name for heat in heats if heat.missing}
    for line in benchmark.lines:
        if line.heat in missing:
            continue
        for variant in (line.variant, line.of):
            if (line.heat, variant) not in there:
                raise Failed(f"a line asks for {variant!r} in the heat {line.heat!r}, which there is not")


def _tell(status: Status, name: str, rounds: int) -> None:
    status.update(f"{name}: {rounds} rounds")
