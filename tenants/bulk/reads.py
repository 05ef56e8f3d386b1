"""Bulk jobs as answers tell them, by the organization's own scope."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple, cast
from uuid import UUID

from tenants.bulk.kinds import DONE
from tenants.bulk.models import BulkJob
from tenants.database import Database
from tenants.ids import FIRST
from tenants.snapshots import Snapshot
from tenants.sql import query, statement

Key = tuple[UUID, UUID]
"""An organization's id and the id of a job of it."""
PAGE = 200

_JOB = "j.id, j.created_at, j.organization_id, j.kind, j.dry_run, j.total, j.started_at, j.finished_at"

JOBS = query(f"""
SELECT {_JOB} FROM bulk_jobs j
WHERE j.organization_id = ANY (:organization_ids!uuids) AND j.id = ANY (:ids!uuids)
""")
JOB_PAGES = query(f"""
SELECT * FROM (
    SELECT {_JOB}, row_number() OVER (PARTITION BY j.organization_id ORDER BY j.id) AS place
    FROM bulk_jobs j WHERE j.organization_id = ANY (:organization_ids!uuids) AND j.id > :after!uuid
) p
WHERE place <= :limit!bigint ORDER BY organization_id, place
""")
COUNTS = query(f"""
SELECT v.organization_id, v.job_id,
    count(*) FILTER (WHERE v.code = '{DONE}') AS done, count(*) FILTER (WHERE v.code <> '{DONE}') AS failed
FROM bulk_verdicts v
WHERE v.organization_id = ANY (:organization_ids!uuids) AND v.job_id = ANY (:ids!uuids)
GROUP BY v.organization_id, v.job_id
""")
VERDICT_PAGES = query(f"""
SELECT * FROM (
    SELECT v.job_id, v.tenant_id, v.code, v.message, v.field, v.subject, v.details,
        row_number() OVER (PARTITION BY v.job_id ORDER BY v.tenant_id) AS place
    FROM bulk_verdicts v
    WHERE v.organization_id = :organization_id!uuid AND v.job_id = ANY (:ids!uuids) AND v.tenant_id > :after!uuid
      AND v.code IS NOT NULL AND (v.code <> '{DONE}' OR NOT :only_failed!boolean)
) p
WHERE place <= :limit!bigint ORDER BY job_id, place
""")
OPEN_JOBS = statement("SELECT * FROM app.open_bulk_jobs(:after!uuid, CAST(:page!bigint AS integer))")


class Verdict(NamedTuple):
    """That was decided, by the tenant's id."""

    id: UUID
    code: str
    message: str | None
    field: Sequence[str] | None
    subject: str | None
    details: Mapping[str, Any] | None


class Counts(NamedTuple):
    done: int
    failed: int


async def jobs_by_id(snapshot: Snapshot, keys: Sequence[Key]) -> dict[Key, BulkJob]:
    rows = await snapshot.fetch(JOBS, organization_ids=_owners(keys), ids=[id for _, id in keys])
    return {(row["organization_id"], row["id"]): cast(BulkJob, row) for row in rows}


async def job_pages(
    snapshot: Snapshot, organization_ids: Sequence[UUID], *, after: UUID | None, limit: int
) -> dict[UUID, list[BulkJob]]:
    """A page of each organization's, oldest first."""
    found: dict[UUID, list[BulkJob]] = {}
    owners = list(organization_ids)
    for row in await snapshot.fetch(JOB_PAGES, organization_ids=owners, after=after or FIRST, limit=limit):
        found.setdefault(row["organization_id"], []).append(cast(BulkJob, row))
    return found


async def counts_by_id(snapshot: Snapshot, keys: Sequence[Key]) -> dict[Key, Counts]:
    rows = await snapshot.fetch(COUNTS, organization_ids=_owners(keys), ids=[id for _, id in keys])
    return {(row["organization_id"], row["job_id"]): Counts(row["done"], row["failed"]) for row in rows}


async def verdict_pages(
    snapshot: Snapshot,
    job_ids: Sequence[UUID],
    *,
    organization_id: UUID,
    only_failed: bool,
    after: UUID | None,
    limit: int,
) -> dict[UUID, list[Verdict]]:
    """A page of each job's, as far as they were decided, in the order of the tenants' ids, which is that of turns."""
    found: dict[UUID, list[Verdict]] = {}
    rows = await snapshot.fetch(
        VERDICT_PAGES,
        organization_id=organization_id,
        ids=list(job_ids),
        only_failed=only_failed,
        after=after or FIRST,
        limit=limit,
    )
    for job_id, *said, _ in rows:
        found.setdefault(job_id, []).append(Verdict(*said))
    return found


async def open_jobs(database: Database) -> AsyncIterator[list[Key]]:
    """Of each organization that has any, the oldest that is not over: the others come after it. A page at a time."""
    after, met = FIRST, set[UUID]()
    while True:
        async with database.snapshot() as session:
            page = list(await session.execute(OPEN_JOBS, {"after": after, "page": PAGE}))
        if not page:
            return
        first = {row.organization_id: row.job_id for row in reversed(page) if row.organization_id not in met}
        met |= first.keys()
        yield list(first.items())
        after = page[-1].job_id


def _owners(keys: Sequence[Key]) -> list[UUID]:
    return list({organization_id for organization_id, _ in keys})
