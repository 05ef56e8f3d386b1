import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import strawberry

from api.context import Context
from api.ids import Kind, encode, tenant_gid
from api.pagination import Connection, pages_of
from api.rows import OfRow, column
from api.sets import Each, set_based
from domain.templates.models import ItemKind
from tenants.access.actor import ApiScope
from tenants.bulk import models
from tenants.bulk.kinds import BulkKind, BulkState
from tenants.bulk.reads import Counts, Verdict, counts_by_id, verdict_pages

strawberry.enum(BulkKind, name="JobKind", description="What is done for each of a job's tenants.")
strawberry.enum(BulkState, name="JobState")
strawberry.enum(ItemKind, name="TemplateItemKind", description="What of a template is meant.")


@strawberry.type(description="An item of a template that could not be made, and why.")
class TemplateLeftOut:
    kind: ItemKind
    key: str
    name: str
    code: str
    message: str


@strawberry.type(description="What applying a template made, by kind.")
class TemplateResult:
    objectives: int
    kpis: int
    links: int = strawberry.field(description="Of KPIs to objectives.")
    targets: int
    changed: int = strawberry.field(description="Things of an older version that were brought to this one.")
    left_out: list[TemplateLeftOut]

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "TemplateResult":
        made, left_out = said["made"], said["leftOut"]
        return cls(
            objectives=made.get(ItemKind.OBJECTIVE, 0),
            kpis=made.get(ItemKind.KPI, 0),
            links=made.get(ItemKind.LINK, 0),
            targets=made.get(ItemKind.TARGET, 0),
            changed=said["changed"],
            left_out=[TemplateLeftOut(**{**each, "kind": ItemKind(each["kind"])}) for each in left_out],
        )


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
    template: TemplateResult | None = strawberry.field(description="Of a job that applies a template.")

    @classmethod
    def of(cls, row: Verdict) -> "JobResult":
        return cls(
            tenant_id=tenant_gid(row.id),
            code=row.code,
            message=row.message,
            field=None if row.field is None else ["input", *row.field],
            subject_id=None if row.subject is None else strawberry.ID(row.subject),
            template=None if row.details is None else TemplateResult.of(row.details),
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
