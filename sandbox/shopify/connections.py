"""Cursor pagination over an index."""

import base64
import binascii
import json
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from graphql import GraphQLError

from sandbox.shopify.index import Entry, Index
from sandbox.shopify.search import Test

PAGE_LIMIT = 250


@dataclass(frozen=True, slots=True)
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@dataclass(frozen=True, slots=True)
class Edge:
    cursor: str
    node: Any


class Connection:
    """Cursors are spelled only when asked for: most inner connections are read for their nodes alone."""

    __slots__ = ("entries", "has_next", "has_previous", "nodes")

    def __init__(self, entries: Sequence[Entry], nodes: Sequence[Any], *, has_next: bool, has_previous: bool) -> None:
        self.entries = entries
        self.nodes = nodes
        self.has_next = has_next
        self.has_previous = has_previous

    @property
    def edges(self) -> list[Edge]:
        return [Edge(encode_cursor(*entry), node) for entry, node in zip(self.entries, self.nodes, strict=True)]

    @property
    def page_info(self) -> PageInfo:
        ends = (self.entries[0], self.entries[-1]) if self.entries else ()
        start, end = (encode_cursor(*entry) for entry in ends) if ends else (None, None)
        return PageInfo(self.has_next, self.has_previous, start, end)


@dataclass(frozen=True, slots=True)
class Window:
    """The paging arguments every connection of the schema takes."""

    first: int | None = None
    last: int | None = None
    after: str | None = None
    before: str | None = None
    reverse: bool = False

    @property
    def size(self) -> int:
        return (self.first if self.first is not None else self.last) or 0

    def check(self) -> None:
        if self.first is not None and self.last is not None:
            raise GraphQLError("providing both first and last is not supported", extensions={"code": "BAD_REQUEST"})
        if self.first is None and self.last is None:
            raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
        name, size = ("first", self.first) if self.first is not None else ("last", self.last)
        if not 0 < (size or 0) <= PAGE_LIMIT:
            message = f"{name} must be between 1 and {PAGE_LIMIT}, and {size} is not"
            raise GraphQLError(message, extensions={"code": "BAD_REQUEST"})


def encode_cursor(value: Any, identity: int) -> str:
    text = value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value
    raw = json.dumps({"last_id": identity, "last_value": text}, separators=(",", ":"))
    return base64.b64encode(raw.encode()).decode()


def decode_cursor(cursor: str, sample: Any) -> Entry:
    """`sample` is any value of the sort key: a cursor of another key is refused instead of compared."""
    try:
        content = json.loads(base64.b64decode(cursor, validate=True))
        identity, value = content["last_id"], content["last_value"]
        if isinstance(sample, datetime):
            value = datetime.fromisoformat(value).replace(tzinfo=UTC)
        if not isinstance(identity, int) or not isinstance(value, type(sample)):
            raise TypeError
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise GraphQLError(f"Invalid cursor for current pagination sort: {cursor}.") from None
    return value, identity


def bounds(entries: Sequence[Entry], window: Window) -> tuple[int, int]:
    """Positions start..stop left by `after` and `before`, in ascending order whatever the direction."""
    after, before = (window.before, window.after) if window.reverse else (window.after, window.before)
    start, stop = 0, len(entries)
    if entries:
        start = bisect_right(entries, decode_cursor(after, entries[0][0])) if after else start
        stop = bisect_left(entries, decode_cursor(before, entries[0][0])) if before else stop
    return start, stop


def page(index: Index[Any], sort_key: str, window: Window, visible: Test, *, depth_limit: int) -> Connection:
    """One page of the records that pass `visible`; beyond `depth_limit` matches there is nothing to page to."""
    window.check()
    entries = index.ordered(sort_key)
    start, stop = bounds(entries, window)
    records = index.records
    if window.after and len(entries) > depth_limit:
        refuse_depth(entries, (start, stop), window, visible, records, depth_limit)
    backwards = window.reverse != (window.last is not None)
    positions = range(stop - 1, start - 1, -1) if backwards else range(start, stop)
    matches = (entries[position] for position in positions if visible(records[entries[position][1]]))
    found = list(islice(matches, window.size))
    more = next(matches, None) is not None
    if window.last is not None:
        found.reverse()
    nodes = [records[identity] for _, identity in found]
    if window.last is not None:
        return Connection(found, nodes, has_next=bool(window.before), has_previous=more)
    return Connection(found, nodes, has_next=more, has_previous=bool(window.after))


def refuse_depth(
    entries: Sequence[Entry], span: tuple[int, int], window: Window, visible: Test, records: dict[int, Any], limit: int
) -> None:
    passed = range(span[1], len(entries)) if window.reverse else range(span[0])
    if sum(visible(records[entries[position][1]]) for position in passed) >= limit:
        message = f"Pagination is limited to {limit} objects. Narrow the query with a filter."
        raise GraphQLError(message, extensions={"code": "BAD_REQUEST"})


def list_connection(items: Sequence[Any], window: Window) -> Connection:
    """The same over a short list, in the order it has."""
    window.check()
    ordered = list(reversed(items)) if window.reverse else list(items)
    places = {item.id: place for place, item in enumerate(ordered)}
    start = place_of(places, window.after) + 1 if window.after else 0
    stop = place_of(places, window.before) if window.before else len(ordered)
    if window.last is None:
        stop = min(stop, start + window.size)
    else:
        start = max(start, stop - window.size)
    nodes = ordered[start:stop]
    entries = [(item.id, item.id) for item in nodes]
    return Connection(entries, nodes, has_next=stop < len(ordered), has_previous=start > 0)


def place_of(places: dict[int, int], cursor: str) -> int:
    identity = decode_cursor(cursor, 0)[1]
    if identity not in places:
        raise GraphQLError(f"Invalid cursor for current pagination sort: {cursor}.")
    return places[identity]
