import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.kpis.types import Kpi
from api.made import made
from api.mutation import KeyedInput, Payload, mutation, within
from domain.kpis.service import archive_kpi
from tenants.access.actor import ApiScope
from tenants.gate import Done, Unit


@strawberry.input
class KpiArchiveInput(KeyedInput):
    kpi_id: strawberry.ID


@strawberry.type
class KpiArchivePayload(Payload):
    @strawberry.field(description="As it is now.")
    async def kpi(self, info: Info) -> Kpi | None:
        return await made(info, self.subject, Kpi)


@mutation(
    KpiArchivePayload,
    scope=ApiScope.WRITE_KPIS,
    tenant="kpi_id",
    description="Put a KPI away. It stays readable by its id.",
)
async def kpi_archive(unit: Unit, info: Info, input: KpiArchiveInput) -> Done:
    kpi_id = within(unit, Kind.KPI, input.kpi_id, "kpiId")
    row = await archive_kpi(unit.session, unit.actor, tenant_id=unit.tenant_id, kpi_id=kpi_id, now=unit.now)
    return Done(encode(Kind.KPI, row.tenant_id, row.id))
