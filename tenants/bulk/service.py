"""Asking for a change of many tenants at once, and noting how it went for each."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from tenants.access.actor import Actor
from tenants.access.models import Organization
from tenants.bulk.errors import JobsTooMany
from tenants.bulk.kinds import MOST_OPEN, MOST_TENANTS, BulkKind
from tenants.bulk.models import BulkJob, BulkVerdict
from tenants.database import Session
from tenants.errors import InvalidInput, Refusal
from tenants.jobs import Job, JobKind, JobQueue
from tenants.notices import Topic, announce
from tenants.sql import statement

EXPECT = statement("""
INSERT INTO bulk_verdicts (organization_id, job_id, tenant_id)
SELECT :organization_id!uuid, :job_id!uuid, tenant_id FROM unnest(:tenant_ids!uuids) AS wanted (tenant_id)
ON CONFLICT DO NOTHING
""")


TRIES = BulkVerdict.details["tries"].as_integer()


@dataclass(frozen=True)
class NewJob:
    """`parameters` is what the change is asked for with, as the audit keeps inputs. Tenants need not exist."""

    kind: BulkKind
    tenant_ids: Sequence[UUID]
    parameters: Mapping[str, Any]
    dry_run: bool = False


async def create_job(session: Session, actor: Actor, jobs: JobQueue, job: NewJob) -> BulkJob:
    """Raises InvalidInput for too many tenants, none, or one twice; JobsTooMany."""
    _check_tenants(job.tenant_ids)
    await _check_open(session, actor.organization_id)
    row = BulkJob(
        organization_id=actor.organization_id,
        kind=job.kind,
        parameters=dict(job.parameters),
        dry_run=job.dry_run,
        total=len(job.tenant_ids),
        app_id=actor.app_id,
        app_owner_id=actor.app_owner_id,
        client_id=actor.client_id,
        person_id=actor.person_id,
        authorization_id=actor.authorization_id,
        scopes=sorted(actor.scopes),
    )
    session.add(row)
    await session.flush()
    expected = {"organization_id": row.organization_id, "job_id": row.id, "tenant_ids": list(job.tenant_ids)}
    await session.execute(EXPECT, expected)
    await jobs.enqueue(session, wake_up(row.organization_id, row.id))
    return row


def wake_up(organization_id: UUID, job_id: UUID) -> Job:
    return Job(JobKind.BULK, organization_id, job_id)


async def begin(
    session: Session, *, organization_id: UUID, job_id: UUID, kinds: Collection[str], now: datetime
) -> BulkJob | None:
    """None where nothing is left to do of it, or it is another one's turn: the oldest of these kinds that is not over.

    Whoever is about to finish that one is waited for, so that the next one is not passed over.
    """
    oldest = select(BulkJob).where(*_open(organization_id), BulkJob.kind.in_(kinds)).order_by(BulkJob.id).limit(1)
    row = await session.scalar(oldest.with_for_update())
    if row is None or row.id != job_id:
        return None
    if row.started_at is None:
        row.started_at = now
        await announce(session, Topic.JOB, organization_id, job_id)
    return row


async def waiting(session: Session, job: BulkJob, *, limit: int) -> list[UUID]:
    """Tenants whose turn is still to come, in the order in which they go."""
    order = (func.coalesce(TRIES, 0), BulkVerdict.tenant_id)
    query = select(BulkVerdict.tenant_id).where(*_undecided(job)).order_by(*order).limit(limit)
    return list(await session.scalars(query))


async def postpone(session: Session, job: BulkJob, tenant_id: UUID, *, most: int) -> bool:
    """Behind those that were tried less often; false after so many tries."""
    mine = (*_undecided(job), BulkVerdict.tenant_id == tenant_id)
    tries = (await session.scalar(select(TRIES).where(*mine)) or 0) + 1
    await session.execute(update(BulkVerdict).where(*mine).values(details={"tries": tries}))
    return tries < most


async def finish(session: Session, job: BulkJob, *, now: datetime) -> UUID | None:
    """Gives the organization's next job, whose turn it is, to the one who finished this."""
    mine = (*_open(job.organization_id), BulkJob.id == job.id)
    finished = update(BulkJob).where(*mine).values(finished_at=now).returning(BulkJob.id)
    if await session.scalar(finished) is None:
        return None
    await announce(session, Topic.JOB, job.organization_id, job.id)
    following = select(BulkJob.id).where(*_open(job.organization_id)).order_by(BulkJob.id).limit(1)
    return await session.scalar(following)


async def decide_done(
    session: Session,
    job: BulkJob,
    tenant_id: UUID,
    subject: str,
    code: str,
    details: dict[str, Any] | None,
    *,
    now: datetime,
) -> None:
    await _decide(session, job, tenant_id, code=code, subject=subject, details=details, decided_at=now)


async def decide_refused(session: Session, job: BulkJob, tenant_id: UUID, refusal: Refusal, *, now: datetime) -> None:
    said = {"code": refusal.code, "message": refusal.message, "field": list(refusal.field), "details": None}
    await _decide(session, job, tenant_id, **said, decided_at=now)


async def _decide(session: Session, job: BulkJob, tenant_id: UUID, **values: Any) -> None:
    """Once: what was decided stays."""
    mine = (*_undecided(job), BulkVerdict.tenant_id == tenant_id)
    await session.execute(update(BulkVerdict).where(*mine).values(**values))
    await announce(session, Topic.JOB, job.organization_id, job.id)


def _open(organization_id: UUID) -> tuple[Any, ...]:
    return (BulkJob.organization_id == organization_id, BulkJob.finished_at.is_(None))


def _undecided(job: BulkJob) -> tuple[Any, ...]:
    return (
        BulkVerdict.organization_id == job.organization_id,
        BulkVerdict.job_id == job.id,
        BulkVerdict.code.is_(None),
    )


async def _check_open(session: Session, organization_id: UUID) -> None:
    """Locked: who asks at the same time is counted, too. Raises JobsTooMany."""
    own = select(Organization.id).where(Organization.id == organization_id)
    await session.scalar(own.with_for_update(key_share=True))
    counted = select(func.count()).select_from(BulkJob).where(*_open(organization_id))
    if (await session.scalars(counted)).one() >= MOST_OPEN:
        raise JobsTooMany


def _check_tenants(tenant_ids: Sequence[UUID]) -> None:
    if not 1 <= len(tenant_ids) <= MOST_TENANTS:
        code = "TENANTS_TOO_MANY" if tenant_ids else None
        raise InvalidInput(f"1 to {MOST_TENANTS} tenants.", field=("tenantIds",), code=code)
    met: set[UUID] = set()
    for at, tenant_id in enumerate(tenant_ids):
        if tenant_id in met:
            raise InvalidInput("This tenant stands here twice.", field=("tenantIds", str(at)), code="TENANT_TWICE")
        met.add(tenant_id)
