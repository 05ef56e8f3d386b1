"""How a mutation is declared: its input, its payload, its scope. The gate does the rest."""

import dataclasses
import enum
import inspect
from collections.abc import Awaitable, Callable, Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar, cast
from uuid import UUID

import strawberry
from strawberry.utils.str_converters import to_camel_case

from api.context import Info
from api.ids import Kind, decode_as, decode_tenant
from api.own import scopes_to_read
from tenants.access.actor import ApiScope
from tenants.errors import NotFound, Refusal
from tenants.gate import Command, Done, Gate, Unit

I = TypeVar("I", bound="KeyedInput")  # noqa: E741


@strawberry.input
class KeyedInput:
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="The same key with the same input gives the first result again, for 24 hours.",
    )
    client_mutation_id: str | None = None


@strawberry.type(description="Why an input was refused. Nothing was changed.")
class UserError:
    field: list[str] = strawberry.field(description="The path of the refused input, for example [input, dueOn].")
    message: str
    code: str

    @classmethod
    def of(cls, refusal: Refusal) -> "UserError":
        return cls(field=["input", *refusal.field], message=refusal.message, code=refusal.code)


@dataclasses.dataclass(frozen=True)
class Subject:
    """What a mutation made or changed, and the scope it was done by."""

    gid: str
    scope: ApiScope


@strawberry.type
class Payload:
    """`secret` is told in the first answer only."""

    subject: strawberry.Private[Subject | None]
    secret: strawberry.Private[str | None]
    user_errors: list[UserError]
    client_mutation_id: str | None


def mutation(
    payload: type[Payload],
    *,
    scope: ApiScope,
    tenant: str | None,
    description: str,
    also: Collection[ApiScope] = (),
) -> Callable[[Callable[[Unit, Info, I], Awaitable[Done]]], Any]:
    """`tenant` names the input field whose global id says which tenant is acted on; None acts on the organization.

    `scope` is asked for there too; those in `also` the token needs besides.
    """

    def declare(work: Callable[[Unit, Info, I], Awaitable[Done]]) -> Any:
        input_type = inspect.get_annotations(work, eval_str=True)["input"]

        async def resolve(info: Info, input: Any) -> Any:
            # Before anything is done: a change that could not be told would be done all the same.
            for each in (scope, *also, *sorted(scopes_to_read(info))):
                info.context.actor.require(each)
            return await _perform(info, work.__name__, input, work, payload, scope, tenant)

        resolve.__name__ = work.__name__
        resolve.__annotations__ = {"info": Info, "input": input_type, "return": payload}
        return strawberry.mutation(resolver=resolve, description=description)

    return declare


def within(unit: Unit, kind: Kind, gid: str, field: str) -> UUID:
    """The id in `gid`, which must be of this kind and of the tenant that is acted on. Raises NotFound."""
    decoded = decode_as(kind, gid, field=(field,))
    if decoded.owner != unit.tenant_id:
        raise NotFound(field=(field,))
    return decoded.id


def of_own(unit: Unit, kind: Kind, gid: str, field: str) -> UUID:
    """The id in `gid`, which must be of this kind and of the actor's organization. Raises NotFound."""
    decoded = decode_as(kind, gid, field=(field,))
    if decoded.owner != unit.actor.organization_id:
        raise NotFound(field=(field,))
    return decoded.id


def of_oneself(unit: Unit, kind: Kind, gid: str, field: str) -> UUID:
    """The id in `gid`, which must be of this kind and the person's own. Raises PersonsOnly, NotFound."""
    decoded = decode_as(kind, gid, field=(field,))
    if decoded.owner != unit.actor.person:
        raise NotFound(field=(field,))
    return decoded.id


async def _perform(
    info: Info, name: str, input_: Any, work: Any, payload: type[Payload], scope: ApiScope, tenant: str | None
) -> Payload:
    context = info.context
    try:
        command = _command(name, input_, scope, tenant)
    except NotFound as refusal:
        return _answer(payload, input_, None, None, (refusal,))

    async def run(unit: Unit) -> Done:
        return cast(Done, await work(unit, info, input_))

    await context.refresh()
    outcome = await Gate(context.house.database, context.house.clock, run).perform(context.actor, command)
    subject = None if outcome.subject is None else Subject(outcome.subject, scope)
    return _answer(payload, input_, subject, outcome.secret, outcome.errors)


def _command(name: str, input_: Any, scope: ApiScope, tenant: str | None) -> Command:
    field = () if tenant is None else (to_camel_case(tenant),)
    return Command(
        name=to_camel_case(name),
        scope=scope,
        input=plain(input_),
        tenant_id=None if tenant is None else _tenant(getattr(input_, tenant), field),
        tenant_field=field,
        key=input_.idempotency_key,
    )


def _tenant(gid: str, field: tuple[str, ...]) -> UUID:
    """The tenant itself where the field says so, else the one to which what it names belongs. Raises NotFound."""
    return decode_as(Kind.TENANT, gid, field=field).owner if field == ("tenantId",) else decode_tenant(gid, field=field)


def _answer(
    payload: type[Payload], input_: Any, subject: Subject | None, secret: str | None, errors: tuple[Refusal, ...]
) -> Payload:
    return payload(
        subject=subject,
        secret=secret,
        user_errors=[UserError.of(each) for each in errors],
        client_mutation_id=input_.client_mutation_id,
    )


def plain(input_: Any) -> dict[str, Any]:
    """An input as the audit and bulk jobs keep it: as JSON, by the names of the schema."""
    content = dataclasses.asdict(input_)
    for unwanted in ("idempotency_key", "client_mutation_id"):
        content.pop(unwanted, None)
    return cast(dict[str, Any], _jsonable(content))


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {to_camel_case(key): _jsonable(each) for key, each in value.items() if each is not strawberry.UNSET}
    if isinstance(value, list):
        return [_jsonable(each) for each in value]
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value
