"""Modules stay under 500 lines everywhere, functions under 60 outside the tests."""

from __future__ import annotations

import ast
import math
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from checks.sources import ROOT, python_files

LONGEST_MODULE = 500
LONGEST_FUNCTION = 60
MODELS = "models: a service of Polar's median 295, Starlette's functions median 5, a use case of Codecov's 29"


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each function's name and its length in lines, decorators aside."""
    for node in ast.walk(ast.parse(path.read_text(), filename=str(path))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def spread(lengths: list[int]) -> str:
    if not lengths:
        return "none"
    ninetieth = sorted(lengths)[math.ceil(0.9 * len(lengths)) - 1]
    return f"{len(lengths)}, median {statistics.median(lengths):.0f}, p90 {ninetieth}, longest {max(lengths)} lines"


def main() -> int:
    modules: list[int] = []
    lengths: list[int] = []
    complaints: list[str] = []
    for path in python_files():
        place = path.relative_to(ROOT)
        lines = len(path.read_text().splitlines())
        if lines:  # an empty __init__ is no module to measure
            modules.append(lines)
        if lines > LONGEST_MODULE:
            complaints.append(f"{place}: {lines} lines, at most {LONGEST_MODULE}")
        if place.parts[0] == "tests":
            continue
        for name, length in functions(path):
            lengths.append(length)
            if length > LONGEST_FUNCTION:
                complaints.append(f"{place}: {name} has {length} lines, at most {LONGEST_FUNCTION}")
    print("\n".join([*complaints, f"modules {spread(modules)}; functions {spread(lengths)}; {MODELS}"]))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
