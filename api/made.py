"""What a mutation made, read back like any other node, so that a replayed answer shows the same."""

from typing import TypeVar

from api.context import Info
from api.mutation import Subject
from api.own import is_own

N = TypeVar("N")


async def made(info: Info, subject: Subject | None, kind: type[N]) -> N | None:
    """Its own fields need no scope but the one it was made by."""
    if subject is None:
        return None
    node = await info.context.fetch_node(info.context, subject.gid, scope=subject.scope if is_own(info) else None)
    assert isinstance(node, kind)
    return node
