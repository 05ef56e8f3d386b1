"""What one request carries: who asks, one snapshot to read from, and what was batched."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.dataloader import DataLoader

from domain.connections.house import House
from tenants.access.actor import Actor, ApiScope
from tenants.database import enter
from tenants.registry.profile import Profile, get_profile
from tenants.registry.service import admit
from tenants.scope import Scope

Session = AsyncSession


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

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        async with self._lock:
            yield await self._open()

    async def enter_tenant(
        self, tenant_id: UUID, *, scope: ApiScope = ApiScope.READ_METRICS, field: tuple[str, ...] = ()
    ) -> Profile:
        """Raises NotFound, NoGrant, GrantEnded or ForbiddenScope."""
        async with self.session() as session:
            if (tenant_id, scope) not in self._admitted:
                await admit(session, self.actor, tenant_id=tenant_id, scope=scope, now=self.now, field=field)
                self._admitted.add((tenant_id, scope))
            if tenant_id not in self._profiles:
                await enter(session, Scope(readable=frozenset({*self._profiles, tenant_id})))
                self._profiles[tenant_id] = await get_profile(session, tenant_id)
            return self._profiles[tenant_id]

    def profile(self, tenant_id: UUID) -> Profile:
        """Of a tenant that was entered."""
        return self._profiles[tenant_id]

    async def close(self) -> None:
        async with self._lock:
            await self._stack.aclose()
            self._session = None
            self._profiles.clear()
            self._admitted.clear()

    async def _open(self) -> AsyncSession:
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
        self.loaders.clear()

    async def close(self) -> None:
        await self.reader.close()


class Info(strawberry.Info[Context, None]):
    pass
