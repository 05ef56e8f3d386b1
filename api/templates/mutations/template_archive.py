import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.made import made
from api.mutation import KeyedInput, Payload, mutation, of_own
from api.templates.types import Template
from domain.templates.service import archive_template
from tenants.access.actor import ApiScope
from tenants.gate import Done, Unit


@strawberry.input
class TemplateArchiveInput(KeyedInput):
    template_id: strawberry.ID


@strawberry.type
class TemplateArchivePayload(Payload):
    @strawberry.field(description="As it is now.")
    async def template(self, info: Info) -> Template | None:
        return await made(info, self.subject, Template)


@mutation(
    TemplateArchivePayload,
    scope=ApiScope.MANAGE_ORGANIZATION,
    tenant=None,
    description="Put a template away. What it made stays, and so does how clients stand beside it.",
)
async def template_archive(unit: Unit, info: Info, input: TemplateArchiveInput) -> Done:
    template_id = of_own(unit, Kind.TEMPLATE, input.template_id, "templateId")
    row = await archive_template(unit.session, unit.actor, template_id=template_id, now=unit.now)
    return Done(encode(Kind.TEMPLATE, row.organization_id, row.id))
