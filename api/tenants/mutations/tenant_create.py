import strawberry

from api.context import Info
from api.ids import tenant_gid
from api.made import made
from api.mutation import KeyedInput, Payload, mutation
from api.tenants.types import Tenant
from tenants.access.actor import ApiScope
from tenants.gate import Done, Unit
from tenants.registry.service import NewTenant, create_tenant


@strawberry.input
class TenantCreateInput(KeyedInput):
    name: str
    currency: str = strawberry.field(description="ISO 4217, for example EUR. Money in other currencies stays apart.")
    time_zone: str = strawberry.field(description="IANA, for example Europe/Berlin. It says when a day begins.")
    fiscal_year_start_month: int = 1
    industry: str | None = None
    size_band: str | None = None
    business_model: str | None = None
    clock_shift_days: int = strawberry.field(
        default=0, description="A demo tenant may live on another date: days to add to the wall clock."
    )


@strawberry.type
class TenantCreatePayload(Payload):
    @strawberry.field(description="What was opened.")
    async def tenant(self, info: Info) -> Tenant | None:
        return await made(info, self.subject, Tenant)


@mutation(
    TenantCreatePayload,
    scope=ApiScope.MANAGE_TENANTS,
    tenant=None,
    description="Open a tenant. Your organization gets a grant on it.",
)
async def tenant_create(unit: Unit, info: Info, input: TenantCreateInput) -> Done:
    tenant = NewTenant(
        name=input.name,
        currency=input.currency,
        time_zone=input.time_zone,
        fiscal_year_start_month=input.fiscal_year_start_month,
        industry=input.industry,
        size_band=input.size_band,
        business_model=input.business_model,
        clock_shift_days=input.clock_shift_days,
    )
    keyring = info.context.house.keyring
    tenant_id = await create_tenant(unit.session, unit.actor, tenant=tenant, keyring=keyring, now=unit.now)
    return Done(tenant_gid(tenant_id), tenant_id=tenant_id)
