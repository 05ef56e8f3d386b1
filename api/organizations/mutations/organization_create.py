import strawberry

from api.context import Info
from api.ids import organization_gid
from api.made import made
from api.mutation import KeyedInput, Payload, mutation
from api.organizations.types import Organization
from tenants.access.actor import ApiScope
from tenants.access.organizations import create_sub_organization
from tenants.gate import Done, Unit


@strawberry.input
class OrganizationCreateInput(KeyedInput):
    name: str


@strawberry.type
class OrganizationCreatePayload(Payload):
    @strawberry.field(description="What was opened.")
    async def organization(self, info: Info) -> Organization | None:
        return await made(info, self.subject, Organization)


@mutation(
    OrganizationCreatePayload,
    scope=ApiScope.MANAGE_ORGANIZATION,
    tenant=None,
    description=(
        "Open a team of your agency: an organization with people and grants of its own. "
        "A person who opens one owns it; else invite its first owner."
    ),
)
async def organization_create(unit: Unit, info: Info, input: OrganizationCreateInput) -> Done:
    row = await create_sub_organization(unit.session, unit.actor, name=input.name)
    return Done(organization_gid(row.id))
