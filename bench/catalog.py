"""Every benchmark there is. The goals are the project's; a line without a bound is for information."""

from bench.model import Benchmark, Bound, Line, Measure
from bench.workloads import growth, memory, reads
from bench.workloads.reads import FORGETFUL, with_guest
from bench.workloads.recompute import work as recompute

CPU, RATE, TIME, MEMORY = Measure.CPU, Measure.RATE, Measure.TIME, Measure.MEMORY

# For one and the same reference: CPU time at most so many times as much, rate at least such a share of it.
RAW_CPU = Line("c=16", CPU, "production", "raw", Bound(goal=1.35, floor=1.7))
RAW_RATE = Line("c=16", RATE, "production", "raw", Bound(goal=0.75, floor=0.50))
ALONE = (Line("c=1", CPU, "production", "raw"), Line("c=1", RATE, "production", "raw"))
UNREMEMBERED = (Line(FORGETFUL, CPU, "forgetful", "raw"), Line(FORGETFUL, RATE, "forgetful", "raw"))
RAW = (RAW_CPU, RAW_RATE, *ALONE, *UNREMEMBERED)

ALL = (
    Benchmark(
        name="dashboard",
        title="one tenant's dashboard: 5 objectives, 3 KPIs each, 30 days each",
        prepare=reads.Read(reads.DASHBOARD, references=("raw", "arrays"), guests=("postgraphile", "usual")).prepare,
        lines=(
            *RAW,
            Line("c=16", CPU, "arrays", "raw"),
            Line("c=16", RATE, "arrays", "raw"),
            Line(with_guest("postgraphile"), RATE, "production", "postgraphile", Bound(goal=2.5, floor=1.6)),
            Line(with_guest("postgraphile"), CPU, "production", "postgraphile"),
            Line(with_guest("usual"), RATE, "production", "usual"),
            Line(with_guest("usual"), CPU, "production", "usual"),
        ),
    ),
    Benchmark(
        name="overview",
        title="a second shape, which nothing is tuned on: 15 KPIs, changes, weeks column by column",
        prepare=reads.Read(reads.OVERVIEW).prepare,
        lines=(
            *RAW,
            # What was gained on the dashboard was gained on this one too, to 15 %.
            Line("c=16", CPU, "production", "raw", Bound(goal=1.15, floor=1.15), than="dashboard"),
            Line("c=16", RATE, "production", "raw", Bound(goal=0.85, floor=0.85), than="dashboard"),
        ),
    ),
    Benchmark(
        name="portfolio",
        title="fifty tenants on one page: 3 KPIs each, last month's value, the target's status",
        prepare=reads.Read(reads.PORTFOLIO, guests=("postgraphile",)).prepare,
        lines=(
            RAW_RATE,
            Line("c=16", CPU, "production", "raw"),
            *ALONE,
            *UNREMEMBERED,
            Line(with_guest("postgraphile"), RATE, "production", "postgraphile", Bound(goal=1.6, floor=1.15)),
            Line(with_guest("postgraphile"), CPU, "production", "postgraphile"),
        ),
    ),
    Benchmark(
        name="growth",
        title="the same dashboard with ten times the history, and with ten times the tenants",
        prepare=growth.prepare,
        lines=(
            Line("c=16", CPU, "10x history", "small", Bound(goal=1.1, floor=1.3)),
            Line("c=16", CPU, "10x tenants", "small", Bound(goal=1.1, floor=1.3)),
            Line("c=16", CPU, "10x both", "small", Bound(goal=1.1, floor=1.3)),
            Line("c=16", RATE, "10x both", "small"),
        ),
    ),
    Benchmark(
        name="recompute",
        title="one tenant of 20,000 orders over two years, of five such: everything, and 1 % of its days",
        prepare=recompute.prepare,
        lines=(
            Line("", CPU, "cold", "statement", Bound(goal=2.2, floor=3)),
            Line("", TIME, "cold", "statement", Bound(goal=2.2, floor=3)),
            Line("", CPU, "1 % dirty", "cold", Bound(goal=0.03, floor=0.10)),
            Line("", TIME, "1 % dirty", "cold", Bound(goal=0.03, floor=0.10)),
        ),
        note="a round is short: mind the spread",
    ),
    Benchmark(
        name="memory",
        title="what the API process holds when warm, and how that grows with requests of 1,200 different documents",
        prepare=memory.prepare,
        lines=(
            Line("", MEMORY, "warm", "150 MB", Bound(goal=1, floor=1.67)),
            Line("", MEMORY, "asked on", "warm", Bound(goal=1.03, floor=1.10)),
        ),
        note="what is remembered of documents is bounded by their length, and not by what their trees and plans weigh",
    ),
)
BY_NAME = {benchmark.name: benchmark for benchmark in ALL}
