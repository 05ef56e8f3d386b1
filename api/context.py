"""What one request carries: who asks, one snapshot to read from, and what is asked for in the same breath."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence, Set
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast
from uuid import UUID

import strawberry

from api.gathering import Answered, Gathering
from api.metering import Meter
from api.node import Node
from domain.connections.house import House
from domain.kpis.reads import find_entries, read_entries, remember
from domain.reading import Key, Read, once
from tenants.access.actor import Actor, ApiScope
from tenants.access.models import Organization
from tenants.access.reads import organizations_by_id
from tenants.errors import Denied, InvalidInput, NotFound, Refusal
from tenants.registry.profile import Profile, profile_of
from tenants.registry.service import refused
from tenants.scope import Scope
from tenants.snapshots import Snapshot
from tenants.sql import Row

P = ParamSpec("P")
T = TypeVar("T")
V = TypeVar("V")


@dataclass
class Reader:
    """One READ ONLY snapshot a request, used by one resolver at a time, widened tenant by tenant as it is admitted."""

    house: House
    actor: Actor
    now: datetime
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _snapshot: Snapshot | None = None
    _profiles: dict[UUID, Profile] = field(default_factory=dict)
    _known: set[UUID] = field(default_factory=set)
    _todays: dict[UUID, date] = field(default_factory=dict)
    _entries: dict[UUID, Sequence[Row]] = field(default_factory=dict)
    """By which grants the actor came to a tenant; of those found by what it may read, nobody had to ask."""
    _failure: Exception | None = None
    _closed: bool = False
    awaited: bool = False
    """Whether whoever asks waits for the answer, come what may."""

    async def read(
        self, work: Callable[Concatenate[Snapshot, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        async def alone() -> T:
            return await work(await self._open(), *args, **kwargs)

        return await self._in_turn(alone)

    async def _in_turn(self, alone: Callable[[], Awaitable[T]]) -> T:
        """Runs to its end even where its resolver is given up because a neighbor failed.

        A statement that is cancelled takes the connection with it, and the answers of all who share it.
        """

        async def work() -> T:
            async with self._lock:
                if self._failure is not None:
                    raise self._failure
                try:
                    return await alone()
                except (InvalidInput, NotFound, Denied):
                    raise
                except Exception as failure:
                    # Of the database, which tells whoever asks next only that something had failed before.
                    self._failure = failure
                    raise

        if self.awaited:
            return await work()
        return await asyncio.shield(asyncio.ensure_future(work()))

    async def enter_tenant(
        self, tenant_id: UUID, *, scope: ApiScope = ApiScope.READ_METRICS, field: tuple[str, ...] = ()
    ) -> Profile:
        """Raises NotFound, NoGrant, GrantEnded or ForbiddenScope."""
        refusals = await self.enter_tenants((tenant_id,), scope=scope, field=field)
        if refusals:
            raise refusals[tenant_id]
        return self._profiles[tenant_id]

    async def enter_tenants(
        self, tenant_ids: Collection[UUID], *, scope: ApiScope = ApiScope.READ_METRICS, field: tuple[str, ...] = ()
    ) -> dict[UUID, Refusal]:
        """All of them at once. Returns why some may not be entered; raises ForbiddenScope for the token itself."""
        return await self._in_turn(lambda: self._enter(tenant_ids, scope, field))

    async def enter_readable(self, tenant_ids: Sequence[UUID]) -> Mapping[UUID, Profile]:
        """All of them at once. They were found by what the actor may read, so nobody has to be admitted again."""
        return await self.read(self._enter_readable, tenant_ids)

    async def read_organizations(self, ids: Collection[UUID]) -> Mapping[UUID, Organization]:
        """Who those are that were met on a tenant, and of each only that."""

        async def work(snapshot: Snapshot) -> Mapping[UUID, Organization]:
            self._known.update(ids)
            await snapshot.know(self._known)
            found = await once(snapshot, organizations_by_id, [(each, each) for each in ids])
            return {id: found[id, id] for id in ids}

        return await self.read(work)

    @property
    def entered(self) -> Set[UUID]:
        """The tenants it was let into."""
        return self._profiles.keys()

    def profile(self, tenant_id: UUID) -> Profile:
        """Of a tenant that was entered."""
        return self._profiles[tenant_id]

    def today(self, tenant_id: UUID) -> date:
        """Of a tenant that was entered, on its own clock."""
        found = self._todays.get(tenant_id)
        if found is None:
            found = self._todays[tenant_id] = self._profiles[tenant_id].today(self.now)
        return found

    async def close(self) -> None:
        async with self._lock:
            self._closed = True
            await self._stack.aclose()

    async def _enter(
        self, tenant_ids: Collection[UUID], scope: ApiScope, field: tuple[str, ...]
    ) -> dict[UUID, Refusal]:
        self.actor.require(scope)
        strange = {tenant_id for tenant_id in tenant_ids if not self.actor.may_meet(tenant_id)}
        tenant_ids = [tenant_id for tenant_id in tenant_ids if tenant_id not in strange]
        found = {tenant_id: self._entries[tenant_id] for tenant_id in tenant_ids if tenant_id in self._entries}
        readable = self._profiles if scope is ApiScope.READ_METRICS else ()
        unasked = {tenant_id for tenant_id in tenant_ids if tenant_id not in found and tenant_id not in readable}
        refusals = await self._knock(unasked, scope, field) if unasked else {}
        for tenant_id, rows in found.items():
            refusal = refused(rows, scope=scope, now=self.now, field=field)
            if refusal is not None:
                refusals[tenant_id] = refusal
        return refusals | {tenant_id: NotFound(field=field) for tenant_id in strange}

    async def _knock(
        self, tenant_ids: Collection[UUID], scope: ApiScope, field: tuple[str, ...]
    ) -> dict[UUID, Refusal]:
        """Their guard is opened to ask who may come in, and shut before anybody else reads where it is not us."""
        snapshot = await self._open(tenant_ids)
        entries = await find_entries(snapshot, tenant_ids, organization_id=self.actor.organization_id)
        refusals: dict[UUID, Refusal] = {}
        for tenant_id in tenant_ids:
            rows = entries.get(tenant_id, [])
            refusal = refused(rows, scope=scope, now=self.now, field=field)
            if refusal is not None:
                refusals[tenant_id] = refusal
                continue
            remember(snapshot, rows)
            self._entries[tenant_id] = rows
            self._profiles[tenant_id] = profile_of(rows[0])
        if refusals.keys() - self._profiles.keys():
            await snapshot.turn_to(self._profiles)
        return refusals

    async def _enter_readable(self, snapshot: Snapshot, tenant_ids: Sequence[UUID]) -> Mapping[UUID, Profile]:
        new = [tenant_id for tenant_id in tenant_ids if tenant_id not in self._profiles]
        if new:
            await snapshot.turn_to({*self._profiles, *new})
            self._profiles.update({row["tenant_id"]: profile_of(row) for row in await read_entries(snapshot, new)})
        return self._profiles

    async def _open(self, tenant_ids: Collection[UUID] = ()) -> Snapshot:
        """From which also `tenant_ids` may be read."""
        if self._closed:
            # Whoever still asks belongs to a part of the answer that was given up; a connection opened for them now
            # would never be given back.
            raise asyncio.CancelledError
        wanted = {*self._profiles, *tenant_ids}
        if self._snapshot is None:
            scope = Scope(organization_id=self.actor.organization_id, readable=frozenset(wanted))
            self._snapshot = await self._stack.enter_async_context(self.house.database.reading(scope))
        elif len(wanted) > len(self._profiles):
            await self._snapshot.turn_to(wanted)
        return self._snapshot


class FetchNode(Protocol):
    """What `api.nodes` does. Handed in, because the areas need it and it needs the areas."""

    def __call__(self, context: "Context", gid: str, *, scope: ApiScope | None) -> Awaitable[Node]: ...


@dataclass
class Context:
    house: House
    actor: Actor
    request_id: str
    now: datetime
    reader: Reader
    fetch_node: FetchNode
    meter: Meter
    _entered: set[UUID] = field(default_factory=set)
    _gatherings: dict[object, Gathering] = field(default_factory=dict)

    @classmethod
    def of(
        cls, house: House, actor: Actor, request_id: str, *, fetch_node: FetchNode, meter: Meter | None = None
    ) -> "Context":
        """Without a meter nothing is charged."""
        now = house.clock.now()
        return cls(house, actor, request_id, now, Reader(house, actor, now), fetch_node, meter or Meter(actor))

    async def load(self, read: Read[V], keys: Sequence[Key]) -> list[V | None]:
        """What the read knows of each key."""
        if not keys:
            return []
        found = await self.reader.read(once, read, keys)
        return [found.get(key) for key in keys]

    async def load_one(self, read: Read[V], key: Key) -> V:
        """Read together with what others want of it in the same breath. Raises NotFound."""

        async def answer(wanted: list[Key]) -> list[V | None]:
            return await self.load(read, wanted)

        (found,) = await self.gathering(read, answer).ask([key])
        if found is None:
            raise NotFound
        return cast(V, found)

    async def load_all(self, read: Read[V], keys: Sequence[Key]) -> list[V]:
        """Of what is known to be there. Raises NotFound."""
        found = await self.load(read, keys)
        if any(each is None for each in found):
            raise NotFound
        return cast(list[V], found)

    async def load_lists(self, read: Read[list[V]], keys: Sequence[Key]) -> list[list[V]]:
        """The read's list for each key, empty where there is none."""
        return [found or [] for found in await self.load(read, keys)]

    async def gathered(
        self, whole: Callable[..., Awaitable[Sequence[Any]]], one: Any, arguments: dict[str, Any]
    ) -> Any:
        """The answer of a set-based field for one object; raises the exception that is its answer."""

        async def answer(objects: list[Any]) -> Sequence[Any]:
            return await whole(objects, self, **arguments)

        try:
            gathering = self.gathering((whole, *arguments.items()), answer)
        except TypeError:  # arguments that cannot be compared
            gathering = Gathering(answer)
        (found,) = await gathering.ask([one])
        if isinstance(found, Exception):
            raise found
        return found

    def gathering(self, name: object, answer: Answered) -> Gathering:
        """One a request for each name."""
        found = self._gatherings.get(name)
        if found is None:
            found = self._gatherings[name] = Gathering(answer)
        return found

    def waits_for_all(self, yes: bool) -> None:
        """A plan waits for all it has asked for; the stock executor gives up the neighbors of what failed."""
        self.reader.awaited = yes

    async def refresh(self) -> None:
        """After a change: what is read next is a new snapshot, and nothing batched before counts."""
        self._entered |= self.reader.entered
        await self.reader.close()
        self.reader = Reader(self.house, self.actor, self.now)
        self._gatherings.clear()

    @property
    def entered(self) -> Set[UUID]:
        """The tenants it was let into."""
        return self._entered | self.reader.entered

    @property
    def may_explore(self) -> bool:
        return self.actor.may_explore

    async def close(self) -> None:
        """Lets go of what was asked together, which knows us and would else be kept until the collector comes."""
        self._gatherings.clear()
        await self.reader.close()


class Info(strawberry.Info[Context, None]):
    pass
