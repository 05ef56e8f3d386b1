import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import strawberry

from api.context import Context
from api.ids import Kind, encode
from api.organizations.types import Organization
from api.sets import Each, set_based
from tenants.sql import Row
from tenants.usage.service import NOBODY


@strawberry.type(description="Who was let into a tenant, and by which operations.")
class Reader:
    row: strawberry.Private[Row]

    @strawberry.field(description="What they named them, the first hundred; empty where they did not.")
    def operations(self) -> list[str]:
        return list(self.row["operations"])

    @strawberry.field
    def requests(self) -> Decimal:
        return Decimal(self.row["requests"])

    @strawberry.field(description="To the minute.")
    def first_at(self) -> dt.datetime:
        first_at: dt.datetime = self.row["first_at"]
        return first_at

    @strawberry.field(description="To the minute.")
    def last_at(self) -> dt.datetime:
        last_at: dt.datetime = self.row["last_at"]
        return last_at

    @strawberry.field(description="Through which they came; it may be another organization's.")
    def app_id(self) -> strawberry.ID:
        return encode(Kind.APP, self.row["organization_id"], self.row["app_id"])

    @strawberry.field(description="Who had signed in. None of an app on its own.")
    def member_id(self) -> strawberry.ID | None:
        person_id = self.row["person_id"]
        return None if person_id == NOBODY else encode(Kind.MEMBER, self.row["organization_id"], person_id)

    @set_based(description="For whom.")
    async def organization(readers: Sequence["Reader"], context: Context) -> Each[Organization]:
        found = await context.reader.read_organizations({each.row["organization_id"] for each in readers})
        return [Organization(row=found[each.row["organization_id"]]) for each in readers]
