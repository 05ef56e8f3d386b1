import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.made import made
from api.mutation import KeyedInput, Payload, mutation
from api.templates.types import Template
from domain.templates.service import create_template
from tenants.access.actor import ApiScope
from tenants.gate import Done, Unit
from tenants.registry.profile import get_profile


@strawberry.input
class TemplateCreateInput(KeyedInput):
    tenant_id: strawberry.ID = strawberry.field(description="Whose live objectives, KPIs and newest targets are taken.")
    name: str
    description: str | None = None


@strawberry.type
class TemplateCreatePayload(Payload):
    @strawberry.field(description="What was made.")
    async def template(self, info: Info) -> Template | None:
        return await made(info, self.subject, Template)


@mutation(
    TemplateCreatePayload,
    scope=ApiScope.READ_METRICS,
    tenant="tenant_id",
    also=(ApiScope.MANAGE_ORGANIZATION,),
    description="Make a template of your organization from what a client has. Needs the scopes read_metrics and "
    "manage_organization.",
)
async def template_create(unit: Unit, info: Info, input: TemplateCreateInput) -> Done:
    row = await create_template(
        unit.session,
        unit.actor,
        profile=await get_profile(unit.session, unit.tenant_id),
        name=input.name,
        description=input.description,
        now=unit.now,
    )
    return Done(encode(Kind.TEMPLATE, row.organization_id, row.id))
