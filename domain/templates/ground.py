"""What a tenant has where a template is brought to it, read at once: items look for themselves in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy import or_, select

from domain.kpis.models import Baseline, Kpi, Target
from domain.objectives.models import Objective, ObjectiveKpi
from domain.templates.content import TemplateKpi, TemplateObjective
from domain.templates.models import ItemKind, TemplateMark
from domain.templates.taking import newest_targets
from tenants.database import Session

E = TypeVar("E", Kpi, Objective)


@dataclass(frozen=True)
class Ground:
    """KPIs and objectives that are live or stand for an item, oldest first; of a KPI the newest baseline, and the live
    target that counts."""

    marks: dict[tuple[str, UUID], TemplateMark]
    kpis: dict[UUID, Kpi]
    objectives: dict[UUID, Objective]
    links: frozenset[tuple[UUID, UUID]]
    baselines: dict[UUID, Baseline]
    targets: dict[UUID, Target]

    def mark(self, kind: ItemKind, key: UUID) -> TemplateMark | None:
        return self.marks.get((kind, key))

    def like_kpi(self, item: TemplateKpi) -> Kpi | None:
        alike = (
            each for each in self.kpis.values() if (each.metric_key, each.segment) == (item.metric_key, item.segment)
        )
        return self._free(ItemKind.KPI, alike)

    def like_objective(self, item: TemplateObjective) -> Objective | None:
        return self._free(ItemKind.OBJECTIVE, (each for each in self.objectives.values() if each.title == item.title))

    def _free(self, kind: ItemKind, rows: Iterable[E]) -> E | None:
        """The oldest live one that stands for no item."""
        taken = {mark.object_id for (marked, _), mark in self.marks.items() if marked == kind}
        return next((each for each in rows if each.archived_at is None and each.id not in taken), None)


async def read_ground(session: Session, *, tenant_id: UUID, template_id: UUID) -> Ground:
    own = select(TemplateMark).where(TemplateMark.tenant_id == tenant_id, TemplateMark.template_id == template_id)
    marks = {(each.kind, each.item): each for each in await session.scalars(own)}
    marked = [each.object_id for each in marks.values()]
    kpis = select(Kpi).where(Kpi.tenant_id == tenant_id, or_(Kpi.archived_at.is_(None), Kpi.id.in_(marked)))
    objectives = select(Objective).where(
        Objective.tenant_id == tenant_id, or_(Objective.archived_at.is_(None), Objective.id.in_(marked))
    )
    links = select(ObjectiveKpi.objective_id, ObjectiveKpi.kpi_id).where(ObjectiveKpi.tenant_id == tenant_id)
    baselines = select(Baseline).where(Baseline.tenant_id == tenant_id).order_by(Baseline.version)
    by_id = {each.id: each for each in await session.scalars(kpis.order_by(Kpi.id))}
    return Ground(
        marks=marks,
        kpis=by_id,
        objectives={each.id: each for each in await session.scalars(objectives.order_by(Objective.id))},
        links=frozenset((row.objective_id, row.kpi_id) for row in await session.execute(links)),
        baselines={each.kpi_id: each for each in await session.scalars(baselines)},
        targets=await newest_targets(session, tenant_id, list(by_id)),
    )
