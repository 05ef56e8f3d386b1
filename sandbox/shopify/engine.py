"""One GraphQL request, from its text to the body of the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    OperationDefinitionNode,
    execute_sync,
    get_variable_values,
    parse,
    validate,
)

from sandbox.shopify.complaints import invalid, invalid_variable
from sandbox.shopify.context import RequestContext
from sandbox.shopify.cost import Bucket, Estimator, Part, actual, requested
from sandbox.shopify.schema import admin_schema

RATE_DOCUMENTATION = "https://shopify.dev/api/usage/rate-limits"
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    text: str
    variables: dict[str, Any]
    operation_name: str | None = None


@lru_cache(maxsize=512)
def prepare(text: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
    """Apps send the same few documents again and again."""
    try:
        document = parse(text, max_tokens=10_000)
    except GraphQLError as error:
        return None, (error,)
    return document, tuple(validate(admin_schema(), document))


def choose_operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name is None and len(operations) == 1:
        return operations[0]
    return next((node for node in operations if node.name and node.name.value == name), None)


def run(query: Query, context: RequestContext, bucket: Bucket, *, query_limit: int, drained: bool = False) -> Body:
    """`drained` empties the bucket first, so that the query meets THROTTLED with honest numbers."""
    document, errors = prepare(query.text)
    if document is None or errors:
        return {"errors": [invalid(error) for error in errors]}
    operation = choose_operation(document, query.operation_name)
    if operation is None:
        return {"errors": [{"message": f"No operation named {query.operation_name!r}"}]}
    schema = admin_schema()
    values = get_variable_values(schema, operation.variable_definitions or (), query.variables)
    if isinstance(values, list):
        return {"errors": [invalid_variable(error) for error in values]}
    parts = Estimator(schema, document, values).operation(operation)
    price = requested(parts)
    if price > query_limit:
        return too_expensive(price, query_limit)
    if drained:
        bucket.set(0)
    if price > bucket.available:
        return throttled(price, bucket)
    result = execute_sync(schema, document, None, context, query.variables, query.operation_name)
    return settled(result.data, result.errors or (), parts, context, bucket)


def settled(
    data: Body | None,
    errors: Sequence[GraphQLError],
    parts: list[Part],
    context: RequestContext,
    bucket: Bucket,
) -> Body:
    """The requested cost was only a reservation: what the answer did not need is given back at once."""
    paid = actual(parts, data)
    bucket.spend(paid)
    body: Body = {"data": data}
    if errors:
        body["errors"] = [error.formatted for error in errors]
    body["extensions"] = {"cost": cost(requested(parts), paid, bucket)}
    if context.searches:
        body["extensions"]["search"] = context.searches
    return body


def cost(price: int, paid: int | None, bucket: Bucket) -> Body:
    return {"requestedQueryCost": price, "actualQueryCost": paid, "throttleStatus": bucket.status()}


def throttled(price: int, bucket: Bucket) -> Body:
    error = {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": RATE_DOCUMENTATION}}
    return {"errors": [error], "extensions": {"cost": cost(price, None, bucket)}}


def too_expensive(price: int, limit: int) -> Body:
    message = f"Query cost is {price}, which exceeds the single query max cost limit ({limit})."
    extensions = {"code": "MAX_COST_EXCEEDED", "cost": price, "maxCost": limit, "documentation": RATE_DOCUMENTATION}
    return {"errors": [{"message": message, "extensions": extensions}]}
