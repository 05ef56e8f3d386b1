import strawberry

from api.context import Info
from api.ids import Kind, decode_as
from api.made import made
from api.mutation import KeyedInput, Payload, mutation
from api.organizations.types import Organization
from tenants.access.actor import ApiScope
from tenants.access.organizations import rename
from tenants.gate import Done, Unit


@strawberry.input
class OrganizationUpdateInput(KeyedInput):
    organization_id: strawberry.ID = strawberry.field(description="Yours, or a team of it.")
    name: str


@strawberry.type
class OrganizationUpdatePayload(Payload):
    @strawberry.field(description="As it is now.")
    async def organization(self, info: Info) -> Organization | None:
        return await made(info, self.subject, Organization)


@mutation(
    OrganizationUpdatePayload,
    scope=ApiScope.MANAGE_ORGANIZATION,
    tenant=None,
    description="Give an organization another name.",
)
async def organization_update(unit: Unit, info: Info, input: OrganizationUpdateInput) -> Done:
    organization_id = decode_as(Kind.ORGANIZATION, input.organization_id, field=("organizationId",)).id
    await rename(unit.session, unit.actor, organization_id=organization_id, name=input.name, field="organizationId")
    return Done(input.organization_id)
