"""How clients stand: by the newest target of each of their KPIs."""

from asyncio import Lock
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import strawberry

from api.context import Context
from api.kpis.targets import Target, TargetProgress, newest_targets, progress_of, statuses_of
from api.kpis.types import Kpi
from api.numbers import shown
from domain.kpis import models
from domain.kpis.progress import Progress
from domain.kpis.reads import aimed_at
from domain.kpis.trajectories import TargetStatus
from domain.metrics.catalog import find_metric
from domain.metrics.definition import Direction, Unit
from domain.objectives.status import WORST_FIRST, combine


class Aim(NamedTuple):
    kpi: models.Kpi
    target: Target
    status: TargetStatus


Aims = Mapping[UUID, Sequence[Aim]]
"""Of each tenant; none of one that has no target."""


@strawberry.type(description="The KPI that is furthest behind its target.")
class WorstKpi:
    kpi: Kpi
    progress: TargetProgress
    gap: Decimal | None = strawberry.field(
        description="How far it is behind what the path asked for, as a share of that: below zero where it is ahead. "
        "Null without a number, or where the path asks for zero."
    )


@dataclass
class Stands:
    """Looked up once for all who ask in a request; each client is a point."""

    context: Context
    _known: dict[UUID, list[Aim]] = field(default_factory=dict)
    _turn: Lock = field(default_factory=Lock)

    async def of(self, tenant_ids: Sequence[UUID]) -> Aims:
        async with self._turn:
            new = [tenant_id for tenant_id in tenant_ids if tenant_id not in self._known]
            if new:
                self.context.meter.reckoned += len(new)
                self._known |= await _read(self.context, new)
        return {tenant_id: self._known[tenant_id] for tenant_id in tenant_ids}

    async def statuses(self, tenant_ids: Sequence[UUID]) -> dict[UUID, TargetStatus]:
        """The worst of each tenant's; NO_DATA without a target."""
        aims = await self.of(tenant_ids)
        return {tenant_id: combine([aim.status for aim in some]) for tenant_id, some in aims.items()}

    async def worst(self, tenant_ids: Sequence[UUID]) -> dict[UUID, WorstKpi]:
        """None of a tenant whose targets have no data."""
        aims = await self.of(tenant_ids)
        behind = {tenant_id: _worst_of(some) for tenant_id, some in aims.items()}
        flat = [aim for some in behind.values() for aim in some]
        found = await progress_of([aim.target for aim in flat], self.context, None)
        known = {aim.target.row.id: each for aim, each in zip(flat, found, strict=True)}
        return {
            tenant_id: _furthest([(aim, known[aim.target.row.id]) for aim in some], self.context)
            for tenant_id, some in behind.items()
            if some
        }


async def _read(context: Context, tenant_ids: Sequence[UUID]) -> dict[UUID, list[Aim]]:
    rows = await context.reader.read(aimed_at, tenant_ids)
    # What a newer release adopted has no status here, and the KPI itself says why.
    kpis = [row for row in rows if find_metric(row.metric_key)]
    targets = await newest_targets(kpis, context)
    aimed = [(kpi, target) for kpi, target in zip(kpis, targets, strict=True) if target is not None]
    statuses = await statuses_of([target for _, target in aimed], context, None)
    found: dict[UUID, list[Aim]] = {tenant_id: [] for tenant_id in tenant_ids}
    for (kpi, target), status in zip(aimed, statuses, strict=True):
        if isinstance(status, Exception):
            raise status
        found[kpi.tenant_id].append(Aim(kpi, target, status))
    return found


def _worst_of(aims: Sequence[Aim]) -> list[Aim]:
    worst = combine([aim.status for aim in aims])
    return [aim for aim in aims if aim.status is worst and worst in WORST_FIRST]


def _furthest(some: Sequence[tuple[Aim, Progress | Exception]], context: Context) -> WorstKpi:
    """The first of those that are as far behind."""
    gaps: list[tuple[Aim, Progress, Decimal | None]] = []
    for aim, progress in some:
        if isinstance(progress, Exception):
            raise progress
        gaps.append((aim, progress, _gap(aim, progress)))
    aim, progress, gap = max(gaps, key=lambda each: (each[2] is not None, each[2] or 0))
    told = None if gap is None else shown(gap, Unit.RATIO, "")
    return WorstKpi(kpi=Kpi(row=aim.kpi), progress=TargetProgress.of(progress, aim.target, context), gap=told)


def _gap(aim: Aim, progress: Progress) -> Decimal | None:
    number, asked = progress.measured.values.numbers[-1], progress.judged_by
    if number is None or not asked:
        return None
    short = asked - number if aim.target.metric.direction is Direction.UP_IS_GOOD else number - asked
    return short / abs(asked)
