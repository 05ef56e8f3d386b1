import strawberry

from api.context import Info
from api.ids import Kind, decode_as
from api.mutation import mutation
from api.organizations.inviting import InvitingInput, InvitingPayload, invited
from tenants.access.actor import ApiScope
from tenants.access.invitations import create_invitation, invite_first_owner
from tenants.access.kinds import MemberRole
from tenants.access.organizations import check_is_under
from tenants.errors import InvalidInput
from tenants.gate import Done, Unit


@strawberry.input
class InvitationCreateInput(InvitingInput):
    role: MemberRole = strawberry.field(description="Only owners invite owners; the first one anybody who manages it.")
    organization_id: strawberry.ID | None = strawberry.field(
        default=None, description="One of your sub-organizations, to find its first owner. Yours where none is named."
    )


@strawberry.type
class InvitationCreatePayload(InvitingPayload):
    pass


@mutation(
    InvitationCreatePayload,
    scope=ApiScope.MANAGE_ORGANIZATION,
    tenant=None,
    description="Ask somebody to join your organization.",
)
async def invitation_create(unit: Unit, info: Info, input: InvitationCreateInput) -> Done:
    invitation = input.invitation(input.role)
    if input.organization_id is None:
        return invited(*await create_invitation(unit.session, unit.actor, invitation, now=unit.now))
    under = decode_as(Kind.ORGANIZATION, input.organization_id, field=("organizationId",)).id
    await check_is_under(unit.session, unit.actor, under, field=("organizationId",))
    if input.role is not MemberRole.OWNER:
        raise InvalidInput("Its owner invites everybody else.", field=("role",), code="FIRST_OWNER_ONLY")
    made = await invite_first_owner(unit.session, unit.actor, under, invitation, now=unit.now, field="organizationId")
    return invited(*made)
