"""The schema in work, held to what is committed and what is released."""

from datetime import date
from pathlib import Path

import pytest

from api.contract.changes import Impact
from api.contract.releases import NotReleased, record
from api.export import exported, faults, release, unreleased

YESTERDAY, TODAY = date(2026, 11, 27), date(2026, 11, 28)
ONCE = "type Query {\n"


def released(folder: Path, more: str) -> None:
    """As if the schema had had one field more."""
    assert ONCE in exported()
    record(exported().replace(ONCE, ONCE + f"  {more}\n"), today=YESTERDAY, folder=folder)


def test_a_schema_that_breaks_what_was_released_is_released_on_purpose_alone(tmp_path: Path) -> None:
    assert unreleased(tmp_path) == ["nothing has been released"]
    released(tmp_path, "tidings: Int")
    with pytest.raises(NotReleased, match=r"^Query\.tidings: .*$"):
        release(today=TODAY, folder=tmp_path)
    made = release(today=TODAY, breaking=True, folder=tmp_path)
    assert [(each.coordinate, each.impact) for each in made.changes] == [("Query.tidings", Impact.BREAKING)]
    assert faults(today=TODAY, folder=tmp_path) == []


def test_what_changed_since_is_told_and_released(tmp_path: Path) -> None:
    released(tmp_path, 'tidings: Int @deprecated(reason: "Removed after 2027-03-01.")')
    assert unreleased(tmp_path) == [
        "breaking: Field Query.tidings was removed.",
        "since 2026-11-27: 1 breaking, 0 dangerous, 0 safe",
    ]
    made = release(today=date(2027, 3, 2), folder=tmp_path)
    assert [each.coordinate for each in made.changes] == ["Query.tidings"]
