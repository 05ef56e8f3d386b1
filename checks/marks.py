"""No test is switched off: a skip states its condition, and nothing is expected to fail."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from checks.sources import ROOT, python_files

FORBIDDEN = {
    "pytest.mark.skip": "skips always: mend the test or remove it",
    "pytest.mark.xfail": "expects a failure: mend the code or remove the test",
}


def complaints(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(), filename=str(path))):
        if isinstance(node, ast.Attribute) and (reason := FORBIDDEN.get(ast.unparse(node))):
            yield f"{path.relative_to(ROOT)}:{node.lineno}: {reason}"


def main() -> int:
    tests = [path for path in python_files() if path.is_relative_to(ROOT / "tests")]
    found = [complaint for path in tests for complaint in complaints(path)]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
