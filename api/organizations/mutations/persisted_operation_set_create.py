import asyncio
from collections.abc import Sequence

import strawberry
from graphql import GraphQLError, GraphQLSchema

from api.context import Info
from api.execution.documents import judge
from api.ids import Kind, encode
from api.made import made
from api.mutation import KeyedInput, Payload, mutation, of_own
from api.organizations.persisted import PersistedOperationSet
from tenants.access.actor import ApiScope
from tenants.errors import InvalidInput
from tenants.gate import Done, Unit
from tenants.persisted.service import NewOperation, check_operations, create_set

MOST_TOLD = 200
"""Characters: the library repeats what it cannot read, however long."""


@strawberry.input
class PersistedOperationInput:
    name: str = strawberry.field(description="What it is called in lists.")
    document: str = strawberry.field(description="To the letter: its hash is what it is asked for by.")


@strawberry.input
class PersistedOperationSetCreateInput(KeyedInput):
    app_id: strawberry.ID
    operations: list[PersistedOperationInput]
    persisted_only: bool | None = strawberry.field(
        default=None,
        description="Whether from now on the app is asked by no other operations. Nothing said leaves it as it is.",
    )


@strawberry.type
class PersistedOperationSetCreatePayload(Payload):
    @strawberry.field(description="What was registered.")
    async def set(self, info: Info) -> PersistedOperationSet | None:
        return await made(info, self.subject, PersistedOperationSet)


@mutation(
    PersistedOperationSetCreatePayload,
    scope=ApiScope.MANAGE_ORGANIZATION,
    tenant=None,
    description="Register the operations of an app's release. Those of earlier sets go on until these are archived.",
)
async def persisted_operation_set_create(unit: Unit, info: Info, input: PersistedOperationSetCreateInput) -> Done:
    app_id = of_own(unit, Kind.APP, input.app_id, "appId")
    operations = [NewOperation(each.name, each.document) for each in input.operations]
    check_operations(operations)
    await _check(operations, info._raw_info.schema)
    row = await create_set(
        unit.session,
        unit.actor,
        app_id=app_id,
        operations=operations,
        only=input.persisted_only,
    )
    return Done(encode(Kind.OPERATION_SET, row.organization_id, row.id))


async def _check(operations: Sequence[NewOperation], schema: GraphQLSchema) -> None:
    """Raises InvalidInput for the first document that could never be carried out. Others go on meanwhile."""
    for at, each in enumerate(operations):
        fault = await asyncio.to_thread(_fault, each.document, schema)
        if fault is not None:
            message = f"This is no document of this schema: {fault[:MOST_TOLD]}"
            raise InvalidInput(message, field=("operations", str(at), "document"), code="DOCUMENT_INVALID")


def _fault(document: str, schema: GraphQLSchema) -> str | None:
    try:
        errors = judge(schema, document).errors
    except GraphQLError as error:
        return error.message
    return errors[0].message if errors else None
