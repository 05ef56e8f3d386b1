"""What a benchmark is held against: other lines, references that cannot be had, answers in another form."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path

import orjson
import pytest
from graphql import build_schema, parse, validate
from rich.console import Console

from api.demo.processes import Program, free_port, running
from bench import node, report
from bench.catalog import ALL, BY_NAME
from bench.cpu import family
from bench.crew import Crew
from bench.endpoints import pid_of, until_all_ready
from bench.model import Benchmark, Bound, Heat, Line, Measure, Prepare, Reading, Unavailable
from bench.postgraphile import READERS, SOURCE
from bench.reference.usual.schema import schema as usual_schema
from bench.rounds import Round
from bench.run import Plan, hold
from bench.shape import SHAPES as FOLDER
from bench.shape import Shape
from bench.verdicts import MISSED, OK, Outcome, Verdict, exit_code, judge, related
from bench.workloads.reads import DASHBOARD, GUESTS, PORTFOLIO, SHAPES

CPU = Line("c=16", Measure.CPU, "ours", "raw", Bound(goal=1.35, floor=1.7))
BESIDE = Line("c=16", Measure.CPU, "ours", "raw", Bound(goal=1.15, floor=1.15), than="dashboard")
GUEST = Line("c=16 guest", Measure.RATE, "ours", "guest", Bound(goal=2.5, floor=1.6))


def reading(cpu: float) -> Reading:
    return Reading(count=1000, seconds=1, cpu_seconds=1000 * cpu)


def held(raw: float, ours: float, *, drift: float = 1.0) -> Round:
    """A round of CPU times a request; `drift` is how much dearer the reference's second slice was."""
    return {"raw": (reading(raw), reading(raw * drift)), "ours": (reading(ours), reading(ours))}


def outcome(name: str, ratio: float, *lines: Line, drift: float = 1.0) -> Outcome:
    benchmark = Benchmark(name, name, prepare(), lines)
    return Outcome(benchmark, tuple(judge(line, [held(0.001, ratio * 0.001, drift=drift)], wanted=1) for line in lines))


def prepare(*heats: Heat) -> Prepare:
    @asynccontextmanager
    async def prepared(_: object) -> AsyncIterator[Sequence[Heat]]:
        yield heats

    return prepared


# A line held against another benchmark's


@pytest.mark.parametrize(("overview", "code"), [(1.4, OK), (1.0, OK), (1.6, MISSED)])
def test_a_line_beside_another_benchmarks_is_judged_by_the_ratio_of_both_ratios(overview: float, code: int) -> None:
    found = related([outcome("dashboard", 1.3, CPU), outcome("overview", overview, BESIDE)])
    result = found[1].results[0]
    assert result.ratio == pytest.approx(overview / 1.3)
    assert (result.measured, result.reference) == pytest.approx((overview, 1.3))
    assert exit_code(found) == code


def test_the_order_in_which_benchmarks_are_held_does_not_matter() -> None:
    found = related([outcome("overview", 2.6, BESIDE), outcome("dashboard", 1.3, CPU)])
    assert found[0].results[0].ratio == pytest.approx(2)
    assert found[1].results[0].ratio == pytest.approx(1.3)


def test_its_spread_is_the_widest_that_both_spreads_allow() -> None:
    rounds = [held(0.001, 0.0010), held(0.001, 0.0012), held(0.001, 0.0014)]
    dashboard = Outcome(Benchmark("dashboard", "", prepare(), (CPU,)), (judge(CPU, rounds, wanted=3),))
    overview = Outcome(Benchmark("overview", "", prepare(), (BESIDE,)), (judge(BESIDE, rounds, wanted=3),))
    result = related([dashboard, overview])[1].results[0]
    assert (result.low, result.ratio, result.high) == pytest.approx((1.0 / 1.4, 1, 1.4))


@pytest.mark.parametrize("shaky", ["dashboard", "overview"])
def test_it_is_inconclusive_where_one_of_the_two_is(shaky: str) -> None:
    drifts = {"dashboard": 1.0, "overview": 1.0, shaky: 1.5}
    found = related(
        [
            outcome("dashboard", 1.3, CPU, drift=drifts["dashboard"]),
            outcome("overview", 9, BESIDE, drift=drifts["overview"]),
        ]
    )
    assert found[1].results[0].verdict is Verdict.INCONCLUSIVE


def test_it_is_skipped_where_the_other_was_not_held_or_failed() -> None:
    failed = Outcome(Benchmark("dashboard", "", prepare(), (CPU,)), failure="answers differ")
    for found in (related([outcome("overview", 9, BESIDE)]), related([failed, outcome("overview", 9, BESIDE)])):
        assert found[-1].results == ()
        assert [each.line for each in found[-1].skipped] == [BESIDE]
        assert "dashboard" in found[-1].skipped[0].reason


def test_every_line_beside_another_names_one_that_is_judged_there() -> None:
    beside = [(benchmark, line) for benchmark in ALL for line in benchmark.lines if line.than is not None]
    assert [(benchmark.name, line.than) for benchmark, line in beside] == [("overview", "dashboard")] * 2
    for _, line in beside:
        there = [
            (other.heat, other.measure, other.variant, other.of)
            for other in BY_NAME[str(line.than)].lines
            if other.bound is not None and other.than is None
        ]
        assert (line.heat, line.measure, line.variant, line.of) in there


# A reference that cannot be had


async def test_what_cannot_be_had_skips_its_own_lines_only() -> None:
    async def run(_: float) -> Reading:
        return reading(0.001)

    heats = [Heat("c=16", {"raw": run, "ours": run}), Heat("c=16 guest", {}, {"guest": "Node cannot be had"})]
    benchmark = Benchmark("dashboard", "", prepare(*heats), (GUEST, CPU))
    with Console(file=StringIO()).status("") as status:
        found = await hold(None, benchmark, {}, Plan(1, 0.01), status)  # type: ignore[arg-type]
    assert [result.line for result in found.results] == [CPU]
    assert [(each.line, each.reason) for each in found.skipped] == [(GUEST, "Node cannot be had")]
    assert exit_code([found]) == OK


def test_a_skipped_line_is_in_the_table_and_in_the_document_with_its_reason() -> None:
    found = related([outcome("overview", 1.4, CPU, BESIDE)])
    paper = StringIO()
    report.show(Console(file=paper, width=170), found)
    assert "skipped" in paper.getvalue()
    assert "no such line of dashboard in this run" in paper.getvalue()
    written = report.document(found, {}, machine={}, plan={}, code=0)
    lines = orjson.loads(orjson.dumps(written))["benchmarks"][0]["lines"]
    assert [line["verdict"] for line in lines] == ["short of the goal", "skipped"]
    assert lines[1]["than"] == "dashboard"
    assert "no such line of dashboard" in lines[1]["reason"]


def test_the_table_shows_both_ratios_of_a_line_beside_another() -> None:
    paper = StringIO()
    report.show(
        Console(file=paper, width=170), related([outcome("dashboard", 1.3, CPU), outcome("overview", 2.6, BESIDE)])
    )
    for words in ("ours/raw 2.6", "dashboard's 1.3", "≤ 1.15"):
        assert words in paper.getvalue()


# Node


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pins and a script; the tools of this checkout are out of reach."""
    monkeypatch.setattr(node, "TOOLS", tmp_path / "tools")
    monkeypatch.setattr(node, "UV", tmp_path / "no-uv")
    folder = tmp_path / "guest"
    folder.mkdir()
    for name in (*node.PINS, "server.mjs"):
        (folder / name).write_text(name)
    return folder


def test_without_the_installer_node_is_unavailable_and_not_a_failure(source: Path) -> None:
    with pytest.raises(Unavailable, match=r"Node cannot be had: .*No such file"):
        node.node_for(source)


def test_an_installer_that_fails_is_quoted_and_asked_again_the_next_time(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = source.parent / "failing"
    failing.write_text("#!/bin/sh\necho asked >> ../../asked\necho the index is not reachable\nexit 1\n")
    failing.chmod(0o755)
    monkeypatch.setattr(node, "UV", failing)
    for _ in range(2):
        with pytest.raises(Unavailable, match="the index is not reachable"):
            node.node_for(source)
    assert (source.parent / "asked").read_text().split() == ["asked", "asked"]


def test_what_is_complete_is_not_installed_again_and_has_the_newest_scripts(source: Path) -> None:
    with pytest.raises(Unavailable):
        node.node_for(source)
    (folder,) = filter(Path.is_dir, (source.parent / "tools").iterdir())
    (folder / "complete").touch()
    (source / "server.mjs").write_text("newer")
    assert (node.node_for(source).folder / "server.mjs").read_text() == "newer"
    (source / "package-lock.json").write_text("other pins")
    with pytest.raises(Unavailable):
        node.node_for(source)


def test_the_pins_name_hashes_and_no_address() -> None:
    content = orjson.loads((SOURCE / "package-lock.json").read_bytes())
    packages = {name: package for name, package in content["packages"].items() if name}
    assert "node_modules/postgraphile" in packages
    assert [name for name, package in packages.items() if "integrity" not in package or "resolved" in package] == []
    wanted = orjson.loads((SOURCE / "package.json").read_bytes())["dependencies"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_reference_has_as_many_processes_as_production(processes: int, tmp_path: Path) -> None:
    port, crew = free_port(), Crew(processes)
    nowhere = {"BENCH_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing", "BENCH_APPLICATION": "bench usual"}
    arguments = ("bench.reference.usual", str(port))
    program = Program("usual", arguments, {**nowhere, **crew.environment}, tmp_path / "usual.log")
    async with running([program]):
        await until_all_ready(program, port)
        serving = [pid for pid in family(pid_of(program)) if _listens(pid, port)]
        assert len(serving) == (1 if processes == 1 else processes + 1), "the first one holds the socket for them"


def _listens(pid: int, port: int) -> bool:
    """Whether the process has the socket that listens there."""
    states = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    sockets = {f"socket:[{line[9]}]" for line in states if line[1].endswith(f":{port:04X}") and line[3] == "0A"}
    return any(os.readlink(file) in sockets for file in Path(f"/proc/{pid}/fd").iterdir())


def test_a_program_becomes_what_it_starts() -> None:
    command = [sys.executable, "-m", "bench.reference.on_node", "/bin/echo", "server.mjs", "80"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout == "server.mjs 80\n"


# Answers in another form


def test_every_shape_a_guest_is_asked_for_has_its_document_and_its_reader() -> None:
    documents = {file.parent.name for file in FOLDER.glob("*/postgraphile.graphql")}
    assert documents == set(READERS)
    for benchmark in ALL:
        guests = {line.heat.removeprefix("c=16 ") for line in benchmark.lines if " " in line.heat} - {"forgetful"}
        assert guests <= set(GUESTS)
        assert "postgraphile" not in guests or benchmark.name in READERS


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_every_shape_has_a_statement_whose_last_part_is_its_own(shape: Shape) -> None:
    assert shape.statement("raw")[-1].name == "raw.sql"


def test_columns_of_a_view_are_told_as_the_objects_they_stand_for() -> None:
    kpi = {"name": "Orders", "metricKey": "orders", "value": "7", "n": "7", "targetStatus": "MET"}
    other = {**kpi, "targetStatus": None}
    told = READERS["portfolio"]({"data": {"tenants": {"nodes": [{"name": "A", "kpis": {"nodes": [kpi, other]}}]}}})
    ours = {"name": "Orders", "metricKey": "orders", "value": {"value": "7", "n": "7"}}
    expected = [{**ours, "target": {"status": "MET"}}, {**ours, "target": None}]
    assert told == {"tenants": {"nodes": [{"name": "A", "kpis": {"nodes": expected}}]}}


def test_the_usual_way_is_asked_our_own_document() -> None:
    by_the_book = build_schema(usual_schema.as_str())
    assert validate(by_the_book, parse(DASHBOARD.document)) == []
    assert validate(by_the_book, parse(PORTFOLIO.document)) != []
