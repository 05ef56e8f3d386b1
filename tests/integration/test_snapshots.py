"""Snapshots leave nothing behind: not what they wrote, not a dead connection, not one that hangs in a transaction."""

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import pytest

from tenants import snapshots
from tenants.embedded import DatabaseUrls
from tenants.errors import Overloaded
from tenants.ids import new_id
from tenants.postgres.postmaster import SUPERUSER
from tenants.postgres.server import EmbeddedServer
from tenants.scope import Scope
from tenants.snapshots import DEAD, Snapshot, SnapshotEnded, Snapshots
from tenants.sql import Row, query

NOBODY = Scope()


BACKEND = "SELECT pg_backend_pid() AS pid"
INSTANT = "SELECT now() AS at"
ENTERED = "SELECT app.tenant_ids() AS tenant_ids"
ASLEEP = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'snapshots' AND wait_event = 'PgSleep'"
SLOW = "SELECT pg_sleep(60)"


async def ask(snapshot: Snapshot, sql: str) -> Row:
    """Made here and not where the module is read: those are the house's own, and all of them are proven."""
    (row,) = await snapshot.fetch(query(sql))
    return row


@pytest.fixture
async def pool(database_urls: DatabaseUrls) -> AsyncIterator[Snapshots]:
    """One connection: whoever comes gets what the last one left."""
    opened = Snapshots(database_urls.application, size=1, settings={"application_name": "snapshots"})
    yield opened
    await opened.close()


@pytest.fixture
async def administrator(cluster: EmbeddedServer) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(cluster.dsn(SUPERUSER, cluster.password, "azimuth_test"))
    yield connection
    await connection.close()


async def backend(snapshot: Snapshot) -> int:
    pid: int = (await ask(snapshot, BACKEND)).pid
    return pid


async def state_of(administrator: asyncpg.Connection, pid: int) -> str | None:
    state: str | None = await administrator.fetchval("SELECT state FROM pg_stat_activity WHERE pid = $1", pid)
    return state


async def comes_to(administrator: asyncpg.Connection, pid: int, *states: str | None) -> bool:
    async with asyncio.timeout(10):
        while await state_of(administrator, pid) not in states:  # noqa: ASYNC110 - only the server knows
            await asyncio.sleep(0.01)
    return True


async def asleep(administrator: asyncpg.Connection) -> None:
    """When the server is at work on SLOW."""
    async with asyncio.timeout(10):
        while not await administrator.fetchval(ASLEEP):  # noqa: ASYNC110 - only the server knows
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO organizations (id, created_at, kind, name) VALUES (gen_random_uuid(), now(), 'AGENCY', 'x')",
        "UPDATE tenants SET closed_at = now()",
        "DELETE FROM kpis",
        "SELECT nextval('pgqueuer_id_seq')",
        "SELECT 1 FROM tenants FOR UPDATE",
    ],
)
async def test_the_server_refuses_a_write(pool: Snapshots, sql: str) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with pool.open(NOBODY) as snapshot:
            await ask(snapshot, sql)
    async with pool.open(NOBODY) as snapshot:
        assert await backend(snapshot)


async def test_a_snapshot_sees_one_instant(pool: Snapshots, administrator: asyncpg.Connection) -> None:
    await administrator.execute("CREATE TABLE seen (n int); GRANT SELECT ON seen TO azimuth_app")
    count = "SELECT count(*) AS n FROM seen"
    try:
        async with pool.open(NOBODY) as snapshot:
            before = (await ask(snapshot, count)).n
            await administrator.execute("INSERT INTO seen VALUES (1)")
            assert (await ask(snapshot, count)).n == before
        async with pool.open(NOBODY) as snapshot:
            assert (await ask(snapshot, count)).n == before + 1
    finally:
        await administrator.execute("DROP TABLE seen")


async def test_a_backend_that_was_killed_while_idle_costs_no_request(
    pool: Snapshots, administrator: asyncpg.Connection
) -> None:
    async with pool.open(NOBODY) as snapshot:
        first = await backend(snapshot)
    assert await administrator.fetchval("SELECT pg_terminate_backend($1, 5000)", first)
    async with pool.open(NOBODY) as snapshot:
        assert await backend(snapshot) != first


async def test_a_death_that_nobody_noticed_yet_costs_no_request(pool: Snapshots, cluster: EmbeddedServer) -> None:
    """The news lies in the socket, unread, when the next request takes the connection."""
    dsn = cluster.dsn(SUPERUSER, cluster.password, "azimuth_test")

    async def kill(pid: int) -> bool:
        killer = await asyncpg.connect(dsn)
        try:
            return bool(await killer.fetchval("SELECT pg_terminate_backend($1, 5000)", pid))
        finally:
            await killer.close()

    for _ in range(5):
        async with pool.open(NOBODY) as snapshot:
            first = await backend(snapshot)
        with ThreadPoolExecutor() as elsewhere:
            assert elsewhere.submit(asyncio.run, kill(first)).result()
        async with pool.open(NOBODY) as snapshot:
            assert await backend(snapshot) != first


async def test_a_backend_that_is_killed_at_work_costs_that_request_alone(
    pool: Snapshots, administrator: asyncpg.Connection
) -> None:
    async with pool.open(NOBODY) as snapshot:
        await administrator.fetchval("SELECT pg_terminate_backend($1, 5000)", await backend(snapshot))
        with pytest.raises(DEAD):
            await ask(snapshot, BACKEND)
    async with pool.open(NOBODY) as snapshot:
        assert await backend(snapshot)


async def test_a_request_that_is_given_up_gives_its_connection_back_clean(
    pool: Snapshots, administrator: asyncpg.Connection
) -> None:
    tenant = Scope(readable=frozenset({new_id()}))
    pids: list[int] = []

    async def request() -> None:
        async with pool.open(tenant) as snapshot:
            pids.append(await backend(snapshot))
            await ask(snapshot, SLOW)

    task = asyncio.ensure_future(request())
    await asleep(administrator)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with pool.open(NOBODY) as snapshot:
        assert (await ask(snapshot, ENTERED)).tenant_ids == []
    assert await comes_to(administrator, pids[0], "idle", None)


async def test_one_who_gives_up_between_two_statements_leaves_no_transaction(
    pool: Snapshots, administrator: asyncpg.Connection
) -> None:
    entered = asyncio.Event()
    pids: list[int] = []

    async def request() -> None:
        async with pool.open(Scope(readable=frozenset({new_id()}))) as snapshot:
            pids.append(await backend(snapshot))
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.ensure_future(request())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with pool.open(NOBODY) as snapshot:
        assert await backend(snapshot) == pids[0]
        assert (await ask(snapshot, ENTERED)).tenant_ids == []
    assert await comes_to(administrator, pids[0], "idle")


async def test_a_failed_statement_leaves_the_connection_to_others(pool: Snapshots) -> None:
    async with pool.open(NOBODY) as snapshot:
        first = await backend(snapshot)
        with pytest.raises(asyncpg.DivisionByZeroError):
            await ask(snapshot, "SELECT 1 / 0")
    async with pool.open(NOBODY) as snapshot:
        assert await backend(snapshot) == first


async def test_who_waits_too_long_for_a_connection_is_told_in_time(
    pool: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "PATIENCE_SECONDS", 0.2)
    async with pool.open(NOBODY):
        began = time.monotonic()
        with pytest.raises(Overloaded):
            async with pool.open(NOBODY):
                raise AssertionError("there was one")
        assert 0.1 < time.monotonic() - began < 2
    async with pool.open(NOBODY) as snapshot:
        assert await backend(snapshot)


async def test_who_waits_gets_the_connection_when_it_is_free(pool: Snapshots) -> None:
    async def request() -> int:
        async with pool.open(NOBODY) as snapshot:
            return await backend(snapshot)

    pids = await asyncio.gather(*(request() for _ in range(20)))
    assert len(set(pids)) == 1


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What goes by the simple protocol: the beginnings and ends of transactions."""
    texts: list[str] = []
    execute = asyncpg.Connection.execute

    async def noted(self: asyncpg.Connection, query: str, *args: Any, **options: Any) -> Any:
        texts.append(query.partition(";")[0].partition(" ")[0])
        return await execute(self, query, *args, **options)

    monkeypatch.setattr(asyncpg.Connection, "execute", noted)
    return texts


async def test_a_transaction_ends_with_the_beginning_of_the_next(
    pool: Snapshots, administrator: asyncpg.Connection, sent: list[str]
) -> None:
    tenant = Scope(readable=frozenset({new_id()}))
    async with pool.open(tenant) as snapshot:
        first = await backend(snapshot)
        instant = (await ask(snapshot, INSTANT)).at
    sent.clear()
    async with pool.open(NOBODY) as snapshot:
        assert await backend(snapshot) == first
        assert (await ask(snapshot, INSTANT)).at > instant
        assert (await ask(snapshot, ENTERED)).tenant_ids == []
    assert sent == ["ROLLBACK"]


async def test_a_transaction_that_nobody_follows_ends_by_itself(
    pool: Snapshots, administrator: asyncpg.Connection
) -> None:
    async with pool.open(NOBODY) as snapshot:
        first = await backend(snapshot)
    assert (pool.in_use, pool.idle) == (0, 1)
    assert await comes_to(administrator, first, "idle")
    async with pool.open(NOBODY) as snapshot:
        assert await backend(snapshot) == first


async def test_one_that_is_always_in_use_grows_old_all_the_same(
    pool: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "MOST_TURNS", 3)
    monkeypatch.setattr(snapshots, "MOST_STATEMENTS", 4)
    pids = []
    for _ in range(6):
        async with pool.open(NOBODY) as snapshot:
            pids.append(await backend(snapshot))
    assert len(set(pids)) == 2
    assert pids == sorted(pids, key=pids.index)


async def test_who_closes_waits_for_the_ends(database_urls: DatabaseUrls, administrator: asyncpg.Connection) -> None:
    pool = Snapshots(database_urls.application, size=3, settings={"application_name": "snapshots"})
    async with pool.open(NOBODY) as one, pool.open(NOBODY) as other:
        pids = [await backend(one), await backend(other)]
    await pool.close()
    for pid in pids:
        assert await comes_to(administrator, pid, None)


async def test_a_snapshot_that_was_let_go_of_reads_nothing(pool: Snapshots) -> None:
    """Its connection may be another tenant's by now."""
    async with pool.open(NOBODY) as kept:
        assert await backend(kept)
    async with pool.open(Scope(readable=frozenset({new_id()}))) as other:
        with pytest.raises(SnapshotEnded):
            await backend(kept)
        with pytest.raises(SnapshotEnded):
            await kept.turn_to([])
        assert await backend(other)


async def test_who_comes_next_does_not_wait_for_what_was_given_up(
    database_urls: DatabaseUrls, administrator: asyncpg.Connection
) -> None:
    pool = Snapshots(database_urls.application, size=2, settings={"application_name": "snapshots"})
    async with pool.open(NOBODY) as one, pool.open(NOBODY) as other:
        pids = {await backend(one), await backend(other)}
    used: list[int] = []

    async def request() -> None:
        async with pool.open(NOBODY) as snapshot:
            used.append(await backend(snapshot))
            await ask(snapshot, SLOW)

    task = asyncio.ensure_future(request())
    await asleep(administrator)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with pool.open(NOBODY) as snapshot:
        assert {await backend(snapshot)} == pids - set(used)
    await pool.close()


async def test_the_counts_add_up(database_urls: DatabaseUrls, administrator: asyncpg.Connection) -> None:
    pool = Snapshots(database_urls.application, size=1, settings={"application_name": "snapshots"})
    assert (pool.in_use, pool.idle, pool.waiting) == (0, 0, 0)
    async with pool.open(NOBODY) as snapshot:
        assert (pool.in_use, pool.idle) == (1, 0)
        waiting = asyncio.ensure_future(pool.open(NOBODY).__aenter__())
        await asyncio.sleep(0.01)
        assert (pool.in_use, pool.waiting) == (1, 1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        first = await backend(snapshot)
    assert (pool.in_use, pool.idle, pool.waiting) == (0, 1, 0)
    assert await administrator.fetchval("SELECT pg_terminate_backend($1, 5000)", first)
    async with pool.open(NOBODY):
        assert (pool.in_use, pool.idle, pool.waiting) == (1, 0, 0)
    await pool.close()
