import strawberry

from api.context import Info
from api.ids import Kind
from api.mutation import KeyedInput, Payload, mutation, of_oneself
from tenants.access.actor import ApiScope
from tenants.access.sign_ins import end_sign_in
from tenants.gate import Done, Unit


@strawberry.input
class SignInEndInput(KeyedInput):
    sign_in_id: strawberry.ID


@strawberry.type
class SignInEndPayload(Payload):
    @strawberry.field(description="Where you are signed in no more.")
    def sign_in_id(self) -> strawberry.ID | None:
        return None if self.subject is None else strawberry.ID(self.subject.gid)


@mutation(
    SignInEndPayload,
    scope=ApiScope.MANAGE_ACCOUNT,
    tenant=None,
    description="Sign out in one browser, at once. What apps were allowed in it stands until it is taken back.",
)
async def sign_in_end(unit: Unit, info: Info, input: SignInEndInput) -> Done:
    sign_in_id = of_oneself(unit, Kind.SIGN_IN, input.sign_in_id, "signInId")
    await end_sign_in(unit.session, person_id=unit.actor.person, sign_in_id=sign_in_id, now=unit.now)
    return Done(input.sign_in_id)
