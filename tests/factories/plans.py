"""What a tenant plans: KPIs, baselines, targets, objectives, automations. Each builder returns a global id."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.ids import Kind, decode, encode
from domain.initiatives.service import ExpectedBenefit, NewInitiative, create_initiative, link_initiative
from domain.kpis.baselines import freeze_baseline
from domain.kpis.service import NewTarget, create_kpi, create_target
from domain.kpis.trajectories import Trajectory
from domain.metrics.periods import Grain
from domain.objectives.service import create_objective, link_kpi
from tenants.access.actor import Actor
from tenants.database import Database
from tenants.tables import TenantEntity
from tests.factories.tenants import Tenancy


@dataclass(frozen=True)
class Planner:
    """Somebody who plans for one tenant."""

    database: Database
    actor: Actor
    tenant: Tenancy

    async def kpi(self, metric_key: str = "net_revenue", *, name: str | None = None, segment: str | None = None) -> str:
        return await self._make(
            Kind.KPI,
            lambda session: create_kpi(
                session,
                self.actor,
                tenant_id=self.tenant.id,
                metric_key=metric_key,
                name=name,
                segment=segment,
                now=_now(),
            ),
        )

    async def baseline(self, kpi: str, start: date, end: date, grain: Grain = Grain.MONTH) -> str:
        return await self._make(
            Kind.BASELINE,
            lambda session: freeze_baseline(
                session,
                self.actor,
                profile=self.tenant.profile,
                kpi_id=_id(kpi),
                window_start=start,
                window_end=end,
                grain=grain,
                now=_now(),
            ),
        )

    async def target(self, kpi: str, **given: Any) -> str:
        wanted = NewTarget(
            **{
                "value": Decimal(200),
                "start_value": Decimal(100),
                "start_on": date(2025, 1, 1),
                "due_on": date(2025, 12, 31),
                "trajectory": Trajectory.LINEAR,
                **given,
            }
        )
        return await self._make(
            Kind.TARGET,
            lambda session: create_target(
                session, self.actor, profile=self.tenant.profile, kpi_id=_id(kpi), target=wanted
            ),
        )

    async def objective(
        self, title: str = "Bring customers back", *, parent: str | None = None, kpis: tuple[str, ...] = ()
    ) -> str:
        objective = await self._make(
            Kind.OBJECTIVE,
            lambda session: create_objective(
                session,
                self.actor,
                tenant_id=self.tenant.id,
                title=title,
                description=None,
                starts_on=date(2025, 1, 1),
                due_on=date(2025, 12, 31),
                parent_id=None if parent is None else _id(parent),
                now=_now(),
            ),
        )
        for kpi in kpis:
            await self.evidence(objective, kpi)
        return objective

    async def evidence(self, objective: str, kpi: str) -> None:
        async with self.database.unit_of_work(self.tenant.scope) as session:
            await link_kpi(
                session,
                self.actor,
                tenant_id=self.tenant.id,
                objective_id=_id(objective),
                kpi_id=_id(kpi),
                now=_now(),
            )

    async def initiative(self, name: str = "Oven timers") -> str:
        return await self._make(
            Kind.INITIATIVE,
            lambda session: create_initiative(
                session,
                self.actor,
                tenant_id=self.tenant.id,
                initiative=NewInitiative(name=name, kind="OPERATIONS"),
                now=_now(),
            ),
        )

    async def link(self, initiative: str, objective: str, kpi: str | None = None) -> str:
        return await self._make(
            Kind.INITIATIVE_LINK,
            lambda session: link_initiative(
                session,
                self.actor,
                tenant_id=self.tenant.id,
                initiative_id=_id(initiative),
                objective_id=_id(objective),
                benefit=ExpectedBenefit(kpi_id=None if kpi is None else _id(kpi), change=Decimal("0.15")),
            ),
        )

    async def _make(self, kind: Kind, work: Callable[[AsyncSession], Awaitable[TenantEntity]]) -> str:
        async with self.database.unit_of_work(self.tenant.scope) as session:
            row = await work(session)
        return encode(kind, row.tenant_id, row.id)


def _id(gid: str) -> UUID:
    return decode(gid).id


def _now() -> datetime:
    return datetime.now(UTC)
