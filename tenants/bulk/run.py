"""Carrying a bulk job out: a few tenants a turn, each through the gate as if its change had been asked for alone.

Between two turns whatever else waits comes first, and of an organization's jobs one goes at a time, the oldest first.
A tenant's change and its verdict are one unit of work, under a key of the job's own: a job that is delivered twice, or
again after its worker died, changes nothing twice.
"""

import logging
from asyncio import Event
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenants.access.actor import Actor, ApiScope
from tenants.access.callers import CallerEnded, Callers
from tenants.bulk.errors import AskerEnded, Failed
from tenants.bulk.kinds import DONE, BulkKind
from tenants.bulk.models import BulkJob
from tenants.bulk.service import begin, decide_done, decide_refused, finish, postpone, waiting, wake_up
from tenants.clock import Clock
from tenants.database import Database
from tenants.errors import ForbiddenScope, Overloaded, Refusal, TooSlow
from tenants.gate import Command, Done, Gate, Outcome, Unit
from tenants.jobs import JobQueue
from tenants.scope import Scope
from tenants.snapshots import DEAD

log = logging.getLogger(__name__)

AT_A_TURN = 10
LOST = (Overloaded, *DEAD)
PASSING = {"40001", "40P01", "55P03", "57014"}
"""Serialization failure, deadlock, lock not available, query canceled: another time it may go well."""
MOST_TRIES = 5


@dataclass(frozen=True)
class Made:
    """What was done for a tenant. `subject` is the global id of what it was done to; `details` are of the kind."""

    subject: str
    details: dict[str, Any] | None = None
    code: str = DONE
    ids: tuple[str, ...] = ()
    """Of all that was made, where that is more."""


@dataclass(frozen=True)
class Change:
    """The ordinary change of this name, by its scope, with the parameters of the job."""

    name: str
    scope: ApiScope
    work: Callable[[Unit, Mapping[str, Any]], Awaitable[Made]]


class Tried(Refusal):
    """Ends a dry run, so that the gate takes back what was made."""

    def __init__(self, made: Made) -> None:
        super().__init__("This was tried.")
        self.made = made


@dataclass(frozen=True)
class Bulk:
    database: Database
    clock: Clock
    jobs: JobQueue
    changes: Mapping[BulkKind, Change]

    async def take_turn(self, organization_id: UUID, job_id: UUID, *, halted: Event) -> None:
        scope = Scope(organization_id=organization_id)
        async with self.database.unit_of_work(scope) as session:
            # What only a newer release can do is left for it: the tick wakes somebody again.
            kinds, now = tuple(self.changes), self.clock.now()
            job = await begin(session, organization_id=organization_id, job_id=job_id, kinds=kinds, now=now)
            if job is None:
                return
            turn = await waiting(session, job, limit=AT_A_TURN)
        callers = Callers(self.database, memory_seconds=0)
        for tenant_id in turn:
            if halted.is_set():
                break
            await self._serve(callers, job, tenant_id)
        async with self.database.unit_of_work(scope) as session:
            if await waiting(session, job, limit=1):
                await self.jobs.enqueue(session, wake_up(organization_id, job_id))
            elif following := await finish(session, job, now=self.clock.now()):
                await self.jobs.enqueue(session, wake_up(organization_id, following))

    async def _serve(self, callers: Callers, job: BulkJob, tenant_id: UUID) -> None:
        """Raises what tells that the database is gone: it is tried again then."""
        try:
            outcome = await self._perform(await callers.admit(actor_of(job)), job, tenant_id)
        except CallerEnded:
            outcome = Outcome(errors=(AskerEnded(),))
        except ForbiddenScope as refusal:
            outcome = Outcome(errors=(refusal,))
        except Exception as error:
            if is_passing(error) and await self._postpone(job, tenant_id):
                return
            if not is_passing(error) and isinstance(error, LOST):
                raise
            if getattr(error, "connection_invalidated", False):
                raise
            log.exception("a bulk job failed for a tenant", extra={"job_id": str(job.id), "tenant_id": str(tenant_id)})
            outcome = Outcome(errors=(Failed(),))
        if outcome.errors:
            await self._note(job, tenant_id, outcome.errors[0])

    async def _perform(self, actor: Actor, job: BulkJob, tenant_id: UUID) -> Outcome:
        change = self.changes[BulkKind(job.kind)]

        async def work(unit: Unit) -> Done:
            made = await change.work(unit, job.parameters)
            if job.dry_run:
                raise Tried(made)
            await decide_done(unit.session, job, tenant_id, made.subject, made.code, made.details, now=unit.now)
            return Done(made.subject, made=made.ids)

        command = Command(
            name=change.name,
            scope=change.scope,
            input={**job.parameters, "bulkJobId": str(job.id)},
            tenant_id=tenant_id,
            tenant_field=("tenantIds",),
            key=None if job.dry_run else f"bulk job {job.id}",
        )
        return await Gate(self.database, self.clock, work).perform(actor, command)

    async def _postpone(self, job: BulkJob, tenant_id: UUID) -> bool:
        """Behind the others; false where it was tried often enough."""
        async with self.database.unit_of_work(Scope(organization_id=job.organization_id)) as session:
            return await postpone(session, job, tenant_id, most=MOST_TRIES)

    async def _note(self, job: BulkJob, tenant_id: UUID, refusal: Refusal) -> None:
        now = self.clock.now()
        async with self.database.unit_of_work(Scope(organization_id=job.organization_id)) as session:
            if isinstance(refusal, Tried):
                made = refusal.made
                await decide_done(session, job, tenant_id, made.subject, made.code, made.details, now=now)
            else:
                await decide_refused(session, job, tenant_id, refusal, now=now)


def is_passing(error: Exception) -> bool:
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    return isinstance(error, TooSlow) or state in PASSING


def actor_of(job: BulkJob) -> Actor:
    """Who asked, as their token named them then."""
    return Actor(
        organization_id=job.organization_id,
        app_id=job.app_id,
        client_id=job.client_id,
        scopes=frozenset(job.scopes),
        person_id=job.person_id,
        authorization_id=job.authorization_id,
        app_owner_id=job.app_owner_id,
    )
