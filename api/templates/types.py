import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from uuid import UUID

import strawberry

from api.bulk import types  # noqa: F401
from api.context import Context
from api.ids import Kind, encode, tenant_gid
from api.metrics import enums  # noqa: F401
from api.pagination import Connection, pages_of
from api.rows import OfRow, column
from api.sets import Each, set_based
from domain.kpis.trajectories import Trajectory
from domain.metrics.periods import Grain
from domain.templates import content, models
from domain.templates.drift import Difference, DriftState, Standing, differences
from domain.templates.models import ItemKind
from domain.templates.reads import Application, application_pages, contents_of, standings
from tenants.access.actor import ApiScope
from tenants.errors import NotFound, Refusal

strawberry.enum(
    DriftState,
    name="TemplateDriftState",
    description="MISSING: nothing stands for it. ARCHIVED: it was put away. CHANGED: its `fields` say something else.",
)


@strawberry.type(description="A value on the way, so many days after the start.")
class TemplatePoint:
    days: int
    change: Decimal | None
    value: Decimal | None

    @classmethod
    def of(cls, point: content.TemplatePoint) -> "TemplatePoint":
        return cls(days=point.days, change=point.aim.change, value=point.aim.value)


@strawberry.type(description="Where a KPI shall go from its own start value.")
class TemplateTarget:
    change: Decimal | None = strawberry.field(description="A share of the start value: 0.15 is 15 % more.")
    value: Decimal | None = strawberry.field(description="Where it started from nothing: the value itself.")
    days: int = strawberry.field(description="From the start to the due date.")
    trajectory: Trajectory
    grain: Grain
    points: list[TemplatePoint]
    tolerance: Decimal
    stretch_change: Decimal | None
    stretch_value: Decimal | None
    rationale: str

    @classmethod
    def of(cls, target: content.TemplateTarget) -> "TemplateTarget":
        stretch = target.stretch or content.Aim()
        return cls(
            change=target.aim.change,
            value=target.aim.value,
            days=target.days,
            trajectory=Trajectory(target.trajectory),
            grain=Grain(target.grain),
            points=[TemplatePoint.of(each) for each in target.points],
            tolerance=target.tolerance,
            stretch_change=stretch.change,
            stretch_value=stretch.value,
            rationale=target.rationale,
        )


@strawberry.type(description="A metric to adopt.")
class TemplateKpi:
    key: str = strawberry.field(description="The same in every version.")
    metric_key: str
    segment: str
    name: str
    target: TemplateTarget | None

    @classmethod
    def of(cls, kpi: content.TemplateKpi) -> "TemplateKpi":
        return cls(
            key=str(kpi.key),
            metric_key=kpi.metric_key,
            segment=kpi.segment,
            name=kpi.name,
            target=None if kpi.target is None else TemplateTarget.of(kpi.target),
        )


@strawberry.type(description="What clients shall want.")
class TemplateObjective:
    key: str = strawberry.field(description="The same in every version.")
    title: str
    description: str | None
    days: int = strawberry.field(description="From the start to the due date.")
    parent_key: str | None
    kpi_keys: list[str] = strawberry.field(description="Its evidence.")

    @classmethod
    def of(cls, objective: content.TemplateObjective) -> "TemplateObjective":
        return cls(
            key=str(objective.key),
            title=objective.title,
            description=objective.description,
            days=objective.days,
            parent_key=None if objective.parent is None else str(objective.parent),
            kpi_keys=[str(key) for key in objective.kpis],
        )


@strawberry.type(description="What a version of a template holds. It never changes.")
class TemplateContent:
    version: int
    objectives: list[TemplateObjective]
    kpis: list[TemplateKpi]

    @classmethod
    def of(cls, version: int, held: content.Content) -> "TemplateContent":
        return cls(
            version=version,
            objectives=[TemplateObjective.of(each) for each in held.objectives],
            kpis=[TemplateKpi.of(each) for each in held.kpis],
        )


@strawberry.type(description="Something at a client that is other than a version has it.")
class TemplateDifference:
    kind: ItemKind
    key: str = strawberry.field(description="Of the item; a target's is its KPI's, a link's its objective's.")
    name: str = strawberry.field(description="As the template has it.")
    state: DriftState
    fields: list[str]

    @classmethod
    def of(cls, found: Difference) -> "TemplateDifference":
        return cls(kind=found.kind, key=str(found.key), name=found.name, state=found.state, fields=list(found.fields))


@strawberry.type(description="Why a client may not be looked at any more.")
class TemplateDenial:
    code: str
    message: str


@strawberry.type(description="How a client stands beside a template that was applied to it.")
class TemplateDrift:
    tenant_id: strawberry.ID
    version: int = strawberry.field(description="The newest that was applied.")
    applied_at: dt.datetime
    denied: TemplateDenial | None = strawberry.field(description="Then nothing else is told of it.")
    from_applied: list[TemplateDifference] = strawberry.field(description="From the version that was applied.")
    from_newest: list[TemplateDifference] = strawberry.field(description="From the newest version there is.")


@strawberry.type(description="Objectives, KPIs and targets for an organization's clients, in versions.")
class Template(OfRow):
    KIND = Kind.TEMPLATE
    reading = ApiScope.MANAGE_ORGANIZATION

    row: strawberry.Private[models.Template]
    name: str = column()
    description: str | None = column()
    created_at: dt.datetime = column()
    archived_at: dt.datetime | None = column()
    newest: int = column(description="The newest version; they are counted from 1.")

    @property
    def gid(self) -> strawberry.ID:
        return encode(Kind.TEMPLATE, self.row.organization_id, self.row.id)

    @set_based(description="Of a version, by default the newest.")
    async def content(
        templates: Sequence["Template"], context: Context, version: int | None = None
    ) -> Each[TemplateContent]:
        context.actor.require(ApiScope.MANAGE_ORGANIZATION)
        wanted = [(each.row.id, each.row.newest if version is None else version) for each in templates]
        found = await _contents(context, wanted)
        return [
            TemplateContent.of(key[1], found[key]) if key in found else NotFound(field=("version",)) for key in wanted
        ]

    @set_based(
        description="How each client it was applied to stands beside it, in the order of tenants' ids. "
        "Needs the scopes manage_organization and read_metrics."
    )
    async def drift(
        templates: Sequence["Template"], context: Context, first: int = 20, after: str | None = None
    ) -> Each[Connection[TemplateDrift]]:
        context.actor.require(ApiScope.MANAGE_ORGANIZATION)
        read = partial(application_pages, organization_id=context.actor.organization_id)
        ids = [each.row.id for each in templates]
        pages = await pages_of(context, read, ids, lambda row: row, first=first, after=after)
        beside = await _beside(context, templates, [row for page in pages for _, row in page.page])
        return [
            Connection(
                page=[(id, _drift(row, template.row.newest, beside)) for id, row in page.page],
                goes_on=page.goes_on,
                is_continued=page.is_continued,
            )
            for template, page in zip(templates, pages, strict=True)
        ]


@dataclass(frozen=True)
class Beside:
    """What clients are compared by: `refused` says which may not be looked at."""

    refused: Mapping[UUID, Refusal]
    held: Mapping[tuple[UUID, int], content.Content]
    stands: Mapping[tuple[UUID, UUID], Standing]

    def differences(self, row: Application, version: int) -> list[TemplateDifference]:
        if row.id in self.refused:
            return []
        stands = self.stands[row.id, row.template_id]
        return [TemplateDifference.of(each) for each in differences(self.held[row.template_id, version], stands)]


async def _beside(context: Context, templates: Sequence[Template], rows: Sequence[Application]) -> Beside:
    refused = await context.reader.enter_tenants({row.id for row in rows})
    wanted = [(row.id, row.template_id) for row in rows if row.id not in refused]
    currencies = {tenant_id: context.reader.profile(tenant_id).currency for tenant_id, _ in wanted}
    stands = await context.reader.read(standings, wanted, currencies) if wanted else {}
    versions = {(row.template_id, row.version) for row in rows} | {(each.row.id, each.row.newest) for each in templates}
    return Beside(refused, await _contents(context, list(versions)), stands)


async def _contents(context: Context, wanted: Sequence[tuple[UUID, int]]) -> dict[tuple[UUID, int], content.Content]:
    own = context.actor.organization_id
    return await context.reader.read(contents_of, wanted, organization_id=own)


def _drift(row: Application, newest: int, beside: Beside) -> TemplateDrift:
    refusal = beside.refused.get(row.id)
    return TemplateDrift(
        tenant_id=tenant_gid(row.id),
        version=row.version,
        applied_at=row.applied_at,
        denied=None if refusal is None else TemplateDenial(code=refusal.code, message=refusal.message),
        from_applied=beside.differences(row, row.version),
        from_newest=beside.differences(row, newest),
    )
