"""What `.ci/run` says at its end, with a stand-in for the tests themselves."""

from __future__ import annotations

import json
import os
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
        "import json, os, sys\n"
        "with open(f'{sys.argv[1]}.json', 'w') as told: json.dump(dict(os.environ), told)\n"
        f"if sys.argv[1] == 'test': print({says!r}, end='')\nsys.exit({codes!r}[sys.argv[1]])\n"
    )
    given = {name: value for name, value in os.environ.items() if not name.startswith("AZIMUTH_")}
    return subprocess.run([checkout / ".ci/run"], capture_output=True, text=True, check=False, env=given)


def environment(checkout: Path, half: str) -> dict[str, str]:
    """What the stand-in was started with, so far as it is about the reference material."""
    told = json.loads((checkout / f"{half}.json").read_text())
    return {name: value for name, value in told.items() if name.endswith("_REFERENCE")}


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


@pytest.mark.parametrize("half", ["check", "test"])
def test_reference_material_beside_the_checkout_may_not_be_missed(tmp_path: Path, half: str) -> None:
    (tmp_path / "shared").mkdir()
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    run(checkout)
    wanted = {"AZIMUTH_REFERENCE": str(tmp_path / "shared"), "AZIMUTH_REQUIRE_REFERENCE": "1"}
    assert environment(checkout, half) == wanted


def test_where_there_is_none_its_tests_are_skipped(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    run(checkout)
    assert environment(checkout, "test") == {}
