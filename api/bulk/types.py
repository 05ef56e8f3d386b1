import datetime as dt
from collections.abc import Sequence
from functools import partial

import strawberry

from api.context import Context
from api.ids import Kind, encode, tenant_gid
from api.pagination import Connection, pages_of
from api.rows import OfRow, column
from api.sets import Each, set_based
from tenants.access.actor import ApiScope
from tenants.bulk import models
from tenants.bulk.kinds import BulkKind, BulkState
from tenants.bulk.reads import Counts, Verdict, counts_by_id, verdict_pages

strawberry.enum(BulkKind, name="JobKind", description="What is done for each of a job's tenants.")
strawberry.enum(BulkState, name="JobState")


@strawberry.type(description="How a job went for one tenant.")
class JobResult:
    tenant_id: strawberry.ID = strawberry.field(description="As it was given: it need not exist.")
    code: str = strawberry.field(
        description="DONE, or why not: as the ordinary change would have said it. CALLER_ENDED where who asked for the "
        "job may not act any more."
    )
    message: str | None
    field: list[str] | None = strawberry.field(description="The path of what was refused, as in user errors.")
    subject_id: strawberry.ID | None = strawberry.field(description="Of what was made or changed.")

    @classmethod
    def of(cls, row: Verdict) -> "JobResult":
        return cls(
            tenant_id=tenant_gid(row.id),
            code=row.code,
            message=row.message,
            field=None if row.field is None else ["input", *row.field],
            subject_id=None if row.subject is None else strawberry.ID(row.subject),
        )


@strawberry.type(description="A change that was asked for once, and is done for many tenants one after the other.")
class Job(OfRow):
    KIND = Kind.JOB
    reading = ApiScope.MANAGE_ORGANIZATION

    row: strawberry.Private[models.BulkJob]
    kind: BulkKind = column()
    dry_run: bool = column(description="Whether nothing is changed: the results say what would be.")
    total: int = column(description="Tenants.")
    created_at: dt.datetime = column()
    finished_at: dt.datetime | None = column()

    @strawberry.field
    def state(self) -> BulkState:
        if self.row.finished_at is not None:
            return BulkState.DONE
        return BulkState.QUEUED if self.row.started_at is None else BulkState.RUNNING

    @property
    def gid(self) -> strawberry.ID:
        return encode(Kind.JOB, self.row.organization_id, self.row.id)

    @set_based(description="Tenants for which all was done.")
    async def done(jobs: Sequence["Job"], context: Context) -> Each[int]:
        return [each.done for each in await _counts(jobs, context)]

    @set_based(description="Tenants with any other code.")
    async def failed(jobs: Sequence["Job"], context: Context) -> Each[int]:
        return [each.failed for each in await _counts(jobs, context)]

    @set_based(description="As far as it has come, in the order of tenants' ids, which is that of their turns.")
    async def results(
        jobs: Sequence["Job"],
        context: Context,
        first: int = 20,
        after: str | None = None,
        only_failed: bool = False,
    ) -> Each[Connection[JobResult]]:
        context.actor.require(ApiScope.MANAGE_ORGANIZATION)
        read = partial(verdict_pages, organization_id=context.actor.organization_id, only_failed=only_failed)
        return await pages_of(context, read, [each.row.id for each in jobs], JobResult.of, first=first, after=after)


async def _counts(jobs: Sequence[Job], context: Context) -> list[Counts]:
    context.actor.require(ApiScope.MANAGE_ORGANIZATION)
    found = await context.load(counts_by_id, [(each.row.organization_id, each.row.id) for each in jobs])
    return [each or Counts(0, 0) for each in found]
