"""What the mutations that invite somebody have in common."""

import datetime as dt

import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.made import made
from api.mutation import KeyedInput, Payload
from api.organizations.people import Invitation
from tenants.access import models
from tenants.access.invitations import NewInvitation
from tenants.access.kinds import MemberRole
from tenants.gate import Done


@strawberry.input
class InvitingInput(KeyedInput):
    address: str = strawberry.field(description="The mail address by which they will sign in.")
    expires_at: dt.datetime | None = strawberry.field(
        default=None, description="In a week by default, in thirty days at the latest."
    )
    redirect_uri: str | None = strawberry.field(
        default=None, description="Where they go on afterwards: one that is registered for the app you call from."
    )

    def invitation(self, role: MemberRole) -> NewInvitation:
        return NewInvitation(self.address, role, self.expires_at, self.redirect_uri)


@strawberry.type
class InvitingPayload(Payload):
    @strawberry.field(description="As it is now.")
    async def invitation(self, info: Info) -> Invitation | None:
        return await made(info, self.subject, Invitation)

    @strawberry.field(description="The page on which they accept it. Shown once: send it to them, and to nobody else.")
    def url(self, info: Info) -> str | None:
        return None if self.secret is None else info.context.house.invitation_url(self.secret)


def invited(row: models.Invitation, token: str) -> Done:
    return Done(encode(Kind.INVITATION, row.organization_id, row.id), secret=token)
