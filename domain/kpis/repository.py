"""KPIs, baselines and targets in the database. Every statement names the tenant."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.kpis.models import Baseline, Kpi, Target
from tenants.errors import NotFound


async def get_kpi(session: AsyncSession, *, tenant_id: UUID, kpi_id: UUID, field: str = "kpiId") -> Kpi:
    kpi = await session.get(Kpi, (tenant_id, kpi_id))
    if kpi is None:
        raise NotFound(field=(field,))
    return kpi


async def get_target(session: AsyncSession, *, tenant_id: UUID, target_id: UUID, field: str = "targetId") -> Target:
    target = await session.get(Target, (tenant_id, target_id))
    if target is None:
        raise NotFound(field=(field,))
    return target


async def get_baseline(session: AsyncSession, *, tenant_id: UUID, baseline_id: UUID) -> Baseline:
    baseline = await session.get(Baseline, (tenant_id, baseline_id))
    if baseline is None:
        raise NotFound(field=("baselineId",))
    return baseline


async def lock_kpi(session: AsyncSession, *, tenant_id: UUID, kpi_id: UUID) -> Kpi:
    """Baselines of one KPI are numbered one after the other."""
    query = select(Kpi).where(Kpi.tenant_id == tenant_id, Kpi.id == kpi_id).with_for_update()
    kpi = (await session.execute(query)).scalar_one_or_none()
    if kpi is None:
        raise NotFound(field=("kpiId",))
    return kpi


async def find_latest_baseline(session: AsyncSession, *, tenant_id: UUID, kpi_id: UUID) -> Baseline | None:
    query = (
        select(Baseline)
        .where(Baseline.tenant_id == tenant_id, Baseline.kpi_id == kpi_id)
        .order_by(Baseline.version.desc())
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def list_kpis(session: AsyncSession, *, tenant_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Kpi]:
    query = select(Kpi).where(Kpi.tenant_id == tenant_id, Kpi.id.in_(ids))
    return {kpi.id: kpi for kpi in (await session.execute(query)).scalars()}


async def list_baselines(session: AsyncSession, *, tenant_id: UUID, ids: Sequence[UUID]) -> dict[UUID, list[Baseline]]:
    """Newest version first."""
    query = (
        select(Baseline)
        .where(Baseline.tenant_id == tenant_id, Baseline.kpi_id.in_(ids))
        .order_by(Baseline.kpi_id, Baseline.version.desc())
    )
    found: dict[UUID, list[Baseline]] = {kpi_id: [] for kpi_id in ids}
    for baseline in (await session.execute(query)).scalars():
        found[baseline.kpi_id].append(baseline)
    return found


async def list_targets(session: AsyncSession, *, tenant_id: UUID, ids: Sequence[UUID]) -> dict[UUID, list[Target]]:
    """Live ones, newest first."""
    query = (
        select(Target)
        .where(Target.tenant_id == tenant_id, Target.kpi_id.in_(ids), Target.archived_at.is_(None))
        .order_by(Target.kpi_id, Target.id.desc())
    )
    found: dict[UUID, list[Target]] = {kpi_id: [] for kpi_id in ids}
    for target in (await session.execute(query)).scalars():
        found[target.kpi_id].append(target)
    return found
