"""What one request carries: who asks, one snapshot to read from, and what was batched."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.dataloader import DataLoader

from domain.connections.house import House
from tenants.access.actor import Actor, ApiScope
from tenants.database import enter
from tenants.registry.profile import Profile, get_profile, list_profiles
from tenants.registry.service import admit
from tenants.scope import Scope

Session = AsyncSession
P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Reader:
    """One READ ONLY snapshot a request, used by one resolver at a time, widened tenant by tenant as it is admitted."""

    house: House
    actor: Actor
    now: datetime
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _session: AsyncSession | None = None
    _profiles: dict[UUID, Profile] = field(default_factory=dict)
    _admitted: set[tuple[UUID, ApiScope]] = field(default_factory=set)
    _closed: bool = False

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """For what nobody cancels, as a loader's batch; a resolver reads by `read`."""
        async with self._lock:
            yield await self._open()

    async def read(
        self, work: Callable[Concatenate[AsyncSession, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Runs to its end even where its resolver is given up because a neighbor failed.

        A statement that is cancelled takes the connection with it, and the answers of all who share it.
        """

        async def alone() -> T:
            async with self.session() as session:
                return await work(session, *args, **kwargs)

        return await asyncio.shield(asyncio.ensure_future(alone()))

    async def enter_tenant(
        self, tenant_id: UUID, *, scope: ApiScope = ApiScope.READ_METRICS, field: tuple[str, ...] = ()
    ) -> Profile:
        """Raises NotFound, NoGrant, GrantEnded or ForbiddenScope."""
        return await self.read(self._enter, tenant_id, scope, field)

    async def enter_readable(self, tenant_ids: Sequence[UUID]) -> Mapping[UUID, Profile]:
        """All of them at once. They were found by what the actor may read, so nobody has to be admitted again."""
        return await self.read(self._enter_readable, tenant_ids)

    def profile(self, tenant_id: UUID) -> Profile:
        """Of a tenant that was entered."""
        return self._profiles[tenant_id]

    async def close(self) -> None:
        async with self._lock:
            self._closed = True
            await self._stack.aclose()

    async def _enter(self, session: AsyncSession, tenant_id: UUID, scope: ApiScope, field: tuple[str, ...]) -> Profile:
        if (tenant_id, scope) not in self._admitted:
            await admit(session, self.actor, tenant_id=tenant_id, scope=scope, now=self.now, field=field)
            self._admitted.add((tenant_id, scope))
        if tenant_id not in self._profiles:
            await enter(session, Scope(readable=frozenset({*self._profiles, tenant_id})))
            self._profiles[tenant_id] = await get_profile(session, tenant_id)
        return self._profiles[tenant_id]

    async def _enter_readable(self, session: AsyncSession, tenant_ids: Sequence[UUID]) -> Mapping[UUID, Profile]:
        self._admitted.update((tenant_id, ApiScope.READ_METRICS) for tenant_id in tenant_ids)
        new = [tenant_id for tenant_id in tenant_ids if tenant_id not in self._profiles]
        if new:
            await enter(session, Scope(readable=frozenset({*self._profiles, *new})))
            self._profiles.update(await list_profiles(session, tenant_ids=new))
        return self._profiles

    async def _open(self) -> AsyncSession:
        if self._closed:
            # Whoever still asks belongs to a part of the answer that was given up; a connection opened for them now
            # would never be given back.
            raise asyncio.CancelledError
        if self._session is None:
            scope = Scope(organization_id=self.actor.organization_id)
            self._session = await self._stack.enter_async_context(self.house.database.snapshot(scope))
        return self._session


@dataclass
class Context:
    house: House
    actor: Actor
    request_id: str
    now: datetime
    reader: Reader
    loaders: dict[object, DataLoader[Any, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, house: House, actor: Actor, request_id: str) -> "Context":
        now = house.clock.now()
        return cls(house, actor, request_id, now, Reader(house, actor, now))

    async def refresh(self) -> None:
        """After a change: what is read next is a new snapshot, and nothing batched before counts."""
        await self.reader.close()
        self.reader = Reader(self.house, self.actor, self.now)
        self.loaders.clear()

    async def close(self) -> None:
        await self.reader.close()


class Info(strawberry.Info[Context, None]):
    pass
