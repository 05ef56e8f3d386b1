"""Asking for a change of many tenants at once, and noting how it went for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from tenants.access.actor import Actor
from tenants.bulk.kinds import MOST_TENANTS, BulkKind
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


@dataclass(frozen=True)
class NewJob:
    """`parameters` is what the change is asked for with, as the audit keeps inputs. Tenants need not exist."""

    kind: BulkKind
    tenant_ids: Sequence[UUID]
    parameters: Mapping[str, Any]
    dry_run: bool = False


async def create_job(session: Session, actor: Actor, jobs: JobQueue, job: NewJob) -> BulkJob:
    """Raises InvalidInput for too many tenants, none, or one twice."""
    _check_tenants(job.tenant_ids)
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


async def begin(session: Session, *, organization_id: UUID, job_id: UUID, now: datetime) -> BulkJob | None:
    """None where there is nothing left to do."""
    mine = (BulkJob.organization_id == organization_id, BulkJob.id == job_id)
    row = await session.scalar(select(BulkJob).where(*mine).with_for_update())
    if row is None or row.finished_at is not None:
        return None
    if row.started_at is None:
        row.started_at = now
        await announce(session, Topic.JOB, organization_id, job_id)
    return row


async def waiting(session: Session, job: BulkJob, *, limit: int) -> list[UUID]:
    """Tenants whose turn is still to come, in the order in which they go."""
    query = select(BulkVerdict.tenant_id).where(*_undecided(job)).order_by(BulkVerdict.tenant_id).limit(limit)
    return list(await session.scalars(query))


async def finish(session: Session, job: BulkJob, *, now: datetime) -> None:
    mine = (BulkJob.organization_id == job.organization_id, BulkJob.id == job.id, BulkJob.finished_at.is_(None))
    await session.execute(update(BulkJob).where(*mine).values(finished_at=now))
    await announce(session, Topic.JOB, job.organization_id, job.id)


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
    said = {"code": refusal.code, "message": refusal.message, "field": list(refusal.field)}
    await _decide(session, job, tenant_id, **said, decided_at=now)


async def _decide(session: Session, job: BulkJob, tenant_id: UUID, **values: Any) -> None:
    """Once: what was decided stays."""
    mine = (*_undecided(job), BulkVerdict.tenant_id == tenant_id)
    await session.execute(update(BulkVerdict).where(*mine).values(**values))
    await announce(session, Topic.JOB, job.organization_id, job.id)


def _undecided(job: BulkJob) -> tuple[Any, ...]:
    return (
        BulkVerdict.organization_id == job.organization_id,
        BulkVerdict.job_id == job.id,
        BulkVerdict.code.is_(None),
    )


def _check_tenants(tenant_ids: Sequence[UUID]) -> None:
    if not 1 <= len(tenant_ids) <= MOST_TENANTS:
        code = "TENANTS_TOO_MANY" if tenant_ids else None
        raise InvalidInput(f"1 to {MOST_TENANTS} tenants.", field=("tenantIds",), code=code)
    met: set[UUID] = set()
    for at, tenant_id in enumerate(tenant_ids):
        if tenant_id in met:
            raise InvalidInput("This tenant stands here twice.", field=("tenantIds", str(at)), code="TENANT_TWICE")
        met.add(tenant_id)
