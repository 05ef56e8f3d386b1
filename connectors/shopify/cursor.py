"""Where a stream stands between two pages."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from domain.ports.errors import ProviderError

BACKFILL = "backfill"
INCREMENT = "increment"
VERSION = 1


class CursorUnknown(ProviderError):
    """A cursor this stream did not make; the stream must be opened anew."""

    code = "CURSOR_UNKNOWN"


@dataclass(frozen=True, slots=True)
class Cursor:
    """A pass is a walk over all records (backfill) or over those changed since `since` (increment).

    `mark`: what the next increment starts from, the newest version seen so far. A backfill fixes it before its first
    page, because whatever changes while it walks is the increment's to find.
    `upper`: end of an increment's window, fixed at its first page.
    `after`: Shopify's own cursor. `above`: walk by id, only ids greater than this. `walked`: records since the last
    restart, because Shopify ends a walk at a depth of its choosing.
    """

    phase: str
    mark: datetime | None = None
    since: datetime | None = None
    upper: datetime | None = None
    after: str | None = None
    above: int | None = None
    walked: int = 0

    @property
    def at_start(self) -> bool:
        """Nothing of this pass has been read."""
        return self.after is None and self.walked == 0 and not self.above

    def next_increment(self) -> "Cursor":
        return Cursor(phase=INCREMENT, since=self.mark, mark=self.mark)

    def to_json(self) -> dict[str, Any]:
        instants = {name: getattr(self, name) for name in ("mark", "since", "upper")}
        rest = {"phase": self.phase, "after": self.after, "above": self.above, "walked": self.walked}
        return {"v": VERSION, **rest, **{name: at and at.isoformat() for name, at in instants.items()}}


def parse(value: Mapping[str, Any]) -> Cursor:
    try:
        return _parse(value)
    except (KeyError, TypeError, ValueError) as error:
        raise CursorUnknown(f"not a cursor of this stream: {error}") from None


def _parse(value: Mapping[str, Any]) -> Cursor:
    if value["v"] != VERSION:
        raise ValueError(f"version {value['v']!r}")
    if value["phase"] not in (BACKFILL, INCREMENT):
        raise ValueError(f"phase {value['phase']!r}")
    after, above, walked = value["after"], value["above"], value["walked"]
    if not (isinstance(after, str | None) and isinstance(above, int | None) and isinstance(walked, int)):
        raise TypeError("after, above or walked")
    mark, since, upper = (_instant(value[name]) for name in ("mark", "since", "upper"))
    if value["phase"] == INCREMENT and (since is None or mark is None):
        raise ValueError("an increment since when")
    return Cursor(value["phase"], mark, since, upper, after, above, walked)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("a time without an offset")
    return instant.astimezone(UTC)


def deeper(cursor: Cursor, *, after: str, count: int, last_id: int, depth: int, page_size: int) -> Cursor:
    """The cursor behind a page that is not the last.

    Near the depth limit the walk starts again behind `last_id`; a walk by time changes to ids first, from the
    beginning, since any number of records may share one moment but none share an id.
    """
    walked = cursor.walked + count
    if walked + page_size <= depth:
        return replace(cursor, after=after, walked=walked)
    above = last_id if cursor.above is not None else 0
    return replace(cursor, after=None, above=above, walked=0)
