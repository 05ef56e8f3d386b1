"""One DataLoader a noun, each a statement a tick, as the documentation of strawberry has it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from strawberry.dataloader import DataLoader

from bench.reference.usual.entities import (
    Baseline,
    DayComponent,
    Kpi,
    Objective,
    ObjectiveKpi,
    PeriodComponent,
    Target,
    TenantProfile,
)


class Days(NamedTuple):
    tenant_id: UUID
    component: str
    segment: str
    first: date
    last: date


class Periods(NamedTuple):
    tenant_id: UUID
    component: str
    grain: str
    first: date
    last: date


class Loaders:
    """Of one request."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions
        self.tenant = DataLoader(load_fn=self._tenants)
        self.objectives = DataLoader(load_fn=self._objectives)
        self.kpis = DataLoader(load_fn=self._kpis)
        self.days = DataLoader(load_fn=self._days)
        self.periods = DataLoader(load_fn=self._periods)
        self.baseline = DataLoader(load_fn=self._baselines)
        self.target = DataLoader(load_fn=self._targets)

    async def _tenants(self, ids: list[UUID]) -> Sequence[TenantProfile]:
        async with self._sessions() as session:
            found = await session.scalars(select(TenantProfile).where(TenantProfile.tenant_id.in_(ids)))
            by_id = {each.tenant_id: each for each in found}
        return [by_id[each] for each in ids]

    async def _objectives(self, tenant_ids: list[UUID]) -> Sequence[list[Objective]]:
        wanted = select(Objective).where(Objective.tenant_id.in_(tenant_ids), Objective.archived_at.is_(None))
        by_tenant = defaultdict(list)
        async with self._sessions() as session:
            for each in await session.scalars(wanted.order_by(Objective.id)):
                by_tenant[each.tenant_id].append(each)
        return [by_tenant[each] for each in tenant_ids]

    async def _kpis(self, objective_ids: list[UUID]) -> Sequence[list[Kpi]]:
        wanted = (
            select(ObjectiveKpi.objective_id, Kpi)
            .join(Kpi, (Kpi.tenant_id == ObjectiveKpi.tenant_id) & (Kpi.id == ObjectiveKpi.kpi_id))
            .where(ObjectiveKpi.objective_id.in_(objective_ids), Kpi.archived_at.is_(None))
            .order_by(ObjectiveKpi.created_at, Kpi.id)
        )
        by_objective = defaultdict(list)
        async with self._sessions() as session:
            for objective_id, kpi in await session.execute(wanted):
                by_objective[objective_id].append(kpi)
        return [by_objective[each] for each in objective_ids]

    async def _days(self, keys: list[Days]) -> Sequence[list[DayComponent]]:
        wanted = select(DayComponent).where(
            DayComponent.tenant_id.in_({key.tenant_id for key in keys}),
            DayComponent.component.in_({key.component for key in keys}),
            DayComponent.segment.in_({key.segment for key in keys}),
            DayComponent.local_day.between(min(key.first for key in keys), max(key.last for key in keys)),
        )
        found = defaultdict(list)
        async with self._sessions() as session:
            for row in await session.scalars(wanted):
                found[row.tenant_id, row.component, row.segment].append(row)
        return [[row for row in found[key[:3]] if key.first <= row.local_day <= key.last] for key in keys]

    async def _periods(self, keys: list[Periods]) -> Sequence[list[PeriodComponent]]:
        wanted = select(PeriodComponent).where(
            PeriodComponent.tenant_id.in_({key.tenant_id for key in keys}),
            PeriodComponent.component.in_({key.component for key in keys}),
            PeriodComponent.grain.in_({key.grain for key in keys}),
            PeriodComponent.starts_on.between(min(key.first for key in keys), max(key.last for key in keys)),
        )
        found = defaultdict(list)
        async with self._sessions() as session:
            for row in await session.scalars(wanted):
                found[row.tenant_id, row.component, row.grain].append(row)
        return [[row for row in found[key[:3]] if key.first <= row.starts_on <= key.last] for key in keys]

    async def _baselines(self, kpi_ids: list[UUID]) -> Sequence[Baseline | None]:
        wanted = select(Baseline).where(Baseline.kpi_id.in_(kpi_ids)).order_by(Baseline.version)
        async with self._sessions() as session:
            newest = {each.kpi_id: each for each in await session.scalars(wanted)}
        return [newest.get(each) for each in kpi_ids]

    async def _targets(self, kpi_ids: list[UUID]) -> Sequence[Target | None]:
        wanted = select(Target).where(Target.kpi_id.in_(kpi_ids), Target.archived_at.is_(None)).order_by(Target.id)
        async with self._sessions() as session:
            newest = {each.kpi_id: each for each in await session.scalars(wanted)}
        return [newest.get(each) for each in kpi_ids]
