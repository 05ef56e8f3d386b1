import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.kpis.baselines import Baseline
from api.kpis.inputs import DateRangeInput
from api.made import made
from api.mutation import KeyedInput, Payload, mutation, within
from domain.kpis.baselines import freeze_baseline
from domain.metrics.periods import Grain
from tenants.access.actor import ApiScope
from tenants.gate import Done, Unit
from tenants.registry.profile import get_profile


@strawberry.input
class BaselineFreezeInput(KeyedInput):
    kpi_id: strawberry.ID
    window: DateRangeInput
    grain: Grain = Grain.MONTH


@strawberry.type
class BaselineFreezePayload(Payload):
    @strawberry.field(description="What was frozen.")
    async def baseline(self, info: Info) -> Baseline | None:
        return await made(info, self.subject, Baseline)


@mutation(
    BaselineFreezePayload,
    scope=ApiScope.WRITE_KPIS,
    tenant="kpi_id",
    description="Freeze the value before. It is never edited after.",
)
async def baseline_freeze(unit: Unit, info: Info, input: BaselineFreezeInput) -> Done:
    row = await freeze_baseline(
        unit.session,
        unit.actor,
        profile=await get_profile(unit.session, unit.tenant_id),
        kpi_id=within(unit, Kind.KPI, input.kpi_id, "kpiId"),
        window_start=input.window.start,
        window_end=input.window.end,
        grain=input.grain,
        now=unit.now,
    )
    return Done(encode(Kind.BASELINE, row.tenant_id, row.id))
