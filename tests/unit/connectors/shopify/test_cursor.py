import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.shopify.cursor import BACKFILL, INCREMENT, Cursor, CursorUnknown, deeper, parse

INSTANTS = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
BACKFILLS = st.builds(
    Cursor,
    phase=st.just(BACKFILL),
    mark=st.none() | INSTANTS,
    after=st.none() | st.text(max_size=20),
    above=st.integers(0, 10**15),
    walked=st.integers(0, 25_000),
)
INCREMENTS = st.builds(
    Cursor,
    phase=st.just(INCREMENT),
    mark=INSTANTS,
    since=INSTANTS,
    upper=st.none() | INSTANTS,
    after=st.none() | st.text(max_size=20),
    above=st.none() | st.integers(0, 10**15),
    walked=st.integers(0, 25_000),
)


@given(BACKFILLS | INCREMENTS)
def test_a_cursor_survives_being_stored(cursor: Cursor) -> None:
    assert parse(json.loads(json.dumps(cursor.to_json()))) == cursor


GOOD = Cursor(INCREMENT, mark=datetime(2026, 11, 1, tzinfo=UTC), since=datetime(2026, 11, 1, tzinfo=UTC)).to_json()


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"phase": "backfill"},
        GOOD | {"v": 2},
        GOOD | {"phase": "sweep"},
        GOOD | {"since": None},
        GOOD | {"since": "yesterday"},
        GOOD | {"since": "2026-11-01T00:00:00"},
        GOOD | {"after": 7},
        GOOD | {"walked": "7"},
        GOOD | {"above": "7"},
        {name: value for name, value in GOOD.items() if name != "upper"},
    ],
)
def test_a_cursor_of_another_kind_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(CursorUnknown, match="not a cursor of this stream") as caught:
        parse(value)
    assert caught.value.code == "CURSOR_UNKNOWN"


def test_a_walk_by_id_starts_again_behind_the_last_one_before_the_end_shopify_sets() -> None:
    cursor = Cursor(BACKFILL, above=0, after="a", walked=24_700)
    ahead = deeper(cursor, after="b", count=100, last_id=9, depth=25_000, page_size=100)
    assert (ahead.after, ahead.walked, ahead.above) == ("b", 24_800, 0)
    again = deeper(ahead, after="c", count=101, last_id=17, depth=25_000, page_size=100)
    assert (again.after, again.walked, again.above) == (None, 0, 17)


def test_a_walk_by_time_changes_to_ids_since_many_may_share_one_moment() -> None:
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    cursor = Cursor(INCREMENT, mark=noon, since=noon, upper=noon + timedelta(hours=1), after="a", walked=24_950)
    again = deeper(cursor, after="b", count=50, last_id=17, depth=25_000, page_size=100)
    assert (again.after, again.walked, again.above) == (None, 0, 0)
    assert (again.since, again.upper, again.mark) == (cursor.since, cursor.upper, cursor.mark)
