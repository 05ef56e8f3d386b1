"""The search syntax of the `query` argument."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sandbox.shopify.search import SearchField, parse

ZONE = ZoneInfo("America/New_York")
FIELDS = {
    "id": SearchField("number", lambda row: row.id),
    "updated_at": SearchField("time", lambda row: row.moment),
    "changed_on": SearchField("day", lambda row: row.moment),
    "test": SearchField("boolean", lambda row: row.test),
    "status": SearchField("text", lambda row: row.status),
    "tag": SearchField("tags", lambda row: row.tags),
}


@dataclass
class Row:
    id: int
    moment: datetime
    test: bool = False
    status: str = "open"
    tags: list[str] = field(default_factory=list)


ROWS = [
    Row(1, datetime(2026, 11, 1, 3, 59, 59, tzinfo=UTC)),  # 31 October in New York
    Row(2, datetime(2026, 11, 1, 4, 0, 0, tzinfo=UTC), test=True),
    Row(3, datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC), status="closed", tags=["VIP", "repeat"]),
    Row(4, datetime(2026, 11, 2, 4, 59, 59, tzinfo=UTC)),  # the last second of a day of 25 hours
    Row(5, datetime(2026, 11, 2, 5, 0, 0, tzinfo=UTC), status="cancelled"),
]


def matching(text: str | None) -> list[int]:
    search = parse(text, FIELDS, ZONE)
    assert not search.warnings
    return [row.id for row in ROWS if search.test(row)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, [1, 2, 3, 4, 5]),
        ("  ", [1, 2, 3, 4, 5]),
        ("updated_at:>='2026-11-01T04:00:00Z'", [2, 3, 4, 5]),
        ("updated_at:>'2026-11-01T04:00:00Z'", [3, 4, 5]),
        ('updated_at:<"2026-11-01T04:00:00Z"', [1]),
        ("updated_at:<=2026-11-01T04:00:00Z", [1, 2]),
        ("updated_at:2026-11-01T12:00:00Z", [3]),
        ("updated_at:>='2026-11-01T00:00:00-04:00' updated_at:<'2026-11-02T00:00:00-05:00'", [2, 3, 4]),
        ("updated_at:>=2026-11-01T04:00:00Z AND updated_at:<2026-11-01T12:00:00Z", [2]),
        ("updated_at:2026-11-01", [2, 3, 4]),
        ("updated_at:>2026-11-01", [5]),
        ("updated_at:2026-10-31..2026-11-01", [1, 2, 3, 4]),
        ("updated_at:<=2026", [1, 2, 3, 4, 5]),
        ("updated_at:<2026", []),
        ("changed_on:>='2026-11-01T23:00:00Z'", [2, 3, 4, 5]),
        ("changed_on:<'2026-11-01T23:00:00Z'", [1]),
        ("changed_on:>'2026-11-01T00:00:00-04:00'", [5]),
        ("id:>=3", [3, 4, 5]),
        ("id:3", [3]),
        ("id:>gid://shopify/Order/4", [5]),
        ("test:true", [2]),
        ("-test:true", [1, 3, 4, 5]),
        ("NOT test:true", [1, 3, 4, 5]),
        ("status:closed OR status:cancelled", [3, 5]),
        ("status:closed,cancelled", [3, 5]),
        ("(status:closed OR status:cancelled) id:<5", [3]),
        ("id:<3 OR status:closed id:3", [1, 2, 3]),
        ("tag:vip", [3]),
        ("tag:*", [3]),
        ("updated_at:>=2026-11-01T04:00:00Z -(status:closed OR test:true)", [4, 5]),
    ],
)
def test_terms(text: str | None, expected: list[int]) -> None:
    assert matching(text) == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [("mood:good", "mood"), ("updated_at:yesterday", "updated_at"), ("test:maybe", "test"), ("id:many", "id")],
)
def test_a_term_that_is_not_understood_is_ignored_with_a_warning(text: str, name: str) -> None:
    search = parse(f"{text} id:<3", FIELDS, ZONE)
    assert [warning["field"] for warning in search.warnings] == [name]
    assert [row.id for row in ROWS if search.test(row)] == [1, 2]
