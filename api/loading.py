"""Batching within one request: keys asked for in the same breath become one set-based read a tenant."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from api.context import Context, Session

V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)
Key = tuple[UUID, UUID]
"""A tenant's id and the id of something of it."""


class Read(Protocol[V_co]):
    """A read of the heart: everything about many ids of one tenant at once."""

    def __call__(self, session: Session, *, tenant_id: UUID, ids: Sequence[UUID]) -> Awaitable[Mapping[UUID, V_co]]: ...


def load_each(context: Context, read: Read[V]) -> DataLoader[Key, V | None]:
    """The request's loader of this read; None where the read knows no such id."""

    async def batch(keys: list[Key]) -> list[V | None]:
        groups: dict[UUID, list[UUID]] = defaultdict(list)
        for tenant_id, id in keys:
            groups[tenant_id].append(id)
        async with context.reader.session() as session:
            found = {tenant_id: await read(session, tenant_id=tenant_id, ids=ids) for tenant_id, ids in groups.items()}
        return [found[tenant_id].get(id) for tenant_id, id in keys]

    return remember(context, read, batch)


async def load_list(context: Context, read: Read[list[V]], key: Key) -> list[V]:
    """The read's list for one key, batched with everybody else's; empty where there is none."""
    return await load_each(context, read).load(key) or []


def remember(
    context: Context, name: object, batch: Callable[[list[Any]], Awaitable[list[Any]]]
) -> DataLoader[Any, Any]:
    """One loader a request for each name."""
    found = context.loaders.get(name)
    if found is None:
        found = context.loaders[name] = DataLoader(load_fn=batch)
    return found
