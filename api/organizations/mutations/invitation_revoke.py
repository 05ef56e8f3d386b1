import strawberry

from api.context import Info
from api.ids import Kind
from api.made import made
from api.mutation import KeyedInput, Payload, mutation, of_own
from api.organizations.people import Invitation
from tenants.access.actor import ApiScope
from tenants.access.invitations import revoke_invitation
from tenants.gate import Done, Unit


@strawberry.input
class InvitationRevokeInput(KeyedInput):
    invitation_id: strawberry.ID


@strawberry.type
class InvitationRevokePayload(Payload):
    @strawberry.field(description="As it is now.")
    async def invitation(self, info: Info) -> Invitation | None:
        return await made(info, self.subject, Invitation)


@mutation(
    InvitationRevokePayload,
    scope=ApiScope.MANAGE_ORGANIZATION,
    tenant=None,
    description="Take an invitation back that nobody has accepted yet.",
)
async def invitation_revoke(unit: Unit, info: Info, input: InvitationRevokeInput) -> Done:
    invitation_id = of_own(unit, Kind.INVITATION, input.invitation_id, "invitationId")
    await revoke_invitation(unit.session, unit.actor, invitation_id=invitation_id, now=unit.now)
    return Done(input.invitation_id)
