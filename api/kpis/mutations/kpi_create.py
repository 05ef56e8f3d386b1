import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.kpis.types import Kpi
from api.made import made
from api.mutation import KeyedInput, Payload, mutation
from domain.kpis.service import create_kpi
from tenants.access.actor import ApiScope
from tenants.gate import Done, Unit


@strawberry.input
class KpiCreateInput(KeyedInput):
    tenant_id: strawberry.ID
    metric_key: str
    name: str | None = strawberry.field(default=None, description="By default the metric's own.")
    segment: str | None = strawberry.field(default=None, description="For example channel=web.")


@strawberry.type
class KpiCreatePayload(Payload):
    @strawberry.field(description="What was adopted.")
    async def kpi(self, info: Info) -> Kpi | None:
        return await made(info, self.subject, Kpi)


@mutation(
    KpiCreatePayload,
    scope=ApiScope.WRITE_KPIS,
    tenant="tenant_id",
    description="Adopt a metric of the catalogue.",
)
async def kpi_create(unit: Unit, info: Info, input: KpiCreateInput) -> Done:
    row = await create_kpi(
        unit.session,
        unit.actor,
        tenant_id=unit.tenant_id,
        metric_key=input.metric_key,
        name=input.name,
        segment=input.segment,
        now=unit.now,
    )
    return Done(encode(Kind.KPI, row.tenant_id, row.id))
