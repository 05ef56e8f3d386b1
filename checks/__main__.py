"""`./dev check`: every rule worth having, one line each, the failures in full at the end."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("api", "bench", "checks", "connectors", "domain", "migrations", "sandbox", "tenants", "tests")
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Check:
    name: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    check: Check
    passed: bool
    seconds: float
    said: str


def program(name: str, *arguments: str) -> tuple[str, ...]:
    return (str(BIN / name), *arguments)


def module(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *arguments)


# The slowest first: with two at a time the others fit beside them.
CHECKS = (
    Check("types", program("mypy", "--no-error-summary", *PACKAGES, "dev")),
    Check("migrations", module("api.cli", "migrate", "--check")),
    Check("schema", module("api.cli", "schema", "--check")),
    Check("imports", program("lint-imports")),
    Check("lint", program("ruff", "check", "--quiet", ".", "dev")),
    Check("format", program("ruff", "format", "--check", "--quiet", ".", "dev")),
    Check("sql", program("squawk", "migrations/sql/*.sql")),
    Check("sizes", module("checks.sizes")),
    Check("pins", module("checks.pins")),
    Check("test marks", module("checks.marks")),
)
FIXES = (
    Check("lint", program("ruff", "check", "--fix", "--quiet", ".", "dev")),
    Check("format", program("ruff", "format", "--quiet", ".", "dev")),
)


def run(check: Check) -> Outcome:
    began = time.monotonic()
    ended = subprocess.run(check.command, cwd=ROOT, capture_output=True, text=True, check=False)
    said = (ended.stdout + ended.stderr).strip()
    return Outcome(check, ended.returncode == 0, time.monotonic() - began, said)


def run_all(checks: Iterable[Check]) -> list[Outcome]:
    """In parallel; each is reported when it ends."""
    outcomes = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for future in as_completed([pool.submit(run, check) for check in checks]):
            outcome = future.result()
            report(outcome)
            outcomes.append(outcome)
    return outcomes


def report(outcome: Outcome) -> None:
    # A check that passes may still have a line worth reading.
    note = outcome.said.splitlines()[-1] if outcome.passed and outcome.check.name in ("schema", "sizes") else ""
    word = "ok" if outcome.passed else "FAILED"
    print(f"{word:<7} {outcome.check.name:<11} {outcome.seconds:5.1f} s  {note}".rstrip(), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev check", description=__doc__)
    parser.add_argument("--fix", action="store_true", help="mend lint and formatting first, where a tool can")
    if parser.parse_args().fix:
        for fix in FIXES:
            run(fix)
    failures = [outcome for outcome in run_all(CHECKS) if not outcome.passed]
    for failure in failures:
        print(f"\n--- {failure.check.name}: {' '.join(failure.check.command)}\n{failure.said}")
    if failures:
        print(f"\n{len(failures)} of {len(CHECKS)} checks failed: {', '.join(f.check.name for f in failures)}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
