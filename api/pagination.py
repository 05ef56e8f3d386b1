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
        raise InvalidInput(f"`first` is a number from 1 to {MOST}.", field=("first",), code="PAGE_TOO_LARGE")
    return first


def cursor_of(id: UUID) -> str:
    return base64.urlsafe_b64encode(id.bytes).rstrip(b"=").decode()


def parse_cursor(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(bytes=base64.b64decode(cursor + "==", altchars=b"-_", validate=False))
    except (ValueError, binascii.Error):
        raise InvalidInput("This is not a cursor of ours.", field=("after",), code="INVALID_CURSOR") from None


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
    """A page of a list that is small and already in memory, in its own order."""
    start = 0
    wanted = parse_cursor(after)
    if wanted is not None:
        start = next((index + 1 for index, (id, _) in enumerate(nodes) if id == wanted), len(nodes))
    return connection(nodes[start : start + page_size(first) + 1], first=first, after=after)
