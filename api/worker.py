"""The worker: takes wake-ups from the queue, and every few seconds looks for what nobody woke it for."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable
from datetime import timedelta

from pgqueuer import PgQueuer
from pgqueuer.models import Job as QueuedJob

from api.wiring import Parts, open_parts
from domain.connections.house import House
from domain.connections.inbox import process
from domain.connections.sync import sync_connection
from domain.connections.tick import wake_for_what_is_due
from domain.facts.service import recompute_tenant
from tenants.jobs import QUEUE_LOST, Job, JobKind, open_queue
from tenants.settings import Settings

log = logging.getLogger(__name__)

BATCH = 10
CONCURRENT = 20


async def run_worker(settings: Settings) -> None:
    """Until SIGTERM or SIGINT; a job under way is finished first, a long read after the page in hand."""
    async with open_parts(settings) as parts:
        stop = parts.house.halted
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        ticking = asyncio.create_task(_tick(parts, stop))
        log.info("worker started")
        while not stop.is_set():
            try:
                await _work(parts, stop)
            except QUEUE_LOST as error:
                log.warning("the queue is out of reach: %s", type(error).__name__)
                await _pause(parts, stop)
        await ticking
        log.info("worker stopped")


async def _work(parts: Parts, stop: asyncio.Event) -> None:
    """Until told to stop, or until the queue's database is gone."""
    async with open_queue(parts.urls.application) as queue:
        _register(queue, parts.house)
        stopping = asyncio.create_task(_stop(queue, stop))
        try:
            await queue.run(
                dequeue_timeout=timedelta(seconds=parts.settings.tick_seconds),
                batch_size=BATCH,
                max_concurrent_tasks=CONCURRENT,
                heartbeat_timeout=parts.house.lease,
                shutdown_on_listener_failure=True,
            )
        finally:
            stopping.cancel()


async def perform(house: House, job: Job) -> None:
    """One job, done by the state of the tables alone: doing it twice, or for nothing, is harmless."""
    if job.kind is JobKind.SYNC:
        assert job.subject_id is not None
        await sync_connection(house, tenant_id=job.tenant_id, connection_id=job.subject_id)
    elif job.kind is JobKind.DELIVERIES:
        await process(house, tenant_id=job.tenant_id)
    else:
        await recompute_tenant(house.database, house.clock, tenant_id=job.tenant_id)


def _register(queue: PgQueuer, house: House) -> None:
    for kind in JobKind:
        queue.entrypoint(kind.value)(_handler(house, kind))


def _handler(house: House, kind: JobKind) -> Callable[[QueuedJob], Awaitable[None]]:
    async def handle(job: QueuedJob) -> None:
        assert job.payload is not None
        await perform(house, Job.parse(kind, job.payload))

    return handle


async def _tick(parts: Parts, stop: asyncio.Event) -> None:
    """What is due and has no wake-up gets one, tenant by tenant, so that none waits behind a busy one."""
    while not stop.is_set():
        try:
            await wake_for_what_is_due(parts.house)
        except Exception:
            log.exception("the tick stumbled; the next one goes on")
        await _pause(parts, stop)


async def _pause(parts: Parts, stop: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), parts.settings.tick_seconds)


async def _stop(queue: PgQueuer, stop: asyncio.Event) -> None:
    await stop.wait()
    queue.shutdown.set()
