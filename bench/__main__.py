"""`./dev bench`: benchmarks, each a ratio to a reference measured in the same run. See bench/README.md.

Exit codes: 0 all is well; 1 an enforced floor was missed, answers differ or a request failed; 2 wrongly called;
3 inconclusive, because the machine did not hold still.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.catalog import ALL, BY_NAME
from bench.crew import MOST_PROCESSES, Crew, cores
from bench.run import Plan, run

DEFAULT = Plan(rounds=6, seconds=5.0)
QUICK = Plan(rounds=2, seconds=1.0)


def main(arguments: Sequence[str]) -> int:
    parser = _parser()
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.name if name not in BY_NAME]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(BY_NAME)}")
    if chosen.list:
        for benchmark in ALL:
            print(f"{benchmark.name:<12} {benchmark.title}")
        return 0
    usual = QUICK if chosen.quick else DEFAULT
    plan = Plan(chosen.rounds or usual.rounds, chosen.seconds or usual.seconds, Crew(chosen.processes))
    benchmarks = [BY_NAME[name] for name in chosen.name or BY_NAME]
    return asyncio.run(run(benchmarks, plan, json=chosen.json))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./dev bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", nargs="*", help="which; by default all")
    parser.add_argument("--list", action="store_true", help="say what there is, and stop")
    parser.add_argument("--rounds", type=_rounds, metavar="N", help=f"rounds to keep; by default {DEFAULT.rounds}")
    parser.add_argument("--seconds", type=_seconds, metavar="S", help=f"a slice; by default {DEFAULT.seconds:g}")
    parser.add_argument(
        "--processes",
        type=_processes,
        metavar="N",
        default=cores(),
        help="of each server that answers reads; by default one for each core, which are %(default)s here",
    )
    parser.add_argument("--quick", action="store_true", help=f"{QUICK.rounds} rounds of {QUICK.seconds:g} s: a glance")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured to FILE")
    return parser


def _rounds(text: str) -> int:
    if (value := int(text)) < 1:
        raise ValueError
    return value


def _processes(text: str) -> int:
    if not 1 <= (value := int(text)) <= MOST_PROCESSES:
        raise ValueError
    return value


def _seconds(text: str) -> float:
    if not 0 < (value := float(text)) <= 3600:
        raise ValueError
    return value


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
