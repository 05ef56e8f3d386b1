"""Bringing a tenant to a version of a template. What people changed, put away or have of their own stays as it is."""

from collections import Counter
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from domain.kpis.models import Kpi, Target
from domain.kpis.service import NewTarget, archive_target, create_kpi, create_target, rename_kpi
from domain.kpis.trajectories import Point, Trajectory
from domain.metrics.catalog import get_metric
from domain.metrics.definition import Unit
from domain.metrics.periods import Grain
from domain.objectives.models import Objective
from domain.objectives.service import ObjectiveChange, change_objective, create_objective, link_kpi
from domain.templates.content import Content, TemplateKpi, TemplateObjective, TemplateTarget
from domain.templates.errors import NoStartValue, OtherCurrency, ParentMissing
from domain.templates.ground import Ground
from domain.templates.models import ItemKind, TemplateMark
from domain.templates.taking import amount_of
from tenants.access.actor import Actor
from tenants.currencies import DIGITS
from tenants.database import Session
from tenants.errors import Refusal
from tenants.registry.profile import Profile

PLACES = 6
"""To which values that are no money are rounded."""


@dataclass(frozen=True)
class LeftOut:
    """An item that could not be made, and why."""

    kind: ItemKind
    key: UUID
    name: str
    code: str
    message: str


@dataclass
class Applied:
    """How many of each kind were made, how many were brought to this version, and what could not be made."""

    made: Counter[ItemKind] = field(default_factory=Counter)
    ids: list[tuple[ItemKind, UUID]] = field(default_factory=list)
    """Of what was made and has one."""
    changed: int = 0
    left_out: list[LeftOut] = field(default_factory=list)


@dataclass(frozen=True)
class Rollout:
    """Of `version` to one tenant. `contents` has it, and those that something was made by."""

    session: Session
    actor: Actor
    profile: Profile
    template_id: UUID
    version: int
    contents: Mapping[int, Content]
    starts_on: date
    now: datetime
    ground: Ground
    kpis: dict[UUID, Kpi] = field(default_factory=dict)
    objectives: dict[UUID, Objective] = field(default_factory=dict)
    """The live ones, by item."""
    applied: Applied = field(default_factory=Applied)

    async def run(self) -> Applied:
        content = self.contents[self.version]
        for kpi in content.kpis:
            await self._attempt(ItemKind.KPI, kpi.key, kpi.name, self._kpi(kpi))
        for objective in content.objectives:
            await self._attempt(ItemKind.OBJECTIVE, objective.key, objective.title, self._objective(objective))
        for objective, kpi in content.links():
            await self._attempt(ItemKind.LINK, objective.key, objective.title, self._link(objective, kpi))
        for kpi in content.kpis:
            if kpi.target is not None and kpi.key in self.kpis:
                await self._attempt(ItemKind.TARGET, kpi.key, kpi.name, self._target(kpi, kpi.target))
        await self.session.flush()
        return self.applied

    async def _attempt(self, kind: ItemKind, key: UUID, name: str, work: Awaitable[None]) -> None:
        """The services check before they write, so what is refused has left nothing."""
        try:
            await work
        except Refusal as refusal:
            self.applied.left_out.append(LeftOut(kind, key, name, refusal.code, refusal.message))

    async def _kpi(self, item: TemplateKpi) -> None:
        mark = self.ground.mark(ItemKind.KPI, item.key)
        if mark is not None:
            kpi = self.ground.kpis.get(mark.object_id)
            if kpi is not None and kpi.archived_at is None:
                self.kpis[item.key] = kpi
                await self._bring_kpi(mark, kpi, item)
            return
        kpi = self.ground.like_kpi(item)
        adopted = kpi is not None
        if kpi is None:
            kpi = await create_kpi(
                self.session,
                self.actor,
                tenant_id=self.profile.tenant_id,
                metric_key=item.metric_key,
                name=item.name,
                segment=item.segment,
                now=self.now,
            )
            self._count(ItemKind.KPI, kpi.id)
        self.kpis[item.key] = kpi
        self._mark(ItemKind.KPI, item.key, kpi.id, adopted=adopted)

    async def _bring_kpi(self, mark: TemplateMark, kpi: Kpi, item: TemplateKpi) -> None:
        before = self._before(mark)
        old = None if before is None else before.kpi(item.key)
        if old is not None and kpi.name == old.name != item.name:
            await rename_kpi(
                self.session,
                self.actor,
                tenant_id=kpi.tenant_id,
                kpi_id=kpi.id,
                name=item.name,
                now=self.now,
            )
            self.applied.changed += 1
        mark.version = max(mark.version, self.version)

    async def _objective(self, item: TemplateObjective) -> None:
        mark = self.ground.mark(ItemKind.OBJECTIVE, item.key)
        if mark is not None:
            row = self.ground.objectives.get(mark.object_id)
            if row is not None and row.archived_at is None:
                self.objectives[item.key] = row
                await self._bring_objective(mark, row, item)
            return
        row = self.ground.like_objective(item)
        adopted = row is not None
        if row is None:
            if item.parent is not None and item.parent not in self.objectives:
                raise ParentMissing
            row = await create_objective(
                self.session,
                self.actor,
                tenant_id=self.profile.tenant_id,
                title=item.title,
                description=item.description,
                starts_on=self.starts_on,
                due_on=self.starts_on + timedelta(days=item.days),
                parent_id=None if item.parent is None else self.objectives[item.parent].id,
                now=self.now,
            )
            self._count(ItemKind.OBJECTIVE, row.id)
        self.objectives[item.key] = row
        self._mark(ItemKind.OBJECTIVE, item.key, row.id, adopted=adopted)

    async def _bring_objective(self, mark: TemplateMark, row: Objective, item: TemplateObjective) -> None:
        """Field by field: what still stands as the older version had it becomes what the newer one has.

        Raises ParentMissing, after all else was brought, where the new parent is not there: it is tried again then.
        """
        before = self._before(mark)
        old = None if before is None else before.objective(item.key)
        lost = False
        if old is not None:
            stands = ObjectiveChange(row.title, row.description, row.due_on, row.parent_id)
            wanted = _merged(stands, self._said(old, mark), self._said(item, mark))
            lost = wanted.parent_id != row.parent_id and item.parent is not None and item.parent not in self.objectives
            if lost:
                wanted = replace(wanted, parent_id=row.parent_id)
            if wanted != stands:
                await change_objective(
                    self.session,
                    self.actor,
                    tenant_id=row.tenant_id,
                    objective_id=row.id,
                    change=wanted,
                    now=self.now,
                )
                self.applied.changed += 1
        if lost:
            raise ParentMissing
        mark.version = max(mark.version, self.version)

    def _said(self, item: TemplateObjective, mark: TemplateMark) -> ObjectiveChange:
        parent = None if item.parent is None else self.ground.mark(ItemKind.OBJECTIVE, item.parent)
        return said_of(item, mark.starts_on, None if parent is None else parent.object_id)

    async def _link(self, objective: TemplateObjective, kpi: TemplateKpi) -> None:
        row, evidence = self.objectives.get(objective.key), self.kpis.get(kpi.key)
        if row is None or evidence is None or (row.id, evidence.id) in self.ground.links:
            return
        await link_kpi(
            self.session,
            self.actor,
            tenant_id=row.tenant_id,
            objective_id=row.id,
            kpi_id=evidence.id,
            now=self.now,
        )
        self.applied.made[ItemKind.LINK] += 1

    async def _target(self, item: TemplateKpi, target: TemplateTarget) -> None:
        mark, newest = self.ground.mark(ItemKind.TARGET, item.key), self.ground.targets.get(self.kpis[item.key].id)
        if mark is None:
            row = newest or await self._new_target(item, target)
            if newest is None:
                self._count(ItemKind.TARGET, row.id)
            self._mark(ItemKind.TARGET, item.key, row.id, adopted=newest is not None)
            return
        before = self._before(mark)
        old = None if before is None else before.kpi(item.key)
        if newest is None or newest.id != mark.object_id or old is None or old.target == target:
            return
        row = await self._new_target(item, target)
        await archive_target(self.session, self.actor, tenant_id=newest.tenant_id, target_id=newest.id, now=self.now)
        mark.object_id, mark.version, mark.starts_on = row.id, self.version, self.starts_on
        self.applied.ids.append((ItemKind.TARGET, row.id))
        self.applied.changed += 1

    async def _new_target(self, item: TemplateKpi, target: TemplateTarget) -> Target:
        """Raises NoStartValue, OtherCurrency."""
        currency, kpi = self.profile.currency, self.kpis[item.key]
        if target.currency not in (None, currency):
            raise OtherCurrency(str(target.currency))
        baseline = self.ground.baselines.get(kpi.id)
        if baseline is None or baseline.grain != target.grain:
            raise NoStartValue(target.grain)
        start, places = amount_of(item.metric_key, currency)(baseline.value), places_of(item.metric_key, currency)
        wanted = NewTarget(
            value=target.aim.at(start, places),
            start_on=self.starts_on,
            due_on=self.starts_on + timedelta(days=target.days),
            trajectory=Trajectory(target.trajectory),
            grain=Grain(target.grain),
            points=[
                Point(self.starts_on + timedelta(days=each.days), each.aim.at(start, places)) for each in target.points
            ],
            tolerance=target.tolerance,
            stretch_value=None if target.stretch is None else target.stretch.at(start, places),
            rationale=target.rationale,
        )
        return await create_target(self.session, self.actor, profile=self.profile, kpi_id=kpi.id, target=wanted)

    def _before(self, mark: TemplateMark) -> Content | None:
        """The older version that made the thing. What was there before was made by none."""
        return self.contents.get(mark.version) if mark.version < self.version and not mark.adopted else None

    def _count(self, kind: ItemKind, id: UUID) -> None:
        self.applied.made[kind] += 1
        self.applied.ids.append((kind, id))

    def _mark(self, kind: ItemKind, key: UUID, object_id: UUID, *, adopted: bool) -> None:
        mark = TemplateMark(
            tenant_id=self.profile.tenant_id,
            template_id=self.template_id,
            kind=kind,
            item=key,
            object_id=object_id,
            version=self.version,
            starts_on=self.starts_on,
            adopted=adopted,
        )
        self.session.add(mark)
        self.ground.marks[kind, key] = mark


def said_of(item: TemplateObjective, starts_on: date, parent_id: UUID | None) -> ObjectiveChange:
    """`parent_id` is that of what stands for the parent."""
    return ObjectiveChange(item.title, item.description, starts_on + timedelta(days=item.days), parent_id)


def _merged(stands: ObjectiveChange, was: ObjectiveChange, wanted: ObjectiveChange) -> ObjectiveChange:
    """What still stands as it was becomes as it is wanted."""
    fields = {
        name: getattr(wanted, name) if each == getattr(was, name) else each for name, each in vars(stands).items()
    }
    return ObjectiveChange(**fields)


def places_of(metric_key: str, currency: str) -> int:
    return DIGITS[currency] if get_metric(metric_key).unit is Unit.MONEY else PLACES
