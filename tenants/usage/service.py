"""Who asked for what, counted as it is answered and written down in batches.

A process that is killed loses the counts of its last seconds; whatever else happens to it, or to the database, loses
none: what could not be written waits for the next time.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import TextClause
from sqlalchemy.exc import DBAPIError, IntegrityError

from tenants.access.actor import Actor
from tenants.clock import Clock
from tenants.database import Database
from tenants.errors import Overloaded
from tenants.scope import Scope
from tenants.sql import statement

log = logging.getLogger(__name__)

FLUSH_SECONDS = 5.0
MOST_NAMES = 100
"""Of operations, for an app and a flush: there is no end to those it may make up."""
OTHERS = "(others)"
NOBODY = UUID(int=0)

ASKED = statement("""
INSERT INTO usage_minutes AS u
    (organization_id, app_id, minute, operation, requests, points, throttled, failed)
SELECT :organization_id!uuid, * FROM unnest(
    :app_ids!uuids, :minutes!instants, :operations!texts, :requests!bigints, :points!bigints, :throttled!bigints,
    :failed!bigints)
ON CONFLICT (organization_id, app_id, minute, operation) DO UPDATE SET
    requests = u.requests + excluded.requests, points = u.points + excluded.points,
    throttled = u.throttled + excluded.throttled, failed = u.failed + excluded.failed
""")
READS = statement("""
INSERT INTO read_minutes AS r
    (tenant_id, organization_id, app_id, person_id, minute, operation, requests, points)
SELECT :tenant_id!uuid, * FROM unnest(
    :organization_ids!uuids, :app_ids!uuids, :person_ids!uuids, :minutes!instants, :operations!texts,
    :requests!bigints, :points!bigints)
ON CONFLICT (tenant_id, minute, organization_id, app_id, person_id, operation) DO UPDATE SET
    requests = r.requests + excluded.requests, points = r.points + excluded.points
""")


class Asked(NamedTuple):
    """One operation. `failed` where any error was answered."""

    operation: str
    points: int
    throttled: bool = False
    failed: bool = False


Key = tuple[object, ...]
Counts = dict[Key, tuple[int, ...]]
"""By what stands in a row's key beside its owner."""


class Usage:
    """Of one process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._asked: dict[UUID, Counts] = {}
        self._reads: dict[UUID, Counts] = {}
        self._names: dict[UUID, set[str]] = {}

    def count(self, actor: Actor, asked: Asked, tenant_ids: Collection[UUID]) -> None:
        minute = self._clock.now().replace(second=0, microsecond=0)
        operation = self._name(actor.app_id, asked.operation)
        counts = (1, asked.points, int(asked.throttled), int(asked.failed))
        _add(self._asked, actor.organization_id, (actor.app_id, minute, operation), counts)
        reader = (actor.organization_id, actor.app_id, actor.person_id or NOBODY, minute, operation)
        for at, tenant_id in enumerate(tenant_ids):
            _add(self._reads, tenant_id, reader, (1, _share(asked.points, at, len(tenant_ids))))

    @asynccontextmanager
    async def written(self) -> AsyncIterator[None]:
        """While inside, and once more at the end."""
        ended = asyncio.Event()
        writing = asyncio.create_task(self._write(ended))
        try:
            yield
        finally:
            ended.set()
            await writing

    async def flush(self) -> None:
        asked, reads = self._asked, self._reads
        self._asked, self._reads, self._names = {}, {}, {}
        for organization_id in sorted(asked):
            scope = Scope(organization_id=organization_id)
            names = ("app_ids", "minutes", "operations", "requests", "points", "throttled", "failed")
            if not await self._keep(ASKED, scope, {"organization_id": organization_id}, names, asked[organization_id]):
                _merge(self._asked, organization_id, asked[organization_id])
        for tenant_id in sorted(reads):
            scope = Scope.of_tenant(tenant_id)
            names = ("organization_ids", "app_ids", "person_ids", "minutes", "operations", "requests", "points")
            if not await self._keep(READS, scope, {"tenant_id": tenant_id}, names, reads[tenant_id]):
                _merge(self._reads, tenant_id, reads[tenant_id])

    async def _write(self, ended: asyncio.Event) -> None:
        while not ended.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), FLUSH_SECONDS)
            await self.flush()

    async def _keep(
        self, into: TextClause, scope: Scope, owner: Mapping[str, UUID], names: Sequence[str], counts: Counts
    ) -> bool:
        """Whether it is done with: kept, or its owner is gone. In the order of keys, so that two processes that keep
        the same rows do not wait for each other."""
        rows = sorted((*key, *values) for key, values in counts.items())
        columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
        try:
            async with self._database.unit_of_work(scope) as session:
                await session.execute(into, {**owner, **columns})
        except IntegrityError:
            return True
        except (DBAPIError, OSError, Overloaded) as error:
            log.warning("usage waits to be written: %s", type(error).__name__)
            return False
        return True

    def _name(self, app_id: UUID, operation: str) -> str:
        known = self._names.setdefault(app_id, set())
        if operation not in known:
            if len(known) >= MOST_NAMES:
                return OTHERS
            known.add(operation)
        return operation


def _share(points: int, at: int, of: int) -> int:
    """Evenly, to the last point."""
    return points // of + (at < points % of)


def _add(counts: dict[UUID, Counts], owner: UUID, key: Key, values: tuple[int, ...]) -> None:
    known = counts.setdefault(owner, {})
    before = known.get(key)
    known[key] = values if before is None else tuple(map(sum, zip(before, values, strict=True)))


def _merge(counts: dict[UUID, Counts], owner: UUID, more: Counts) -> None:
    for key, values in more.items():
        _add(counts, owner, key, values)
