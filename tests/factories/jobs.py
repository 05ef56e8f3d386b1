"""Bulk jobs that were asked for, and the worker's part of them."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg
from sqlalchemy import update

from api.ids import decode
from api.worker import perform
from domain.connections.house import House
from tenants.access.actor import Actor
from tenants.bulk.kinds import BulkKind
from tenants.bulk.models import BulkJob
from tenants.bulk.service import NewJob, create_job, decide_refused, finish
from tenants.clock import WallClock, wall_now
from tenants.database import Database
from tenants.errors import NotFound
from tenants.jobs import Job, JobKind, PostgresJobQueue
from tenants.scope import Scope
from tenants.secrets.keyring import KeyRing

TAKE = """DELETE FROM pgqueuer WHERE entrypoint = 'bulk' AND status = 'queued'
  AND convert_from(payload, 'UTF8') LIKE '%' || $1 || '%' RETURNING payload"""


def house_of(database: Database, keyring: KeyRing, *, silence: timedelta = timedelta(seconds=30)) -> House:
    """A worker's, which knows no provider."""
    return House(
        database=database,
        keyring=keyring,
        clock=WallClock(),
        jobs=PostgresJobQueue(silence=silence),
        providers={},
        public_url="http://127.0.0.1",
        sync_interval=timedelta(minutes=15),
    )


async def new_job(
    database: Database,
    actor: Actor,
    tenant_ids: Sequence[UUID],
    *,
    decided: bool = False,
) -> UUID:
    """One that would take grants back; where it is `decided` it is over, and no tenant was found."""
    async with database.unit_of_work(Scope(organization_id=actor.organization_id)) as session:
        job = await create_job(session, actor, PostgresJobQueue(), NewJob(BulkKind.CLIENTS_UNASSIGN, tenant_ids, {}))
        for tenant_id in tenant_ids if decided else ():
            await decide_refused(session, job, tenant_id, NotFound(), now=wall_now())
        if decided:
            await finish(session, job, now=wall_now())
    return job.id


async def give_up_jobs(database: Database, organization_id: UUID) -> None:
    """What others asked for and no worker carried out: the next job would wait for it."""
    async with database.unit_of_work(Scope(organization_id=organization_id)) as session:
        own = (BulkJob.organization_id == organization_id, BulkJob.finished_at.is_(None))
        await session.execute(update(BulkJob).where(*own).values(finished_at=wall_now()))


async def take(queue: asyncpg.Connection, gid: str) -> list[Job]:
    """The wake-ups that wait for a job, which nobody else gets then."""
    rows = await queue.fetch(TAKE, str(decode(gid).id))
    return [Job.parse(JobKind.BULK, row["payload"]) for row in rows]


async def work_off(house: House, queue: asyncpg.Connection, *gids: str) -> int:
    """As workers do that have nothing else to do: all that waits at once. Gives the turns it took."""
    turns = 0
    while jobs := [job for gid in gids for job in await take(queue, gid)]:
        await asyncio.gather(*(perform(house, job) for job in jobs))
        turns += len(jobs)
    return turns
