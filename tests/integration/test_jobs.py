"""The queue: what waits or runs is not put in again, and the question costs the same however long the queue is."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.clock import wall_now
from tenants.database import Database
from tenants.ids import new_id
from tenants.jobs import PRESENT, Job, JobKind, PostgresJobQueue

QUEUE = PostgresJobQueue(silence=timedelta(seconds=30))
CROWD = text(
    "INSERT INTO pgqueuer (priority, status, entrypoint, payload)"
    " SELECT 0, 'queued', 'recompute', convert_to(gen_random_uuid()::text, 'UTF8') FROM generate_series(1, 20000)"
)


@pytest.fixture
async def session(database: Database) -> AsyncIterator[AsyncSession]:
    """Nothing put in the queue here is ever committed: a worker of another test might take it."""
    async with database._sessions() as opened:
        await opened.begin()
        await opened.execute(text("SELECT 1"))
        yield opened
        await opened.rollback()


@pytest.fixture
def job() -> Job:
    return Job(JobKind.RECOMPUTE, new_id())


async def test_a_job_that_waits_is_not_put_in_again(session: AsyncSession, job: Job) -> None:
    other = Job(JobKind.DELIVERIES, job.owner_id)
    assert await QUEUE.enqueue_missing(session, [job]) == 1
    assert await QUEUE.enqueue_missing(session, [job, other]) == 1
    assert await QUEUE.enqueue_missing(session, [job, other]) == 0


@pytest.mark.parametrize(("silent_for", "put_in"), [(5, 0), (60, 1)])
async def test_a_job_under_way_is_put_in_again_only_when_its_worker_fell_silent(
    session: AsyncSession, job: Job, silent_for: int, put_in: int
) -> None:
    await QUEUE.enqueue(session, job)
    await session.execute(
        text("UPDATE pgqueuer SET status = 'picked', heartbeat = :at WHERE payload = :payload"),
        {"at": wall_now() - timedelta(seconds=silent_for), "payload": job.payload()},
    )
    assert await QUEUE.enqueue_missing(session, [job]) == put_in


async def test_a_long_queue_is_not_read_to_find_one_job_in_it(session: AsyncSession, job: Job) -> None:
    await session.execute(CROWD)
    await QUEUE.enqueue(session, job)
    explained = text(f"EXPLAIN (ANALYZE, COSTS OFF) {PRESENT.text}").bindparams(*PRESENT._bindparams.values())
    parameters = {"kinds": ["recompute"], "payloads": [job.payload()], "alive_since": wall_now()}
    plan = "\n".join((await session.execute(explained, parameters)).scalars())
    sought = [line for line in plan.splitlines() if "Index Cond" in line]
    assert any("payload = wanted.payload" in line for line in sought), plan
