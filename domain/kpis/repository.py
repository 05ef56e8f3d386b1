"""KPIs, baselines and targets in the database. Every statement names the tenant."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.kpis.models import Baseline, Kpi, Target
from domain.reading import LIVE, lists_of, live_pages, rows_by_id
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


pages = live_pages(Kpi)

list_baselines = lists_of(Baseline, "kpi_id", order="e.version DESC")
"""Newest version first."""

_KEPT = """LEFT JOIN current_statuses s
    ON s.tenant_id = ANY (:tenant_ids!uuids) AND s.tenant_id = e.tenant_id AND s.target_id = e.id
"""
_STATUS = ", s.status AS kept_status"

list_targets = lists_of(Target, "kpi_id", order="e.id DESC", only=LIVE, also=_STATUS, joined=_KEPT)
"""Live ones, newest first."""

targets_by_id = rows_by_id(Target, also=_STATUS, joined=_KEPT)
