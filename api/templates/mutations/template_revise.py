import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.made import made
from api.mutation import KeyedInput, Payload, mutation, of_own
from api.templates.types import Template
from domain.templates.service import revise_template
from tenants.access.actor import ApiScope
from tenants.gate import Done, Unit
from tenants.registry.profile import get_profile


@strawberry.input
class TemplateReviseInput(KeyedInput):
    template_id: strawberry.ID
    tenant_id: strawberry.ID = strawberry.field(description="Whose live objectives, KPIs and newest targets are taken.")


@strawberry.type
class TemplateRevisePayload(Payload):
    @strawberry.field(description="With its new version.")
    async def template(self, info: Info) -> Template | None:
        return await made(info, self.subject, Template)


@mutation(
    TemplateRevisePayload,
    scope=ApiScope.READ_METRICS,
    tenant="tenant_id",
    also=(ApiScope.MANAGE_ORGANIZATION,),
    description="Make the next version from what a client has. Clients get it by `templateApply`, and not before. "
    "Needs the scopes read_metrics and manage_organization.",
)
async def template_revise(unit: Unit, info: Info, input: TemplateReviseInput) -> Done:
    row = await revise_template(
        unit.session,
        unit.actor,
        profile=await get_profile(unit.session, unit.tenant_id),
        template_id=of_own(unit, Kind.TEMPLATE, input.template_id, "templateId"),
        now=unit.now,
    )
    return Done(encode(Kind.TEMPLATE, row.organization_id, row.id))
