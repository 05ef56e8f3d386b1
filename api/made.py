"""What a mutation made, read back like any other node, so that a replayed answer shows the same."""

from typing import TypeVar

from api.context import Info
from api.nodes import fetch_node

N = TypeVar("N")


async def made(info: Info, subject: str | None, kind: type[N]) -> N | None:
    if subject is None:
        return None
    node = await fetch_node(info, subject)
    assert isinstance(node, kind)
    return node
