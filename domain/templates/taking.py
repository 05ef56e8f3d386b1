"""A tenant's plan as the content of a template: what is live, with the newest live target of each KPI."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from domain.kpis.models import Kpi, Target
from domain.metrics.catalog import get_metric
from domain.metrics.definition import Unit
from domain.objectives.models import Objective, ObjectiveKpi
from domain.templates.content import Aim, Content, TemplateKpi, TemplateObjective, TemplatePoint, TemplateTarget
from domain.templates.models import ItemKind, TemplateMark
from tenants.currencies import to_major
from tenants.database import Session
from tenants.errors import InvalidInput
from tenants.registry.profile import Profile

MOST_OBJECTIVES, MOST_KPIS, MOST_LINKS = 100, 200, 2_000
Keys = dict[UUID, UUID]
"""Of a tenant's things, by their ids: the items that they are."""


async def take(session: Session, *, profile: Profile, template_id: UUID | None, before: Content | None) -> Content:
    """What is an item of the version `before` keeps its key. Raises InvalidInput."""
    tenant_id = profile.tenant_id
    live_objectives = select(Objective).where(Objective.tenant_id == tenant_id, Objective.archived_at.is_(None))
    live_kpis = select(Kpi).where(Kpi.tenant_id == tenant_id, Kpi.archived_at.is_(None))
    objectives = (await session.scalars(live_objectives.order_by(Objective.id).limit(MOST_OBJECTIVES + 1))).all()
    kpis = (await session.scalars(live_kpis.order_by(Kpi.id).limit(MOST_KPIS + 1))).all()
    links = await _links(session, tenant_id, objectives, kpis)
    _check(objectives, kpis, links)
    targets = await newest_targets(session, tenant_id, [each.id for each in kpis])
    keys = _keys(objectives, kpis, await _marked(session, tenant_id, template_id), before)
    return Content(
        tuple(_objective(each, keys, links) for each in _from_above(objectives)),
        tuple(_kpi(each, keys, targets.get(each.id), profile) for each in kpis),
    )


async def _links(
    session: Session, tenant_id: UUID, objectives: Sequence[Objective], kpis: Sequence[Kpi]
) -> Sequence[ObjectiveKpi]:
    """Between these."""
    between = select(ObjectiveKpi).where(
        ObjectiveKpi.tenant_id == tenant_id,
        ObjectiveKpi.objective_id.in_([each.id for each in objectives]),
        ObjectiveKpi.kpi_id.in_([each.id for each in kpis]),
    )
    return (await session.scalars(between.limit(MOST_LINKS + 1))).all()


async def newest_targets(session: Session, tenant_id: UUID, kpi_ids: Sequence[UUID]) -> dict[UUID, Target]:
    """The live target that counts of each KPI that has one."""
    live = (
        select(Target)
        .where(Target.tenant_id == tenant_id, Target.kpi_id.in_(kpi_ids), Target.archived_at.is_(None))
        .order_by(Target.id)
    )
    return {each.kpi_id: each for each in await session.scalars(live)}


def amount_of(metric_key: str, currency: str) -> Callable[[Decimal], Decimal]:
    """From what a value is kept in to what people say."""
    is_money = get_metric(metric_key).unit is Unit.MONEY
    return (lambda number: to_major(number, currency)) if is_money else (lambda number: number)


async def _marked(session: Session, tenant_id: UUID, template_id: UUID | None) -> Keys:
    marks = select(TemplateMark).where(
        TemplateMark.tenant_id == tenant_id,
        TemplateMark.template_id == template_id,
        TemplateMark.kind != ItemKind.TARGET,
    )
    return {each.object_id: each.item for each in await session.scalars(marks)}


def _keys(objectives: Sequence[Objective], kpis: Sequence[Kpi], marked: Keys, before: Content | None) -> Keys:
    """First by where the template was applied here or taken from, then by what is alike, else new: its own id."""
    known = before or Content((), ())
    own = {*(each.key for each in known.objectives), *(each.key for each in known.kpis)}
    ids = [*(each.id for each in objectives), *(each.id for each in kpis)]
    keys = {id: key for id in ids for key in (id, marked.get(id)) if key in own and key is not None}
    free = own - set(keys.values())
    titles = {each.title: each.key for each in known.objectives if each.key in free}
    metrics = {(each.metric_key, each.segment): each.key for each in known.kpis if each.key in free}
    for objective in objectives:
        if objective.id not in keys:
            keys[objective.id] = titles.pop(objective.title, objective.id)
    for kpi in kpis:
        if kpi.id not in keys:
            keys[kpi.id] = metrics.pop((kpi.metric_key, kpi.segment), kpi.id)
    return keys


def _from_above(objectives: Sequence[Objective]) -> list[Objective]:
    """Each after its parent, where that is there: one may have been put under a younger one."""
    waiting, placed = list(objectives), list[Objective]()
    while waiting:
        ids = {each.id for each in waiting}
        placed += [each for each in waiting if each.parent_id not in ids] or waiting
        waiting = [each for each in waiting if each not in placed]
    return placed


def _objective(row: Objective, keys: Keys, links: Sequence[ObjectiveKpi]) -> TemplateObjective:
    return TemplateObjective(
        key=keys[row.id],
        title=row.title,
        description=row.description,
        days=(row.due_on - row.starts_on).days,
        parent=None if row.parent_id is None else keys.get(row.parent_id),
        kpis=tuple(keys[each.kpi_id] for each in links if each.objective_id == row.id and each.kpi_id in keys),
    )


def _kpi(row: Kpi, keys: Keys, target: Target | None, profile: Profile) -> TemplateKpi:
    taken = None if target is None else target_of(target, row.metric_key, profile.currency)
    return TemplateKpi(keys[row.id], row.metric_key, row.segment, row.name, taken)


def target_of(row: Target, metric_key: str, currency: str) -> TemplateTarget:
    amount = amount_of(metric_key, currency)

    def aim(value: Decimal) -> Aim:
        return Aim.of(amount(value), amount(row.start_value))

    is_amount = row.start_value == 0 and get_metric(metric_key).unit is Unit.MONEY
    return TemplateTarget(
        aim=aim(row.value),
        days=(row.due_on - row.start_on).days,
        trajectory=row.trajectory,
        grain=row.grain,
        points=tuple(_point(each, row, aim) for each in row.points),
        tolerance=row.tolerance.normalize(),
        stretch=None if row.stretch_value is None else aim(row.stretch_value),
        rationale=row.rationale,
        currency=currency if is_amount else None,
    )


def _point(said: dict[str, str], row: Target, aim: Callable[[Decimal], Aim]) -> TemplatePoint:
    return TemplatePoint((date.fromisoformat(said["on"]) - row.start_on).days, aim(Decimal(said["value"])))


def _check(objectives: Sequence[Objective], kpis: Sequence[Kpi], links: Sequence[ObjectiveKpi]) -> None:
    if not objectives and not kpis:
        raise InvalidInput(
            "There is nothing to take: no objective, no KPI.", field=("tenantId",), code="NOTHING_TO_TAKE"
        )
    if len(objectives) > MOST_OBJECTIVES or len(kpis) > MOST_KPIS or len(links) > MOST_LINKS:
        words = f"A template has at most {MOST_OBJECTIVES} objectives, {MOST_KPIS} KPIs and {MOST_LINKS} links."
        raise InvalidInput(words, field=("tenantId",), code="TEMPLATE_TOO_LARGE")
