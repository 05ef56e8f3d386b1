import strawberry

from api.context import Info
from api.ids import Kind, decode_as, tenant_gid
from api.mutation import KeyedInput, Payload, mutation
from tenants.access.actor import ApiScope
from tenants.gate import Done, Unit
from tenants.registry.grants import leave_tenant


@strawberry.input
class TenantLeaveInput(KeyedInput):
    tenant_id: strawberry.ID


@strawberry.type
class TenantLeavePayload(Payload):
    @strawberry.field(description="Which your organization cannot see any more.")
    def tenant_id(self) -> strawberry.ID | None:
        return None if self.subject is None else strawberry.ID(self.subject.gid)


@mutation(
    TenantLeavePayload,
    scope=ApiScope.MANAGE_ORGANIZATION,
    tenant=None,
    description="Let go of a tenant: all your organization's grants on it end at once. It keeps its data.",
)
async def tenant_leave(unit: Unit, info: Info, input: TenantLeaveInput) -> Done:
    tenant_id = decode_as(Kind.TENANT, input.tenant_id, field=("tenantId",)).id
    await leave_tenant(unit.session, unit.actor, tenant_id=tenant_id, now=unit.now)
    return Done(tenant_gid(tenant_id), tenant_id=tenant_id)
