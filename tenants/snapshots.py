"""Read-only snapshots on connections of their own, straight through the driver: the way of every answer."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import Context
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, NoReturn, cast
from uuid import UUID

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from tenants.errors import Overloaded, TooSlow
from tenants.scope import Scope, known, people, person, readable
from tenants.sql import Driver, Query, Row
from tenants.telemetry.tally import sent, waited

log = logging.getLogger(__name__)

BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
PATIENCE_SECONDS = 10.0
REST_SECONDS = 0.05
"""How long an instant that nobody reads any more is held at most, which keeps the server from clearing up behind it."""
MOST_TURNS = 1000
# What a backend keeps it keeps for life, and to make another one costs as much as a hundred answers.
MOST_STATEMENTS = 1_000_000
# Firewalls forget connections that are idle for long, and tell neither end.
IDLE_SECONDS = 1800
DEAD = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    OSError,
)


class SnapshotEnded(RuntimeError):
    """Somebody reads on by a snapshot that was let go of: its connection may be another's by now."""


class Ended:
    """In a connection's place. What is asked of it fails."""

    def __getattr__(self, name: str) -> NoReturn:
        raise SnapshotEnded


ENDED = cast(Driver, Ended())


@dataclass(slots=True)
class Snapshot:
    """All that is read by it is of one instant. One statement at a time; a write is refused by the server."""

    connection: Driver
    known: dict[Any, Any] = field(default_factory=dict, kw_only=True)
    """What was read already and stays as it is, for whoever needs it again."""
    turned_to: Collection[UUID] = field(default=(), kw_only=True)
    """Tenants."""

    async def fetch(self, query: Query, **values: Any) -> list[Row]:
        """Raises TooSlow."""
        try:
            return await query.fetch(self.connection, **values)
        except asyncpg.QueryCanceledError:
            log.warning("a statement took too long", extra={"statement": query.name})
            raise TooSlow from None

    async def fetch_one(self, query: Query, **values: Any) -> Row | None:
        rows = await self.fetch(query, **values)
        return rows[0] if rows else None

    async def turn_to(self, tenant_ids: Iterable[UUID]) -> None:
        """From now on exactly these may be read.

        Sent by the simple protocol: prepared, each tenant would fill the statement cache with its own.
        """
        self.turned_to = tuple(tenant_ids)
        await self._told(readable(self.turned_to))

    @asynccontextmanager
    async def narrowed(self, tenant_ids: Collection[UUID]) -> AsyncIterator[None]:
        """Some of those that may be read, and nobody else meanwhile: the guard reads its whole list at every look into
        a table, so to read of many tenants at once costs their square."""
        before = self.turned_to
        assert {*tenant_ids} <= {*before}, "only some of those that may be read already"
        await self.turn_to(tenant_ids)
        yield
        await self.turn_to(before)

    async def know(self, organization_ids: Iterable[UUID]) -> None:
        """From now on it may be read who exactly these are."""
        await self._told(known(organization_ids))

    async def meet(self, person_ids: Iterable[UUID]) -> None:
        """From now on it may be read by which address exactly these sign in."""
        await self._told(people(person_ids))

    async def act_for(self, person_id: UUID) -> None:
        """From now on what is this person's own may be read."""
        await self._told(person(person_id))

    async def _told(self, statement: str) -> None:
        began = perf_counter()
        await self.connection.execute(statement)
        sent("SET LOCAL", began)


@dataclass(eq=False, slots=True)
class Seat:
    """A connection, and after its first turn a transaction whose end is still to come."""

    connection: PoolConnectionProxy
    turns: int = 0
    end: asyncio.TimerHandle | None = None


class Snapshots:
    """A pool that opens when it is first asked.

    An answer waits for nothing as long as for its trips to the database. So a transaction ends in the same trip in
    which the next one begins; where nobody comes so soon, it ends by itself.
    """

    def __init__(self, url: str, *, size: int, settings: dict[str, str]) -> None:
        self._address = url
        self._size = size
        self._settings = settings
        self._opening = asyncio.Lock()
        self._opened: asyncpg.Pool | None = None
        self._free = asyncio.Semaphore(size)
        self._resting: list[Seat] = []
        self._ending: set[asyncio.Task[None]] = set()
        self._closing = False
        self.waiting = 0
        self.in_use = 0

    @property
    def idle(self) -> int:
        opened = 0 if self._opened is None else self._opened.get_size()
        return max(0, opened - self.in_use - len(self._ending))

    @asynccontextmanager
    async def open(self, scope: Scope) -> AsyncIterator[Snapshot]:
        await self._wait()
        try:
            pool = self._opened or await self._open()
            seat = await self._begin(pool, scope)
            self.in_use += 1
            snapshot = Snapshot(seat.connection, turned_to=scope.readable)
            try:
                yield snapshot
            except BaseException:
                # A statement may still be under way: nobody else shall wait for its end.
                self._give_back(pool, seat)
                raise
            else:
                self._rest(pool, seat)
            finally:
                snapshot.connection = ENDED
                self.in_use -= 1
        finally:
            self._free.release()

    async def close(self) -> None:
        self._closing = True
        if self._opened is not None:
            while self._resting:
                self._give_back(self._opened, self._rested())
            await self._opened.close()

    async def _open(self) -> asyncpg.Pool:
        async with self._opening:
            if self._opened is None:
                self._opened = await asyncpg.create_pool(
                    self._address,
                    min_size=0,
                    max_size=self._size,
                    server_settings=self._settings,
                    init=_prepare,
                    reset=_leave_as_it_is,
                    max_queries=MOST_STATEMENTS,
                    max_inactive_connection_lifetime=IDLE_SECONDS,
                    max_cached_statement_lifetime=0,  # for life: by default every plan is made anew every five minutes
                )
            return self._opened

    async def _wait(self) -> None:
        """For a turn, of which there are as many as connections."""
        if self._free.locked():
            with self._patience():
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._free.acquire()
        else:
            await self._free.acquire()

    async def _begin(self, pool: asyncpg.Pool, scope: Scope) -> Seat:
        """The scope goes along with the beginning, for there is nothing to be learned between them.

        A connection that died while nobody used it shows at its first statement; then another one is tried.
        """
        beginning = ";".join((BEGIN, *scope.statements()))
        tries = self._size + 1
        while True:
            seat = await self._take(pool)
            began = perf_counter()
            try:
                await seat.connection.execute(f"ROLLBACK;{beginning}" if seat.turns else beginning)
            except BaseException as error:
                # Nothing but its connection can be wrong with it.
                if isinstance(error, DEAD) and not _is_gone(seat.connection):
                    seat.connection.terminate()
                self._give_back(pool, seat)
                tries -= 1
                if not isinstance(error, DEAD) or not tries:
                    raise
            else:
                sent("BEGIN", began)
                return seat

    async def _take(self, pool: asyncpg.Pool) -> Seat:
        if self._resting:
            return self._rested()
        with self._patience():
            return Seat(await pool.acquire(timeout=PATIENCE_SECONDS))

    @contextmanager
    def _patience(self) -> Iterator[None]:
        """Raises Overloaded where it comes to its end."""
        began = perf_counter()
        self.waiting += 1
        try:
            yield
        except TimeoutError:
            raise Overloaded from None
        finally:
            self.waiting -= 1
            waited(began)

    def _rested(self) -> Seat:
        """The one that was used last: those that nobody needs come to their end."""
        seat = self._resting.pop()
        assert seat.end is not None
        seat.end.cancel()
        return seat

    def _rest(self, pool: asyncpg.Pool, seat: Seat) -> None:
        """Now and then it is given back though others wait for it: only the pool replaces what has grown old."""
        seat.turns += 1
        if self._closing or seat.turns >= MOST_TURNS or _is_gone(seat.connection):
            self._give_back(pool, seat)
            return

        def end() -> None:
            self._resting.remove(seat)
            self._give_back(pool, seat)

        # In a context of its own: it is no part of the work that is done here.
        seat.end = asyncio.get_running_loop().call_later(REST_SECONDS, end, context=Context())
        self._resting.append(seat)

    def _give_back(self, pool: asyncpg.Pool, seat: Seat) -> None:
        task = asyncio.ensure_future(_end(pool, seat.connection))
        self._ending.add(task)  # the loop itself would let go of it
        task.add_done_callback(self._ending.discard)


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=orjson.dumps, decoder=orjson.loads)


async def _end(pool: asyncpg.Pool, connection: PoolConnectionProxy) -> None:
    try:
        if not _is_gone(connection):
            await connection.execute("ROLLBACK")
    except DEAD:
        if not _is_gone(connection):
            connection.terminate()
    finally:
        await pool.release(connection)


def _is_gone(connection: PoolConnectionProxy) -> bool:
    """A connection that is cut off in use goes back to the pool by itself, and then nothing may be asked of it."""
    try:
        gone: bool = connection.is_closed()
    except asyncpg.InterfaceError:
        return True
    return gone


async def _leave_as_it_is(_: Driver) -> None:
    """All that a snapshot leaves is its transaction: the driver's own reset would be a round trip for nothing."""
