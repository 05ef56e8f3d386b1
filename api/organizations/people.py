"""Who belongs to an organization, and who is asked to."""

import datetime as dt

import strawberry

from api.ids import Kind, encode
from api.node import Node
from api.organizations import enums  # noqa: F401
from api.rows import OfRow, column
from tenants.access import models
from tenants.access.actor import ApiScope
from tenants.access.kinds import MemberRole
from tenants.access.reads import Belonging


@strawberry.type(description="A person in an organization.")
class Member(Node):
    reading = ApiScope.MANAGE_ORGANIZATION

    row: strawberry.Private[Belonging]

    @strawberry.field(description="By which they sign in.")
    def address(self) -> str:
        return self.row.address

    @strawberry.field(description="When they joined.")
    def created_at(self) -> dt.datetime:
        return self.row.created_at

    @strawberry.field
    def role(self) -> MemberRole:
        return MemberRole(self.row.role)

    @property
    def gid(self) -> strawberry.ID:
        return encode(Kind.MEMBER, self.row.organization_id, self.row.id)


@strawberry.type(description="Into an organization, for whoever holds its token. Kept for a month after it expires.")
class Invitation(OfRow):
    KIND = Kind.INVITATION
    reading = ApiScope.MANAGE_ORGANIZATION

    row: strawberry.Private[models.Invitation]
    address: str = column(description="By which whoever accepts it signs in.")
    created_at: dt.datetime = column()
    expires_at: dt.datetime = column()
    accepted_at: dt.datetime | None = column()
    revoked_at: dt.datetime | None = column()

    @strawberry.field
    def role(self) -> MemberRole:
        return MemberRole(self.row.role)

    @property
    def gid(self) -> strawberry.ID:
        """It belongs to whoever made it, also where it leads elsewhere."""
        return encode(Kind.INVITATION, self.row.organization_id, self.row.id)
