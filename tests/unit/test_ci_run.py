"""What `.ci/run` says at its end, with a stand-in for the tests themselves."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIPS = """SKIPPED [70] tests/browser.py:73: chromedriver is not installed
SKIPPED [2] tests/browser.py:80: chromedriver is not installed
SKIPPED [1] tests/a.py:1: mounting is not allowed here
"""


def run(checkout: Path, *, says: str = "", check: int = 0, test: int = 0) -> subprocess.CompletedProcess[str]:
    (checkout / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", checkout / ".ci/run")
    codes = {"check": check, "test": test}
    (checkout / "dev").write_text(
        f"import sys\nif sys.argv[1] == 'test': print({says!r}, end='')\nsys.exit({codes!r}[sys.argv[1]])\n"
    )
    return subprocess.run([checkout / ".ci/run"], capture_output=True, text=True, check=False)


def test_it_ends_with_what_it_could_not_look_at(tmp_path: Path) -> None:
    ended = run(tmp_path, says=f"75 passed\n{SKIPS}")
    assert ended.returncode == 0
    heading, *reasons = ended.stdout.splitlines()[-3:]
    assert heading == "Not proven by this run:"
    assert set(reasons) == {"  72 tests: chromedriver is not installed", "  1 tests: mounting is not allowed here"}


def test_or_that_there_was_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, says="75 passed\n").stdout.splitlines()[-1] == "No test was skipped."


@pytest.mark.parametrize("codes", [{"check": 1}, {"test": 1}])
def test_either_half_fails_it_and_the_other_is_run_all_the_same(tmp_path: Path, codes: dict[str, int]) -> None:
    ended = run(tmp_path, says="75 passed\n", **codes)
    assert ended.returncode == 1
    assert "75 passed" in ended.stdout
