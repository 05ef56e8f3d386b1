"""Connections as Relay has them: nodes, edges, and a cursor to go on from."""

import base64
import binascii
from collections.abc import Sequence
from typing import Generic, TypeVar
from uuid import UUID

import strawberry

from tenants.errors import InvalidInput

T = TypeVar("T")
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
    nodes: list[T]
    edges: list[Edge[T]]
    page_info: PageInfo


def page_size(first: int) -> int:
    if not 1 <= first <= MOST:
        code = "PAGE_TOO_LARGE" if first > MOST else None
        raise InvalidInput(f"`first` is a number from 1 to {MOST}.", field=("first",), code=code)
    return first


def cursor_of(id: UUID) -> str:
    return base64.urlsafe_b64encode(id.bytes).rstrip(b"=").decode()


def parse_cursor(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(bytes=base64.b64decode(cursor + "==", altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise _no_cursor() from None


def connection(nodes: Sequence[tuple[UUID, T]], *, first: int, after: str | None) -> Connection[T]:
    """`nodes` is one more than `first` where there is more to come."""
    page = nodes[:first]
    edges = [Edge(cursor=cursor_of(id), node=node) for id, node in page]
    return Connection(
        nodes=[edge.node for edge in edges],
        edges=edges,
        page_info=PageInfo(
            has_next_page=len(nodes) > first,
            has_previous_page=after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
    )


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
