"""Transactions. Writers get a unit of work that commits once, readers one read-only snapshot."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeVar

import asyncpg
import orjson
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import QueuePool
from sqlalchemy.util import await_only

from tenants.errors import Overloaded
from tenants.notices import Notices
from tenants.scope import Scope
from tenants.snapshots import IDLE_SECONDS, Snapshot, Snapshots
from tenants.telemetry.orm import listen
from tenants.telemetry.tally import sent, waited

Session = AsyncSession
Result = TypeVar("Result")

SNAPSHOT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
CONNECTION = {
    "application_name": "azimuth",
    "timezone": "UTC",
    "citus.propagate_set_commands": "local",
    "idle_in_transaction_session_timeout": "60000",
}

# What is read is asked over and over, and always by its index: planned anew for each asker it takes thrice as long.
# A nested loop asks the guard anew for each of its rows, and a guard with fifty tenants takes 20 us: two lists are
# joined by hashing. Where only a loop can do it, the server still takes one, but older ones then compile the statement.
READING = {"plan_cache_mode": "force_generic_plan", "enable_nestloop": "off", "jit": "off"}


class UnsafeRole(Exception):
    """The application would run as a role that row-level security does not bind."""


class DatabaseUnavailable(Exception):
    """The database cannot be reached, or refuses the sign-in. The message names no secret."""


@dataclass(frozen=True)
class Pool:
    """Connections at this moment; `waiting` counts who asked for one and has none yet."""

    name: str
    in_use: int
    idle: int
    waiting: int


class Database:
    def __init__(self, url: str, *, pool_size: int = 10, statement_timeout_seconds: float = 10.0) -> None:
        self.engine = _engine(url, pool_size)
        listen(self.engine)
        self._waiting = 0
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        timeout = str(int(statement_timeout_seconds * 1000))
        self._opening = text(f"SET LOCAL statement_timeout = {timeout}")
        self._snapshots = Snapshots(
            _driver_url(url), size=pool_size, settings={**CONNECTION, **READING, "statement_timeout": timeout}
        )
        self.notices = Notices(_driver_url(url))

    @asynccontextmanager
    async def unit_of_work(self, scope: Scope | None = None) -> AsyncIterator[AsyncSession]:
        """Commits once, at the end; any exception rolls all of it back."""
        async with alive(self._writing) as session:
            if scope is not None:
                await enter(session, scope)
            yield session

    @asynccontextmanager
    async def snapshot(self, scope: Scope | None = None) -> AsyncIterator[AsyncSession]:
        """Everything read inside is of one instant; a write inside is refused by the server."""
        async with alive(self._reading) as session:
            if scope is not None:
                await enter(session, scope)
            yield session

    def reading(self, scope: Scope) -> AbstractAsyncContextManager[Snapshot]:
        """A snapshot without the ORM on the way, on a connection that only reads."""
        return self._snapshots.open(scope)

    def pools(self) -> list[Pool]:
        pool, reads = self.engine.pool, self._snapshots
        assert isinstance(pool, QueuePool)
        return [
            Pool("work", pool.checkedout(), pool.checkedin(), self._waiting),
            Pool("answers", reads.in_use, reads.idle, reads.waiting),
        ]

    # The adapter begins with the first statement it is given. A SET of the scope sent before that would be
    # auto-committed into nothing, so a statement that is wanted anyway goes first.

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncSession]:
        async with self._sessions() as session, session.begin():
            await self._connect(session)
            await session.execute(self._opening)
            yield session
            began = perf_counter()
            await session.commit()
            sent("COMMIT", began)

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncSession]:
        async with self._sessions() as session:
            await self._connect(session, SNAPSHOT)
            await session.execute(self._opening)
            yield session

    async def _connect(self, session: AsyncSession, options: dict[str, Any] | None = None) -> None:
        began = perf_counter()
        self._waiting += 1
        try:
            await session.connection(execution_options=options)
        except PoolTimeout:
            raise Overloaded from None
        finally:
            self._waiting -= 1
            waited(began)

    async def close(self) -> None:
        await self.notices.close()
        await self._snapshots.close()
        await self.engine.dispose()


@asynccontextmanager
async def alive(opened: Callable[[], AbstractAsyncContextManager[AsyncSession]]) -> AsyncIterator[AsyncSession]:
    """Opens once more where the connection died while nobody used it, which shows at its first statement.

    To ask each connection whether it lives before it is used would cost every transaction three round trips. With the
    first dead one the pool lets go of all that are as old.
    """
    async with AsyncExitStack() as stack:
        try:
            session = await stack.enter_async_context(opened())
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            session = await stack.enter_async_context(opened())
        yield session


def wait_for(answer: Awaitable[Result]) -> Result:
    """For synchronous code that a session runs by `run_sync`: waits as `await` does, and blocks nobody else."""
    return await_only(answer)


async def driver_connection(session: AsyncSession) -> asyncpg.Connection:
    """asyncpg's own connection under an open transaction of `session`."""
    raw = await (await session.connection()).get_raw_connection()
    connection = raw.driver_connection
    assert isinstance(connection, asyncpg.Connection)
    if not connection.is_in_transaction():
        raise RuntimeError("the transaction has not begun yet: execute a statement on the session first")
    return connection


async def snapshot_within(session: AsyncSession) -> Snapshot:
    """For what a change must read: the same reads, within its transaction, of what it has written so far."""
    return Snapshot(await driver_connection(session))


async def enter(session: AsyncSession, scope: Scope) -> None:
    """Narrow the open transaction to `scope`.

    Sent by the simple protocol: prepared, each tenant would fill the statement cache with statements of its own.
    """
    connection = await driver_connection(session)
    for statement in scope.statements():
        await connection.execute(statement)


@asynccontextmanager
async def reachable() -> AsyncIterator[None]:
    """Raises DatabaseUnavailable where the first statements of a program fail."""
    try:
        yield
    except (OSError, TimeoutError) as error:
        raise DatabaseUnavailable(f"The database of DATABASE_URL cannot be reached: {error}") from error
    except (asyncpg.PostgresError, DBAPIError) as error:
        cause = getattr(error, "orig", None) or error
        raise DatabaseUnavailable(f"The database of DATABASE_URL refuses: {cause}".splitlines()[0]) from error


async def refuse_unsafe_role(session: AsyncSession) -> None:
    """Raises UnsafeRole for a superuser, a BYPASSRLS role or a member of the tables' owner."""
    row = (
        await session.execute(
            text(
                "SELECT r.rolname, r.rolsuper, r.rolbypassrls, coalesce(bool_or("
                "  pg_has_role(r.oid, c.relowner, 'MEMBER')), false) AS owns"
                " FROM pg_roles r LEFT JOIN pg_class c ON c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'"
                " WHERE r.rolname = current_user GROUP BY r.rolname, r.rolsuper, r.rolbypassrls"
            )
        )
    ).one()
    faults = [
        words
        for words, found in (
            ("is a superuser", row.rolsuper),
            ("has BYPASSRLS", row.rolbypassrls),
            ("is or belongs to the owner of the tables", row.owns and not row.rolsuper),
        )
        if found
    ]
    if faults:
        raise UnsafeRole(
            f"DATABASE_URL signs in as {row.rolname!r}, which {' and '.join(faults)}: row-level security would not "
            "bind it. Use the application role that `azimuth migrate --print-roles` creates."
        )


def _engine(url: str, pool_size: int) -> AsyncEngine:
    return create_async_engine(
        _asyncpg_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_recycle=IDLE_SECONDS,
        hide_parameters=True,  # bound values are addresses, hashes, sealed bytes: not for an error's text
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
        connect_args={"server_settings": CONNECTION},
    )


def _asyncpg_url(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return f"postgresql+asyncpg{separator}{rest}" if scheme in {"postgres", "postgresql"} else url


def _driver_url(url: str) -> str:
    return url.replace("postgresql+asyncpg:", "postgresql:", 1)


def _dumps(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


async def schema_revision(session: AsyncSession) -> str | None:
    """The migration the schema stands at; None where there is no schema yet."""
    if (await session.execute(text("SELECT to_regclass('public.alembic_version')"))).scalar_one() is None:
        return None
    revision: str | None = (await session.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    return revision
