"""`azimuth doctor explain`: what a document costs the database, statement by statement, with the server's own plans.

For whoever holds the database's credentials. Plans show the values that were asked with; nothing of this is served.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse

from api.context import Context
from api.ids import Kind, decode_as, tenant_gid
from api.nodes import fetch_node
from api.schema import schema
from api.wiring import open_parts
from tenants.access.actor import Actor, ApiScope
from tenants.errors import NotFound
from tenants.examination import organization_of
from tenants.explaining import Explained, ExplainedDatabase, How
from tenants.ids import new_id
from tenants.scope import Scope
from tenants.settings import Settings

DASHBOARD = Path(__file__).parent / "demo" / "dashboard.graphql"


class NotExplained(Exception):
    """Nothing could be looked at; the message says why."""


async def explain(settings: Settings, *, tenant: str, document: str, variables: dict[str, Any], how: How) -> str:
    """The document is carried out for the tenant's own organization. Raises NotExplained."""
    tenant_id = _tenant(tenant)
    _refuse_changes(document)
    async with open_parts(settings) as parts:
        database = ExplainedDatabase(parts.urls.application, settings.statement_timeout_seconds, how)
        try:
            context = Context.of(
                replace(parts.house, database=database),
                await _owner(database, tenant_id),
                str(new_id()),
                fetch_node=fetch_node,
            )
            try:
                given = {"tenant": tenant_gid(tenant_id), **variables}
                result = await schema.execute(document, variable_values=given, context_value=context)
            finally:
                await context.close()
        finally:
            await database.close()
    if result.errors:
        raise NotExplained("\n".join(error.message for error in result.errors))
    return _as_json(database.plans) if how.json else "\n".join(_as_text(database.plans))


def parse_variables(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise NotExplained("The variables are no JSON object.")
    return found


def _tenant(gid: str) -> UUID:
    try:
        return decode_as(Kind.TENANT, gid).owner
    except NotFound:
        raise NotExplained(f"{gid} is no tenant's id: it begins with ten_") from None


async def _owner(database: ExplainedDatabase, tenant_id: UUID) -> Actor:
    async with database.snapshot(Scope(readable=frozenset((tenant_id,)))) as session:
        organization_id = await organization_of(session, tenant_id)
    if organization_id is None:
        raise NotExplained("There is no such tenant.")
    return Actor(organization_id, new_id(), "doctor", frozenset(ApiScope))


def _refuse_changes(document: str) -> None:
    try:
        definitions = parse(document).definitions
    except GraphQLError as error:
        raise NotExplained(f"The document cannot be read: {error.message}") from None
    for each in definitions:
        if isinstance(each, OperationDefinitionNode) and each.operation is not OperationType.QUERY:
            raise NotExplained("Only queries are explained: a change would be made.")


def _as_json(plans: Sequence[Explained]) -> str:
    return orjson.dumps([asdict(each) for each in plans], option=orjson.OPT_INDENT_2).decode()


def _as_text(plans: Sequence[Explained]) -> Iterator[str]:
    for number, each in enumerate(plans, start=1):
        yield f"-- {number} {each.name}"
        yield each.statement.strip()
        yield from (f"--   {line}" for line in each.plan)
        yield ""
