"""Templates of an organization, and clients they were applied to."""

from datetime import UTC, date, datetime
from uuid import UUID

from domain.templates.service import apply_template, create_template
from tenants.access.actor import Actor
from tenants.database import Database
from tenants.scope import Scope
from tests.factories.tenants import Tenancy


async def new_template(database: Database, actor: Actor, tenant: Tenancy, *, name: str = "Retail") -> UUID:
    """Of what the tenant has."""
    async with database.unit_of_work(_scope(actor, tenant)) as session:
        made = await create_template(
            session, actor, profile=tenant.profile, name=name, description=None, now=datetime.now(UTC)
        )
    return made.id


async def apply_to(database: Database, actor: Actor, template_id: UUID, tenant: Tenancy) -> None:
    async with database.unit_of_work(_scope(actor, tenant)) as session:
        await apply_template(
            session,
            actor,
            profile=tenant.profile,
            template_id=template_id,
            version=1,
            starts_on=date(2026, 1, 1),
            now=datetime.now(UTC),
        )


def _scope(actor: Actor, tenant: Tenancy) -> Scope:
    return Scope.of_tenant(tenant.id, organization_id=actor.organization_id)
