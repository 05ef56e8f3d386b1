"""The worker: takes wake-ups from the queue, looks for what nobody woke it for, and forgets what is old."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable
from datetime import timedelta
from math import inf
from time import perf_counter

from pgqueuer import PgQueuer
from pgqueuer.models import Job as QueuedJob

from api.backlog import EVERY_SECONDS, tell_backlog
from api.bulk.kinds import CHANGES
from api.collectors import Pools
from api.garbage import settle_memory
from api.wiring import Parts, open_parts
from domain.connections.house import House
from domain.connections.inbox import process
from domain.connections.sync import sync_connection
from domain.connections.tick import wake_for_what_is_due
from domain.housekeeping.service import tidy
from domain.kpis.recompute import recompute_tenant
from tenants.bulk.run import Bulk
from tenants.jobs import QUEUE_LOST, Job, JobKind, open_queue
from tenants.settings import Settings
from tenants.telemetry import meters
from tenants.telemetry.exposition import exposed
from tenants.telemetry.tally import Tally, about, tallied

log = logging.getLogger(__name__)

HOUSEKEEPING_EVERY = timedelta(hours=1)
BESIDE_JOBS = 2
"""Connections of the pool that are not for jobs: the tick's and the housekeeping's."""
LEAST_JOBS = 2
"""The queue's library takes batches of half as many."""


async def run_worker(settings: Settings) -> None:
    """Until SIGTERM or SIGINT; a job under way is finished first, a long read after the page in hand."""
    async with open_parts(of_worker(settings)) as parts:
        settle_memory()
        with exposed(settings, [Pools(parts.house.database)]):
            await _serve(parts)


async def _serve(parts: Parts) -> None:
    stop = parts.house.halted
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    beside = [asyncio.create_task(each) for each in (_tick(parts, stop), _keep_house(parts, stop))]
    log.info("worker started")
    while not stop.is_set():
        try:
            await _work(parts, stop)
        except QUEUE_LOST as error:
            log.warning("the queue is out of reach: %s", type(error).__name__)
            await _pause(parts.settings.tick_seconds, stop)
    await asyncio.gather(*beside)
    log.info("worker stopped")


def of_worker(settings: Settings) -> Settings:
    """Nobody waits for a job as for an answer, so its statements may take longer; and there is room for some jobs."""
    return settings.model_copy(
        update={
            "statement_timeout_seconds": settings.job_statement_timeout_seconds,
            "pool_size": max(settings.pool_size, LEAST_JOBS + BESIDE_JOBS),
        }
    )


def jobs_at_once(settings: Settings) -> int:
    """A job holds one connection at a time, so this many never wait for one."""
    return settings.pool_size - BESIDE_JOBS


async def _work(parts: Parts, stop: asyncio.Event) -> None:
    """Until told to stop, or until the queue's database is gone."""
    async with open_queue(parts.urls.application) as queue:
        _register(queue, parts.house)
        stopping = asyncio.create_task(_stop(queue, stop))
        try:
            await queue.run(
                dequeue_timeout=timedelta(seconds=parts.settings.tick_seconds),
                batch_size=jobs_at_once(parts.settings) // 2,
                max_concurrent_tasks=jobs_at_once(parts.settings),
                heartbeat_timeout=parts.house.lease,
                shutdown_on_listener_failure=True,
            )
        finally:
            stopping.cancel()


async def perform(house: House, job: Job) -> None:
    """One job, done by the state of the tables alone: doing it twice, or for nothing, is harmless."""
    if job.kind is JobKind.SYNC:
        assert job.subject_id is not None
        await sync_connection(house, tenant_id=job.owner_id, connection_id=job.subject_id)
    elif job.kind is JobKind.DELIVERIES:
        await process(house, tenant_id=job.owner_id)
    elif job.kind is JobKind.BULK:
        assert job.subject_id is not None
        bulk = Bulk(house.database, house.clock, house.jobs, CHANGES)
        await bulk.take_turn(job.owner_id, job.subject_id, halted=house.halted)
    else:
        days = await recompute_tenant(house.database, house.clock, tenant_id=job.owner_id)
        meters.RECOMPUTED_DAYS.inc(days)


def _register(queue: PgQueuer, house: House) -> None:
    for kind in JobKind:
        queue.entrypoint(kind.value)(_handler(house, kind))


def _handler(house: House, kind: JobKind) -> Callable[[QueuedJob], Awaitable[None]]:
    async def handle(job: QueuedJob) -> None:
        assert job.payload is not None
        began = perf_counter()
        with tallied() as tally:
            about(kind.value)
            tally.describe(f"job {kind.value}", {"azimuth.job": kind.value})
            try:
                await perform(house, Job.parse(kind, job.payload))
                tally.outcome = "ok"
            finally:
                _measure(tally, perf_counter() - began)

    return handle


def _measure(tally: Tally, seconds: float) -> None:
    meters.JOB_SECONDS.labels(tally.kind, tally.outcome).observe(seconds)
    meters.JOB_STATEMENTS.labels(tally.kind).inc(tally.statements)
    meters.JOB_DATABASE_SECONDS.labels(tally.kind).inc(tally.seconds)


async def _tick(parts: Parts, stop: asyncio.Event) -> None:
    """What is due and has no wake-up gets one, tenant by tenant, so that none waits behind a busy one.

    What waits is told by the same task: another one's connection would be taken from a job.
    """
    look_at = perf_counter() if parts.settings.metrics_port is not None else inf
    while not stop.is_set():
        try:
            await wake_for_what_is_due(parts.house)
            if perf_counter() >= look_at:
                await tell_backlog(parts.house)
                look_at = perf_counter() + EVERY_SECONDS
        except Exception:
            log.exception("the tick stumbled; the next one goes on")
        await _pause(parts.settings.tick_seconds, stop)


async def _keep_house(parts: Parts, stop: asyncio.Event) -> None:
    """Every worker goes through it, at the start as well: those who begin anew every day would never come to it."""
    while not stop.is_set():
        try:
            gone = await tidy(parts.house.database, parts.house.clock, halted=stop)
            log.info("housekeeping is done", extra={"rows": gone})
        except Exception:
            log.exception("housekeeping stumbled; the next round goes on")
        await _pause(HOUSEKEEPING_EVERY.total_seconds(), stop)


async def _pause(seconds: float, stop: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def _stop(queue: PgQueuer, stop: asyncio.Event) -> None:
    await stop.wait()
    queue.shutdown.set()
