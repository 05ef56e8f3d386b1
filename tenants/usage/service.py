"""Who asked for what, counted as it is answered and written down in batches.

A process that is killed loses the counts of its last seconds; whatever else happens to it, or to the database, loses
none: what could not be written waits for the next time.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import TextClause
from sqlalchemy.exc import IntegrityError

from tenants.access.actor import Actor
from tenants.clock import Clock
from tenants.database import Database, enter
from tenants.scope import Scope
from tenants.sql import statement

log = logging.getLogger(__name__)

FLUSH_SECONDS = 10.0
MOST_NAMES = 100
"""Of operations, for an app and a day in one process: there is no end to those it may make up."""
OTHERS = "(others)"
NOBODY = UUID(int=0)

COUNT_ASKED = statement("""
INSERT INTO usage_minutes AS u
    (organization_id, app_id, minute, operation, requests, points, throttled, failed)
SELECT :organization_id!uuid, * FROM unnest(
    :app_ids!uuids, :minutes!instants, :operations!texts, :requests!bigints, :points!bigints, :throttled!bigints,
    :failed!bigints)
ON CONFLICT (organization_id, app_id, minute, operation) DO UPDATE SET
    requests = u.requests + excluded.requests, points = u.points + excluded.points,
    throttled = u.throttled + excluded.throttled, failed = u.failed + excluded.failed
""")
COUNT_READS = statement("""
INSERT INTO read_minutes AS r
    (tenant_id, organization_id, app_id, person_id, minute, operation, requests, points)
SELECT :tenant_id!uuid, * FROM unnest(
    :organization_ids!uuids, :app_ids!uuids, :person_ids!uuids, :minutes!instants, :operations!texts,
    :requests!bigints, :points!bigints)
ON CONFLICT (tenant_id, minute, organization_id, app_id, person_id, operation) DO UPDATE SET
    requests = r.requests + excluded.requests, points = r.points + excluded.points
""")


class Written(NamedTuple):
    """Where counts go: `columns` are the parameters for what stands in a key and its counts, in that order."""

    statement: TextClause
    owner: str
    columns: tuple[str, ...]
    scope: Callable[[UUID], Scope]


ASKED = Written(
    COUNT_ASKED,
    "organization_id",
    ("app_ids", "minutes", "operations", "requests", "points", "throttled", "failed"),
    lambda owner: Scope(organization_id=owner),
)
READS = Written(
    COUNT_READS,
    "tenant_id",
    ("organization_ids", "app_ids", "person_ids", "minutes", "operations", "requests", "points"),
    Scope.of_tenant,
)


class Asked(NamedTuple):
    """One operation. `failed` where any error was answered."""

    operation: str
    points: int
    throttled: bool = False
    failed: bool = False


Key = tuple[object, ...]
Counts = dict[Key, tuple[int, ...]]
"""By what stands in a row's key beside its owner."""


class Batch(NamedTuple):
    """What was counted for one owner since it was written last."""

    written: Written
    owner: UUID
    counts: Counts


class Usage:
    """Of one process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._asked: dict[UUID, Counts] = {}
        self._reads: dict[UUID, Counts] = {}
        self._day: date | None = None
        self._names: dict[UUID, set[str]] = {}
        self._late: set[UUID] = set()
        """Owners whose counts could not be written: they come last and alone, and keep nobody waiting twice."""

    def count(self, actor: Actor, asked: Asked, tenant_ids: Collection[UUID]) -> None:
        minute = self._clock.now().replace(second=0, microsecond=0)
        operation = self._name(actor.app_id, asked.operation, minute.date())
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
        """What cannot be written waits, and all that would come after it."""
        asked, self._asked = self._asked, {}
        reads, self._reads = self._reads, {}
        # In one order, so that two processes that keep the same rows do not wait for each other.
        batches = [Batch(ASKED, owner, asked[owner]) for owner in sorted(asked)]
        batches += [Batch(READS, owner, reads[owner]) for owner in sorted(reads)]
        prompt = [each for each in batches if each.owner not in self._late]
        waiting = [each for each in batches if each.owner in self._late]
        if not await self._keep(prompt):
            waiting = [*prompt, *waiting]
        while waiting and await self._keep(waiting[:1]):
            self._late.discard(waiting.pop(0).owner)
        if waiting:
            self._late.add(waiting[0].owner)
        for written, owner, counts in waiting:
            _merge(self._asked if written is ASKED else self._reads, owner, counts)

    async def _write(self, ended: asyncio.Event) -> None:
        while not ended.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), FLUSH_SECONDS)
            await self.flush()
        await self.flush()  # what was counted while the last one was under way

    async def _keep(self, batches: Sequence[Batch]) -> bool:
        """Whether all is done with: kept, or its only owner is gone."""
        if not batches:
            return True
        try:
            async with self._database.unit_of_work() as session:
                for written, owner, counts in batches:
                    await enter(session, written.scope(owner))
                    await session.execute(written.statement, {written.owner: owner, **_columns(written, counts)})
        except IntegrityError:
            return len(batches) == 1
        except Exception as error:  # whatever it is: who counts must not end, and loses nothing
            log.warning("usage waits to be written: %s", type(error).__name__)
            return False
        return True

    def _name(self, app_id: UUID, operation: str, day: date) -> str:
        if self._day != day:
            self._day, self._names = day, {}
        known = self._names.setdefault(app_id, set())
        if operation not in known:
            if len(known) >= MOST_NAMES:
                return OTHERS
            known.add(operation)
        return operation


def _columns(written: Written, counts: Counts) -> dict[str, list[object]]:
    """In the order of keys, as owners are in theirs."""
    rows = sorted((*key, *values) for key, values in counts.items())
    return dict(zip(written.columns, map(list, zip(*rows, strict=True)), strict=True))


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
