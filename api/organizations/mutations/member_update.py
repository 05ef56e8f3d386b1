import strawberry

from api.context import Info
from api.ids import Kind
from api.made import made
from api.mutation import KeyedInput, Payload, mutation, of_own
from api.organizations.people import Member
from tenants.access.actor import ApiScope
from tenants.access.kinds import MemberRole
from tenants.access.members import change_role
from tenants.gate import Done, Unit


@strawberry.input
class MemberUpdateInput(KeyedInput):
    member_id: strawberry.ID
    role: MemberRole = strawberry.field(description="Only owners decide who is one.")


@strawberry.type
class MemberUpdatePayload(Payload):
    @strawberry.field(description="As they are now.")
    async def member(self, info: Info) -> Member | None:
        return await made(info, self.subject, Member)


@mutation(
    MemberUpdatePayload,
    scope=ApiScope.MANAGE_ORGANIZATION,
    tenant=None,
    description="Give somebody another role in your organization. What it takes away is gone within the minute.",
)
async def member_update(unit: Unit, info: Info, input: MemberUpdateInput) -> Done:
    person_id = of_own(unit, Kind.MEMBER, input.member_id, "memberId")
    await change_role(unit.session, unit.actor, person_id=person_id, role=input.role)
    return Done(input.member_id)
