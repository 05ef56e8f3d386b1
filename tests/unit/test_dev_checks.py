"""The checks of `./dev check` find what they are there to find."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from packaging.version import Version

from checks import marks, pins, sizes
from checks.__main__ import CHECKS
from checks.sources import ROOT, python_files


def sources(monkeypatch: pytest.MonkeyPatch, root: Path, files: dict[str, str]) -> None:
    paths = [root / name for name in files]
    for path, text in zip(paths, files.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for module in (marks, sizes):
        monkeypatch.setattr(module, "ROOT", root)
        monkeypatch.setattr(module, "python_files", lambda: paths)


def function(lines: int) -> str:
    return "def f():\n" + "    x = 1\n" * (lines - 1)


def test_files_the_project_would_commit_are_looked_at_and_nothing_else() -> None:
    names = {str(path.relative_to(ROOT)) for path in python_files()}
    assert {"dev", "checks/sizes.py", "tests/unit/test_dev_checks.py"} <= names
    assert not [name for name in names if name.startswith((".venv", ".tools"))]


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("api/room.py", "x = 1\n" * 501, "api/room.py: 501 lines, at most 500"),
        ("tests/test_room.py", "x = 1\n" * 501, "tests/test_room.py: 501 lines, at most 500"),
        ("api/room.py", function(61), "api/room.py: f has 61 lines, at most 60"),
    ],
)
def test_a_room_that_has_grown_too_large_is_named(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    text: str,
    complaint: str,
) -> None:
    sources(monkeypatch, tmp_path, {name: text})
    assert sizes.main() == 1
    assert complaint in capsys.readouterr().out


def test_sizes_within_the_limits_pass_and_are_summed_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"api/a.py": function(60), "api/b.py": function(3), "api/__init__.py": "", "tests/t.py": function(200)}
    sources(monkeypatch, tmp_path, files)
    assert sizes.main() == 0
    assert capsys.readouterr().out.startswith(
        "modules 3, median 60, p90 200, longest 200 lines; functions 2, median 32, p90 60, longest 60 lines; models: "
    )


def test_a_test_that_is_switched_off_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    off = "import pytest\n@pytest.mark.{}\ndef test_it(): pass\n"
    files = {"tests/a.py": off.format("skip('later')"), "tests/b.py": off.format("xfail")}
    sources(monkeypatch, tmp_path, files | {"tests/c.py": off.format("skipif(True, reason='a condition')")})
    assert marks.main() == 1
    said = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in said] == ["tests/a.py", "tests/b.py"]


def test_a_requirement_the_lock_does_not_meet_is_named() -> None:
    lock = "Alpha_One==2.0 \\\n    --hash=sha256:00\nbeta==1.5 ; python_full_version < '3.12' \\\n"
    found = pins.pins(lock)
    assert found == {"alpha-one": Version("2.0"), "beta": Version("1.5")}
    assert list(pins.unmet(["alpha.one>=1", "beta[extra]>=1"], found, "x.lock")) == []
    assert list(pins.unmet(["beta>=2", "gamma"], found, "x.lock")) == [
        "x.lock: beta is 1.5, pyproject.toml wants >=2",
        "x.lock: gamma is missing",
    ]


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("CREATE INDEX ix_late ON orders (tenant_id, placed_at);", "require-concurrent-index-creation"),
        ("ALTER TABLE orders ADD COLUMN note text NOT NULL;", "adding-required-field"),
        ("ALTER TABLE kpis RENAME COLUMN name TO title;", "renaming-column"),
        ("ALTER TABLE targets ADD CONSTRAINT up CHECK (value > 0);", "constraint-missing-not-valid"),
        ("CREATE TABLE counts (tenant_id uuid NOT NULL, n bigint NOT NULL);", None),
    ],
)
def test_a_migration_that_would_lock_or_break_a_schema_in_use_is_named(
    tmp_path: Path, statement: str, rule: str | None
) -> None:
    (tmp_path / "0009_late.up.sql").write_text(statement)
    program, *_ = next(check.command for check in CHECKS if check.name == "sql")
    command = [program, "--config", str(ROOT / ".squawk.toml"), "--reporter", "gcc", str(tmp_path / "*.sql")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode == 0) == (rule is None), ended.stdout + ended.stderr
    assert rule is None or rule in ended.stdout
