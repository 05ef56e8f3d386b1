import strawberry

from api.context import Info
from api.mutation import mutation
from api.organizations.inviting import InvitingInput, InvitingPayload, invited
from tenants.access.actor import ApiScope
from tenants.access.invitations import invite_first_owner
from tenants.access.kinds import MemberRole
from tenants.gate import Done, Unit
from tenants.registry.grants import check_opened, get_organization_of


@strawberry.input
class TenantOwnerInviteInput(InvitingInput):
    tenant_id: strawberry.ID


@strawberry.type
class TenantOwnerInvitePayload(InvitingPayload):
    pass


@mutation(
    TenantOwnerInvitePayload,
    scope=ApiScope.MANAGE_TENANTS,
    tenant="tenant_id",
    description=(
        "Hand a business that your organization opened to whoever owns it: "
        "from then on they decide who may see it, you among others."
    ),
)
async def tenant_owner_invite(unit: Unit, info: Info, input: TenantOwnerInviteInput) -> Done:
    await check_opened(unit.session, unit.actor, tenant_id=unit.tenant_id, now=unit.now)
    owned_by = await get_organization_of(unit.session, unit.tenant_id)
    invitation = input.invitation(MemberRole.OWNER)
    made = await invite_first_owner(unit.session, unit.actor, owned_by, invitation, now=unit.now, field="tenantId")
    return invited(*made)
