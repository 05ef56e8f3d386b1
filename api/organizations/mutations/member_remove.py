import strawberry

from api.context import Info
from api.ids import Kind
from api.mutation import KeyedInput, Payload, mutation, of_own
from tenants.access.actor import ApiScope
from tenants.access.members import remove_member
from tenants.gate import Done, Unit


@strawberry.input
class MemberRemoveInput(KeyedInput):
    member_id: strawberry.ID


@strawberry.type
class MemberRemovePayload(Payload):
    @strawberry.field(description="Who is no member any more.")
    def member_id(self) -> strawberry.ID | None:
        return None if self.subject is None else strawberry.ID(self.subject.gid)


@mutation(
    MemberRemovePayload,
    scope=ApiScope.MANAGE_ORGANIZATION,
    tenant=None,
    description="Take somebody out of your organization: nothing acts for them there after a minute.",
)
async def member_remove(unit: Unit, info: Info, input: MemberRemoveInput) -> Done:
    person_id = of_own(unit, Kind.MEMBER, input.member_id, "memberId")
    await remove_member(unit.session, unit.actor, person_id=person_id)
    return Done(input.member_id)
