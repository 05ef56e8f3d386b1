"""Tags are for whoever works for the organization that gave them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from api.context import Context
from tenants.registry.clients import tags_of


async def own_tags(context: Context, tenant_ids: Sequence[UUID]) -> Mapping[UUID, list[str]]:
    """None for the page of an end user, who may be the very client."""
    if context.actor.bounds is not None:
        return {}
    return await context.reader.read(tags_of, tenant_ids, organization_id=context.actor.organization_id)
