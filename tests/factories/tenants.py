"""Tenants, and who may see them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from api.ids import tenant_gid
from tenants.access.actor import Actor
from tenants.database import Database
from tenants.ids import new_id
from tenants.registry.models import Grant
from tenants.registry.profile import Profile, get_profile
from tenants.registry.service import NewTenant, create_tenant
from tenants.scope import Scope
from tenants.secrets.keyring import KeyRing
from tests.factories.organizations import ALL_SCOPES


@dataclass(frozen=True)
class Tenancy:
    profile: Profile

    @property
    def id(self) -> UUID:
        return self.profile.tenant_id

    @property
    def gid(self) -> str:
        return tenant_gid(self.id)

    @property
    def scope(self) -> Scope:
        return Scope.of_tenant(self.id)


async def new_tenant(database: Database, keyring: KeyRing, founder: Actor, **given: Any) -> Tenancy:
    """Granted in full to the founder's organization. `given` is what differs from a bakery in Berlin."""
    wanted = NewTenant(**{"name": "Corner Bakery", "currency": "EUR", "time_zone": "Europe/Berlin", **given})
    async with database.unit_of_work(Scope(organization_id=founder.organization_id)) as session:
        tenant_id = await create_tenant(session, founder, tenant=wanted, keyring=keyring, now=datetime.now(UTC))
    async with database.snapshot(Scope.of_tenant(tenant_id)) as session:
        return Tenancy(await get_profile(session, tenant_id))


async def give_grant(
    database: Database,
    tenant: Tenancy,
    organization_id: UUID,
    *,
    scopes: Collection[str] = ALL_SCOPES,
    ends_in: timedelta | None = None,
    given_by: Actor | None = None,
) -> UUID:
    """`ends_in` may be negative: the grant has ended then."""
    grant_id = new_id()
    async with database.unit_of_work(tenant.scope) as session:
        session.add(
            Grant(
                id=grant_id,
                tenant_id=tenant.id,
                organization_id=organization_id,
                role="ANALYST",
                scopes=list(scopes),
                expires_at=None if ends_in is None else datetime.now(UTC) + ends_in,
                granted_by=None if given_by is None else given_by.name,
                granted_by_organization_id=None if given_by is None else given_by.organization_id,
            )
        )
    return grant_id


async def founders_grant(database: Database, tenant: Tenancy) -> UUID:
    async with database.snapshot(tenant.scope) as session:
        found: UUID = (await session.scalars(select(Grant.id).where(Grant.tenant_id == tenant.id))).one()
    return found


async def change_grants(database: Database, tenant: Tenancy, **values: Any) -> None:
    """All grants on the tenant."""
    async with database.unit_of_work(tenant.scope) as session:
        await session.execute(update(Grant).where(Grant.tenant_id == tenant.id).values(**values))
