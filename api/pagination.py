"""Connections as Relay has them: nodes, edges, and a cursor to go on from."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar
from uuid import UUID

import strawberry

from api.context import Context
from domain.reading import Pages
from tenants.errors import InvalidInput


class Place(Protocol):
    """Where something stands in its list: an id, or whatever else says it."""

    @property
    def bytes(self) -> bytes: ...


class Identified(Protocol):
    @property
    def id(self) -> UUID: ...


T = TypeVar("T")
R = TypeVar("R", bound=Identified)
P = TypeVar("P")
MOST = 100


@strawberry.type
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Edge(Generic[T]):
    cursor: str
    node: T


@strawberry.type
class Connection(Generic[T]):
    page: strawberry.Private[Sequence[tuple[Place, T]]]
    goes_on: strawberry.Private[bool]
    is_continued: strawberry.Private[bool]

    @strawberry.field
    def nodes(self) -> list[T]:
        return [node for _, node in self.page]

    @strawberry.field
    def edges(self) -> list[Edge[T]]:
        return [Edge(cursor=cursor_of(place), node=node) for place, node in self.page]

    @strawberry.field
    def page_info(self) -> PageInfo:
        return PageInfo(
            has_next_page=self.goes_on,
            has_previous_page=self.is_continued,
            start_cursor=cursor_of(self.page[0][0]) if self.page else None,
            end_cursor=cursor_of(self.page[-1][0]) if self.page else None,
        )


def page_size(first: int) -> int:
    """None at all is a page, too: Relay's specification refuses what is negative alone."""
    if not 0 <= first <= MOST:
        code = "PAGE_TOO_LARGE" if first > MOST else None
        raise InvalidInput(f"`first` is a number from 0 to {MOST}.", field=("first",), code=code)
    return first


def cursor_of(place: Place) -> str:
    return base64.urlsafe_b64encode(place.bytes).rstrip(b"=").decode()


def parse_cursor(cursor: str | None) -> UUID | None:
    return None if cursor is None else read_place(cursor, lambda raw: UUID(bytes=raw))


def read_place(cursor: str, parse: Callable[[bytes], P]) -> P:
    """Raises InvalidInput for what is no cursor of this list."""
    try:
        return parse(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ArithmeticError, TypeError, ValueError, binascii.Error):
        raise _no_cursor() from None


def connection(nodes: Sequence[tuple[Place, T]], *, first: int, after: str | None) -> Connection[T]:
    """`nodes` is one more than `first` where there is more to come."""
    return Connection(page=nodes[:first], goes_on=len(nodes) > first, is_continued=after is not None)


async def pages_of(
    context: Context,
    read: Pages[R],
    owners: Sequence[UUID],
    of: Callable[[R], T],
    *,
    first: int,
    after: str | None,
) -> list[Connection[T]]:
    """A page of each owner's, in one read."""
    found = await context.reader.read(read, owners, after=parse_cursor(after), limit=page_size(first) + 1)
    return [
        connection([(row.id, of(row)) for row in found.get(owner, ())], first=first, after=after) for owner in owners
    ]


def slice_of(nodes: Sequence[tuple[UUID, T]], *, first: int, after: str | None) -> Connection[T]:
    """A page of a list that is small, already in memory, and in the order of its ids.

    It goes on after where the cursor's thing stands or stood: what was taken away meanwhile ends no walk.
    """
    wanted = parse_cursor(after)
    rest = nodes if wanted is None else [node for node in nodes if node[0] > wanted]
    return connection(rest[: page_size(first) + 1], first=first, after=after)


def slice_of_fixed(nodes: Sequence[tuple[UUID, T]], *, first: int, after: str | None) -> Connection[T]:
    """A page of a list from which nothing is ever taken away, in an order of its own."""
    wanted, places = parse_cursor(after), [id for id, _ in nodes]
    if wanted is not None and wanted not in places:
        raise _no_cursor()
    start = 0 if wanted is None else places.index(wanted) + 1
    return connection(nodes[start : start + page_size(first) + 1], first=first, after=after)


def _no_cursor() -> InvalidInput:
    return InvalidInput("This is not a cursor of ours.", field=("after",), code="INVALID_CURSOR")
