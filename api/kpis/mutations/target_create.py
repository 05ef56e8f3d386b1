import datetime as dt
from decimal import Decimal

import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.kpis.inputs import TargetPointInput, TargetRationale
from api.kpis.targets import Target
from api.made import made
from api.mutation import KeyedInput, Payload, mutation, within
from domain.kpis.service import NewTarget, create_target
from domain.kpis.trajectories import Point, Trajectory
from domain.metrics.periods import Grain
from tenants.access.actor import ApiScope
from tenants.gate import Done, Unit
from tenants.registry.profile import get_profile


@strawberry.input
class TargetCreateInput(KeyedInput):
    kpi_id: strawberry.ID
    value: Decimal = strawberry.field(description="In the metric's unit, money in the unit people say.")
    start_on: dt.date
    due_on: dt.date
    trajectory: Trajectory = Trajectory.LINEAR
    grain: Grain = strawberry.field(default=Grain.MONTH, description="The period the value is about.")
    start_value: Decimal | None = strawberry.field(default=None, description="By default the newest baseline's.")
    points: list[TargetPointInput] = strawberry.field(
        default_factory=list, description="The steps of STEPPED, the bends of CUSTOM."
    )
    tolerance: Decimal = strawberry.field(
        default=Decimal("0.1"), description="How far short of the path still counts as at risk only."
    )
    stretch_value: Decimal | None = None
    rationale: TargetRationale = TargetRationale.GOAL
    note: str | None = None


@strawberry.type
class TargetCreatePayload(Payload):
    @strawberry.field(description="What was set.")
    async def target(self, info: Info) -> Target | None:
        return await made(info, self.subject, Target)


@mutation(
    TargetCreatePayload,
    scope=ApiScope.WRITE_KPIS,
    tenant="kpi_id",
    description="Say where a KPI shall go, by when, on which path.",
)
async def target_create(unit: Unit, info: Info, input: TargetCreateInput) -> Done:
    target = NewTarget(
        value=input.value,
        start_on=input.start_on,
        due_on=input.due_on,
        trajectory=input.trajectory,
        grain=input.grain,
        start_value=input.start_value,
        points=[Point(each.on, each.value) for each in input.points],
        tolerance=input.tolerance,
        stretch_value=input.stretch_value,
        rationale=input.rationale.value,
        note=input.note,
    )
    profile = await get_profile(unit.session, unit.tenant_id)
    kpi_id = within(unit, Kind.KPI, input.kpi_id, "kpiId")
    row = await create_target(unit.session, unit.actor, profile=profile, kpi_id=kpi_id, target=target)
    return Done(encode(Kind.TARGET, row.tenant_id, row.id))
