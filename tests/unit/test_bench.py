"""The harness tells the truth: turns, medians, discards, verdicts, comparisons, CPU time and the load itself."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import cycle
from math import inf
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from graphql import (
    DirectiveNode,
    FragmentSpreadNode,
    VariableDefinitionNode,
    Visitor,
    build_schema,
    parse,
    validate,
    visit,
)
from rich.console import Console

from bench import report
from bench.__main__ import main
from bench.answers import first_difference
from bench.catalog import ALL
from bench.cpu import Spent, difference, family, spent_by
from bench.crew import MOST_PROCESSES, Crew
from bench.endpoints import Request
from bench.load import Job, carry_out
from bench.model import Benchmark, Bound, Failed, Heat, Line, Measure, Prepare, Reading, Run
from bench.rounds import PATIENCE, Round, enough, hold_heat, is_steady, kept, turns
from bench.run import refuse_unknown
from bench.seeding import early_places
from bench.shape import Shape
from bench.verdicts import INCONCLUSIVE, MISSED, OK, Outcome, Verdict, exit_code, judge, verdict
from bench.workloads.reads import SHAPES

SCHEMA = Path(__file__).parents[2] / "api" / "schema.graphql"
RATE = Line("c=1", Measure.RATE, "ours", "raw", Bound(goal=0.75, floor=0.5))
ALONE = Line("c=1", Measure.RATE, "raw", "raw", Bound(goal=1, floor=0.5))
CPU = Line("c=1", Measure.CPU, "ours", "raw", Bound(goal=1.35, floor=1.7))


def nothing(_: object) -> object:
    raise AssertionError("no test prepares a benchmark")


NOTHING: Prepare = nothing  # type: ignore[assignment]


def reading(rate: float, cpu: float = 0.001) -> Reading:
    return Reading(count=1000, seconds=1000 / rate, cpu_seconds=1000 * cpu)


def held(raw: tuple[float, float], ours: tuple[float, float]) -> Round:
    """A round of rates."""
    return {"raw": (reading(raw[0]), reading(raw[1])), "ours": (reading(ours[0]), reading(ours[1]))}


# Turns


def test_variants_take_turns_there_and_back() -> None:
    assert turns(["A", "B"]) == ["A", "B", "B", "A"]
    assert turns(["A", "B", "C"]) == ["A", "B", "C", "C", "B", "A"]


async def test_a_heat_warms_up_and_then_holds_rounds_in_that_order() -> None:
    asked: list[str] = []

    def run_of(name: str) -> Run:
        async def run(_: float) -> Reading:
            asked.append(name)
            return reading(100)

        return run

    heat = Heat("c=1", {"raw": run_of("raw"), "ours": run_of("ours")})
    told: list[int] = []
    rounds = await hold_heat(heat, [RATE], wanted=2, seconds=1, told=told.append)
    assert len(rounds) == 2
    assert told == [1, 2]
    assert asked == ["raw", "ours"] + ["raw", "ours", "ours", "raw"] * 2


async def rounds_of(rates: Iterator[float], wanted: int) -> list[Round]:
    """Of a reference alone, two slices a round, after one to warm up."""

    async def run(_: float) -> Reading:
        return reading(next(rates))

    return await hold_heat(Heat("c=1", {"raw": run}), [ALONE], wanted=wanted, seconds=1, told=lambda _: None)


async def test_a_discarded_round_is_held_again() -> None:
    rounds = await rounds_of(iter([7, *(100, 100), *(120, 100), *(100, 105)]), wanted=2)
    assert len(rounds) == 3
    assert len(kept(rounds, ALONE)) == 2


async def test_a_machine_that_never_holds_still_is_given_up_on() -> None:
    rounds = await rounds_of(cycle([100, 200, 400]), wanted=3)
    assert len(rounds) == 3 * PATIENCE
    assert judge(ALONE, rounds, wanted=3).verdict is Verdict.INCONCLUSIVE


def test_a_round_is_discarded_when_its_reference_moved_by_more_than_a_tenth() -> None:
    assert is_steady(held(raw=(100, 109.9), ours=(50, 90)), "raw", Measure.RATE)
    assert is_steady(held(raw=(109.9, 100), ours=(50, 90)), "raw", Measure.RATE)
    assert not is_steady(held(raw=(100, 111), ours=(50, 50)), "raw", Measure.RATE)


def test_what_a_measure_is_judged_by_is_whether_this_measure_held_still() -> None:
    """Another program slows the clock on the wall and not the CPU time: the rate is lost, the CPU time is not."""
    one: Round = {
        "raw": (reading(100, cpu=0.001), reading(200, cpu=0.001)),
        "ours": (reading(50, cpu=0.0012), reading(50, cpu=0.0012)),
    }
    assert kept([one], RATE) == []
    assert kept([one], CPU) == [one]
    assert judge(CPU, [one], wanted=1).verdict is Verdict.GOAL_MET
    assert judge(RATE, [one], wanted=1).verdict is Verdict.INCONCLUSIVE


def test_too_short_a_slice_to_show_any_cpu_time_is_no_measurement() -> None:
    idle = Reading(count=1, seconds=0.001, cpu_seconds=0)
    one: Round = {"raw": (idle, idle), "ours": (reading(10), reading(10))}
    result = judge(CPU, [one], wanted=1)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.ratio == inf


def test_only_lines_with_a_bound_make_rounds_be_held_again() -> None:
    shaky = held(raw=(100, 200), ours=(50, 50))
    information = Line("c=1", Measure.RATE, "ours", "raw")
    assert enough([shaky], [information], wanted=1)
    assert not enough([shaky], [RATE], wanted=1)
    assert not enough([shaky] * (PATIENCE - 1), [RATE], wanted=1)
    assert enough([shaky] * PATIENCE, [RATE], wanted=1)


# Verdicts


def test_a_line_is_the_median_of_the_ratios_of_the_rounds_that_were_kept() -> None:
    rounds = [
        held(raw=(100, 100), ours=(60, 60)),
        held(raw=(100, 100), ours=(70, 90)),  # 0.8: both slices count alike
        held(raw=(50, 50), ours=(45, 45)),  # slower machine, ratio 0.9
        held(raw=(100, 300), ours=(1, 1)),  # discarded
    ]
    result = judge(RATE, rounds, wanted=3)
    assert result.ratio == pytest.approx(0.8)
    assert [result.low, result.high] == pytest.approx([0.6, 0.9])
    assert (result.kept, result.held) == (3, 4)
    assert result.measured == pytest.approx(60)
    assert result.reference == pytest.approx(100)
    assert result.verdict is Verdict.GOAL_MET


@pytest.mark.parametrize(
    ("measure", "bound", "ratio", "expected"),
    [
        (Measure.RATE, Bound(goal=0.75, floor=0.5), 0.75, Verdict.GOAL_MET),
        (Measure.RATE, Bound(goal=0.75, floor=0.5), 0.74, Verdict.ABOVE_FLOOR),
        (Measure.RATE, Bound(goal=0.75, floor=0.5), 0.49, Verdict.BELOW_FLOOR),
        (Measure.CPU, Bound(goal=1.35, floor=1.7), 1.35, Verdict.GOAL_MET),
        (Measure.CPU, Bound(goal=1.35, floor=1.7), 1.7, Verdict.ABOVE_FLOOR),
        (Measure.CPU, Bound(goal=1.35, floor=1.7), 1.71, Verdict.BELOW_FLOOR),
        (Measure.CPU, Bound(goal=1.15, floor=1.15), 1.15, Verdict.GOAL_MET),
        (Measure.CPU, Bound(goal=1.15, floor=1.15), 1.16, Verdict.BELOW_FLOOR),
        (Measure.RATE, None, 99.0, Verdict.INFORMATION),
    ],
)
def test_more_is_better_of_a_rate_and_less_of_what_is_spent(
    measure: Measure, bound: Bound | None, ratio: float, expected: Verdict
) -> None:
    assert verdict(measure, bound, ratio, conclusive=True) is expected


def test_a_bound_cannot_be_entered_the_wrong_way_round() -> None:
    with pytest.raises(ValueError, match="wrong way round"):
        Line("c=1", Measure.RATE, "ours", "raw", Bound(goal=1.35, floor=1.7))
    with pytest.raises(ValueError, match="wrong way round"):
        Line("c=1", Measure.CPU, "ours", "raw", Bound(goal=0.75, floor=0.5))


def outcome(ours: float, *, raw: tuple[float, float] = (100, 100), enforced: bool = True) -> Outcome:
    benchmark = Benchmark("dashboard", "a dashboard", NOTHING, (RATE,), enforced, note="not optimised yet")
    return Outcome(benchmark, (judge(RATE, [held(raw=raw, ours=(ours, ours))], wanted=1),))


def test_a_missed_floor_fails_the_run_where_it_is_enforced() -> None:
    assert exit_code([outcome(80)]) == OK
    assert exit_code([outcome(60)]) == OK
    assert exit_code([outcome(10)]) == MISSED
    assert exit_code([outcome(10, enforced=False)]) == OK


def test_a_failure_counts_before_an_inconclusive_line_and_that_before_success() -> None:
    failed = Outcome(Benchmark("broken", "", NOTHING, (RATE,), enforced=False), failure="answers differ")
    shaky = outcome(80, raw=(100, 200))
    assert exit_code([outcome(80), shaky]) == INCONCLUSIVE
    assert exit_code([shaky, failed, outcome(80)]) == MISSED


def test_the_table_shows_goal_floor_and_that_a_floor_is_not_enforced() -> None:
    paper = StringIO()
    failed = Outcome(Benchmark("broken", "", NOTHING, (RATE,)), failure="raw and ours differ for tenant 3")
    report.show(Console(file=paper, width=160), [outcome(10, enforced=False), failed])
    text = paper.getvalue()
    for words in ("≥ 0.75", "≥ 0.5", "0.1", "ours 10/s", "raw 100/s", "misses the floor (not enforced)"):
        assert words in text
    assert "not optimised yet" in text
    assert "raw and ours differ for tenant 3" in text


# Answers


def test_numbers_are_the_same_however_they_are_written() -> None:
    one = {"value": "12.50", "points": [{"at": "2026-01-01", "n": 3, "value": None}]}
    other = {"points": [{"n": 3, "value": None, "at": "2026-01-01"}], "value": 12.5}
    assert first_difference(one, other) is None
    assert first_difference({"rate": "0.1234565"}, {"rate": 0.123456}) is None


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ({"a": [1, {"b": "2"}]}, {"a": [1, {"b": 3}]}, ".a[1].b is '2' or 3"),
        ({"a": [1, 2]}, {"a": [1]}, ".a has 2 or 1 items"),
        ({"a": 1}, {"b": 1}, "the answer has ['a'] or ['b']"),
        ({"a": None}, {"a": 0}, ".a is None or 0"),
        ({"a": True}, {"a": 1}, ".a is True or 1"),
        ({"a": "x"}, {"a": {"x": 1}}, ".a is 'x' or {'x': 1}"),
        ({"a": "0.5"}, {"a": "0.50001"}, ".a is '0.5' or '0.50001'"),
    ],
)
def test_a_difference_is_named_by_its_place(one: object, other: object, words: str) -> None:
    assert first_difference(one, other) == words


# CPU


def test_cpu_time_is_the_kernels_own() -> None:
    """A busy loop's time, to a few clock ticks; a nap costs nothing."""
    before, began = _spent(), time.process_time()
    while time.process_time() - began < 0.1:
        pass
    burned = time.process_time() - began
    time.sleep(0.1)
    assert difference(before, _spent()) == pytest.approx(burned, abs=0.05)


def test_a_process_that_began_meanwhile_is_charged_whole_and_one_that_ended_spoils_the_slice() -> None:
    assert difference({(1, 5): 2.0}, {(1, 5): 3.0, (2, 9): 0.5}) == pytest.approx(1.5)
    with pytest.raises(Failed, match="process 2 ended"):
        difference({(1, 5): 2.0, (2, 9): 0.5}, {(1, 5): 3.0})
    with pytest.raises(Failed, match="process 1 ended"):  # the id was given to another process
        difference({(1, 5): 2.0}, {(1, 6): 3.0})


async def test_a_process_pays_for_all_that_it_starts_also_later() -> None:
    grandchild = "import time; print(flush=True)\nwhile time.process_time() < 0.2: pass\nprint(flush=True); input()"
    child = (
        f"import subprocess, sys; print(flush=True); input(); subprocess.run([sys.executable, '-c', {grandchild!r}])"
    )
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", parent, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    await process.stdout.readline()
    before = spent_by_all(process.pid)
    process.stdin.write(b"\n")
    await process.stdout.readline()
    assert len(family(process.pid)) == 3
    await process.stdout.readline()
    assert difference(before, spent_by_all(process.pid)) == pytest.approx(0.2, abs=0.05)
    process.stdin.close()
    await process.wait()
    assert family(process.pid) == [process.pid]


def test_every_server_has_the_same_connections_however_many_processes_it_has() -> None:
    assert [Crew(processes).pool for processes in (1, 2, 3, 4, 16)] == [16, 8, 6, 4, 1]
    assert 1 <= Crew().processes <= MOST_PROCESSES
    assert str(Crew(2)) == "2 processes, 16 connections to read with"


def test_no_process_has_no_time() -> None:
    assert spent_by(2**22 + 1) is None


def spent_by_all(pid: int) -> Spent:
    return dict(found for each in family(pid) if (found := spent_by(each)) is not None)


def _spent() -> Mapping[tuple[int, int], float]:
    found = spent_by(os.getpid())
    assert found is not None
    return dict([found])


# The load


async def serve(answers: Sequence[bytes]) -> asyncio.Server:
    """Answers every request on a connection with the next of `answers`, then with the last."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = list(answers)
        with suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(left.pop(0) if len(left) > 1 else left[0])
        writer.close()

    return await asyncio.start_server(handle, "127.0.0.1", 0)


def ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def load(answers: Sequence[bytes], *, seconds: float = 0.05) -> tuple[int, list[str]]:
    async with await serve(answers) as server:
        port = server.sockets[0].getsockname()[1]
        request = Request("GET", "/x").text(port)
        done = await carry_out(Job(port, [request], [4], concurrency=2, seconds=seconds))
        assert done.seconds >= seconds
        return done.count, done.complaints


async def test_load_counts_whole_answers_over_connections_that_stay_open() -> None:
    count, complaints = await load([ok(b"good")])
    assert count > 4
    assert complaints == []


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 4\r\n\r\nnope", "status 500"),
        (b"HTTP/1.1 429 Slow\r\nContent-Length: 4\r\n\r\nnope", "status 429"),
        (ok(b'{"errors": []}'), "14 bytes instead of 4"),
    ],
)
async def test_load_complains_of_any_answer_that_is_not_the_one_expected(bad: bytes, words: str) -> None:
    _, complaints = await load([ok(b"good"), bad, ok(b"good")])
    assert complaints == [words] * 2  # once on each connection


def test_a_request_goes_over_the_wire_with_its_length() -> None:
    body = '{"name": "é"}'.encode()
    sent = Request("POST", "/graphql", {"Authorization": "Bearer t"}, body).text(80).encode("latin-1")
    head, _, rest = sent.partition(b"\r\n\r\n")
    assert rest == body
    assert head.splitlines() == [
        b"POST /graphql HTTP/1.1",
        b"Host: 127.0.0.1:80",
        b"Authorization: Bearer t",
        b"Content-Length: 14",
    ]


# The catalogue


def test_the_list_names_every_benchmark(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [each.name for each in ALL]


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["--rounds", "0"], ["--processes", "0"], ["--processes", "17"], ["--seconds", "-1"], ["--json"]],
)
def test_a_wrong_call_says_so_with_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_a_benchmark_that_is_not_enforced_says_why() -> None:
    assert [each.name for each in ALL if not each.enforced and not each.note] == []


def test_a_line_that_names_what_is_not_measured_is_refused() -> None:
    async def run(_: float) -> Reading:
        return reading(1)

    benchmark = Benchmark("dashboard", "", NOTHING, (RATE,))
    refuse_unknown(benchmark, [Heat("c=1", {"raw": run, "ours": run})])
    with pytest.raises(Failed, match="'raw' in the heat 'c=1'"):
        refuse_unknown(benchmark, [Heat("c=1", {"ours": run}), Heat("c=2", {"ours": run, "raw": run})])


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_documents_features_are_those_of_real_clients_and_the_schema_knows_them(shape: Shape) -> None:
    document = parse(shape.document)
    assert validate(build_schema(SCHEMA.read_text()), document) == []
    seen: set[type] = set()
    variables: set[str] = set()

    class Collector(Visitor):
        def enter(self, node: object, *_: object) -> None:
            seen.add(type(node))
            if isinstance(node, VariableDefinitionNode):
                variables.add(node.variable.name.value)

    visit(document, Collector())
    assert {FragmentSpreadNode, DirectiveNode, VariableDefinitionNode} <= {
        base for each in seen for base in each.__mro__
    }
    assert variables == {*([] if shape.of_all else ["tenant"]), *shape.variables}


@pytest.mark.parametrize("hour", range(24))
@pytest.mark.parametrize("month", [1, 7])
def test_no_tenant_sees_midnight_during_a_run(month: int, hour: int) -> None:
    now = datetime(2026, month, 15, hour, 30, tzinfo=UTC)
    places = early_places(now)
    assert len(set(places)) == 4
    for place in places:
        there = now.astimezone(ZoneInfo(place))
        assert (there + timedelta(hours=8)).date() == there.date(), place
