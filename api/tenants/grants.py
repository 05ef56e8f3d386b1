import datetime as dt
from collections.abc import Sequence

import strawberry

from api.context import Context
from api.ids import Kind
from api.organizations import enums  # noqa: F401
from api.organizations.types import Organization
from api.rows import OfRow, column
from api.sets import Each, set_based
from tenants.access.actor import ApiScope
from tenants.registry import models
from tenants.registry.grants import GrantRole

strawberry.enum(GrantRole, description="As whom the people of an organization work on a tenant that is not theirs.")


@strawberry.type(description="What an organization may do on a tenant, and until when. Ended ones stay, as history.")
class Grant(OfRow):
    KIND = Kind.GRANT
    reading = ApiScope.MANAGE_TENANTS

    row: strawberry.Private[models.Grant]
    created_at: dt.datetime = column()
    expires_at: dt.datetime | None = column(description="By itself; none where it lasts until somebody ends it.")
    revoked_at: dt.datetime | None = column(description="By somebody.")

    @strawberry.field
    def role(self) -> GrantRole:
        return GrantRole(self.row.role)

    @strawberry.field
    def scopes(self) -> list[ApiScope]:
        return [ApiScope(scope) for scope in self.row.scopes]

    @set_based(description="To whom it was given.")
    async def organization(grants: Sequence["Grant"], context: Context) -> Each[Organization]:
        found = await context.reader.read_organizations([each.row.organization_id for each in grants])
        return [Organization(row=found[each.row.organization_id]) for each in grants]

    @set_based(description="Who gave it: the tenant's owner, or who passed on what it had itself.")
    async def given_by(grants: Sequence["Grant"], context: Context) -> Each[Organization | None]:
        givers = [each.row.granted_by_organization_id for each in grants]
        found = await context.reader.read_organizations([each for each in givers if each is not None])
        return [None if each is None else Organization(row=found[each]) for each in givers]
