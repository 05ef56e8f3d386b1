"""Releases are recorded by machine, and nobody changes them by hand."""

from datetime import date
from pathlib import Path

import pytest

from api.contract.changes import ChangeKind
from api.contract.releases import NotReleased, last_released, not_derived, record, releases

FIRST, SECOND, THIRD = date(2026, 11, 28), date(2026, 12, 24), date(2027, 4, 1)
SDL = "type Query { a: Int, b: Int }\n"
DEPRECATED = 'type Query {{ a: Int @deprecated(reason: "Removed after {}."), b: Int }}\n'


def test_each_release_has_its_day_and_its_changes(tmp_path: Path) -> None:
    folder = tmp_path / "releases"
    assert last_released(folder) is None
    record(SDL, today=FIRST, folder=folder)
    record(DEPRECATED.format("2027-03-24"), today=SECOND, folder=folder)
    record("type Query { b: Int }\n", today=THIRD, folder=folder)
    told = releases(folder)
    assert [each.released_on for each in told] == [THIRD, SECOND, FIRST]
    assert [[(change.kind, change.coordinate) for change in each.changes] for each in told] == [
        [(ChangeKind.REMOVED, "Query.a")],
        [(ChangeKind.DEPRECATED, "Query.a")],
        [(ChangeKind.ADDED, "Query")],
    ]
    assert [len(each.deprecated) for each in told] == [0, 1, 0]
    assert told[1].deprecated[0].removable_after == date(2027, 3, 24)
    assert last_released(folder) == folder / "2027-04-01.graphql"
    assert not_derived(folder) == []


def test_a_record_that_was_touched_is_named(tmp_path: Path) -> None:
    record(SDL, today=FIRST, folder=tmp_path)
    record("type Query { a: Int }\n", today=SECOND, folder=tmp_path)
    changed = tmp_path / f"{SECOND}.json"
    changed.write_text(changed.read_text().replace("breaking", "safe"))
    (tmp_path / f"{FIRST}.json").unlink()
    (tmp_path / f"{THIRD}.json").write_text("{}")
    assert [each.partition(":")[0] for each in not_derived(tmp_path)] == [
        f"{FIRST}.json", f"{SECOND}.json", f"{THIRD}.json",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sdl", "today", "why"),
    [
        ("type Query { b: Int }", FIRST, "a day has one release"),
        ("type Query { b: Int }", date(2026, 11, 27), "none comes before another"),
        (SDL, SECOND, "Nothing has changed"),
        (DEPRECATED.format("2027-03-23"), SECOND, r"Query.a: .* from 2027-03-24 on"),
    ],
)
def test_what_is_no_release(tmp_path: Path, sdl: str, today: date, why: str) -> None:
    record(SDL, today=FIRST, folder=tmp_path)
    with pytest.raises(NotReleased, match=why):
        record(sdl, today=today, folder=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_what_was_told_in_time_is_not_told_too_late(tmp_path: Path) -> None:
    record(DEPRECATED.format("2027-03-24"), today=FIRST, folder=tmp_path)
    near = date(2027, 3, 20)
    with pytest.raises(NotReleased, match="90 days ahead"):
        record(DEPRECATED.format("2027-03-21"), today=near, folder=tmp_path)
    record(DEPRECATED.format("2027-03-25"), today=near, folder=tmp_path)
