"""Tenants and who may see them."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from uuid import UUID
from zoneinfo import available_timezones

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.access.actor import Actor, ApiScope
from tenants.access.models import Organization
from tenants.currencies import is_currency
from tenants.database import enter
from tenants.errors import GrantEnded, InvalidInput, NoGrant, NotFound
from tenants.ids import new_id
from tenants.registry.models import Grant, Tenant, TenantProfile, TenantState
from tenants.scope import Scope
from tenants.secrets.keyring import KeyRing

# A grant given to whoever opens a tenant, until its owner decides otherwise.
FOUNDER_ROLE = "ADMIN"


@dataclass(frozen=True)
class NewTenant:
    name: str
    currency: str
    time_zone: str
    fiscal_year_start_month: int = 1
    industry: str | None = None
    size_band: str | None = None
    business_model: str | None = None
    clock_shift_days: int = 0


async def create_tenant(
    session: AsyncSession, actor: Actor, *, tenant: NewTenant, keyring: KeyRing, now: datetime
) -> UUID:
    """Opens a tenant under an organization of its own and grants it to the caller's organization."""
    tenant = replace(tenant, name=tenant.name.strip())
    _check(tenant)
    tenant_id, organization_id = new_id(), new_id()
    keyring.create(tenant_id)
    await enter(session, Scope.of_tenant(tenant_id, organization_id=organization_id))
    session.add(Organization(id=organization_id, kind="TENANT", name=tenant.name))
    await session.flush()
    session.add(Tenant(id=tenant_id, organization_id=organization_id))
    await session.flush()
    session.add_all(
        (
            TenantProfile(tenant_id=tenant_id, created_at=now, updated_at=now, **vars(tenant)),
            TenantState(tenant_id=tenant_id, data_version=0, updated_at=now),
            Grant(
                tenant_id=tenant_id,
                organization_id=actor.organization_id,
                role=FOUNDER_ROLE,
                scopes=[str(scope) for scope in ApiScope],
            ),
        )
    )
    await session.flush()
    await enter(session, Scope.of_tenant(tenant_id, organization_id=actor.organization_id))
    return tenant_id


async def admit(
    session: AsyncSession, actor: Actor, *, tenant_id: UUID, scope: ApiScope, now: datetime, field: tuple[str, ...] = ()
) -> None:
    """Lets the actor at a tenant or raises NotFound, NoGrant, GrantEnded; ForbiddenScope for the token itself."""
    actor.require(scope)
    grants = (
        (
            await session.execute(
                select(Grant).where(Grant.tenant_id == tenant_id, Grant.organization_id == actor.organization_id)
            )
        )
        .scalars()
        .all()
    )
    if any(is_live(grant, now) and scope in grant.scopes for grant in grants):
        return
    if await _owns(session, actor, tenant_id):
        return
    if any(is_live(grant, now) for grant in grants):
        raise NoGrant(field=field)
    if grants:
        raise GrantEnded(field=field)
    raise NotFound(field=field)


async def tenants_of(
    session: AsyncSession, actor: Actor, *, scope: ApiScope, now: datetime, after: UUID | None, limit: int
) -> list[UUID]:
    """The tenants the actor may read, in the order of their ids, one page."""
    actor.require(scope)
    grants = (await session.execute(select(Grant).where(Grant.organization_id == actor.organization_id))).scalars()
    granted = {grant.tenant_id for grant in grants if is_live(grant, now) and scope in grant.scopes}
    own = (await session.execute(select(Tenant.id).where(Tenant.organization_id == actor.organization_id))).scalars()
    everyone = sorted(granted.union(own))
    return [tenant_id for tenant_id in everyone if after is None or tenant_id > after][:limit]


def is_live(grant: Grant, now: datetime) -> bool:
    return grant.revoked_at is None and (grant.expires_at is None or grant.expires_at > now)


async def _owns(session: AsyncSession, actor: Actor, tenant_id: UUID) -> bool:
    owned = select(Tenant.id).where(Tenant.id == tenant_id, Tenant.organization_id == actor.organization_id)
    return (await session.execute(owned)).scalar_one_or_none() is not None


def _check(tenant: NewTenant) -> None:
    if not tenant.name:
        raise InvalidInput("A tenant needs a name.", field=("name",))
    if len(tenant.name) > 200:
        raise InvalidInput("A name has at most 200 characters.", field=("name",))
    for name, text in (
        ("industry", tenant.industry),
        ("sizeBand", tenant.size_band),
        ("businessModel", tenant.business_model),
    ):
        if text is not None and len(text) > 100:
            raise InvalidInput("At most 100 characters.", field=(name,))
    if not is_currency(tenant.currency):
        raise InvalidInput("Not an ISO 4217 currency code, for example EUR.", field=("currency",))
    if tenant.time_zone not in _zones():
        raise InvalidInput("Not an IANA time zone, for example Europe/Berlin.", field=("timeZone",))
    if not 1 <= tenant.fiscal_year_start_month <= 12:
        raise InvalidInput("A month is a number from 1 to 12.", field=("fiscalYearStartMonth",))
    if abs(tenant.clock_shift_days) > 36_525:
        raise InvalidInput("At most a hundred years.", field=("clockShiftDays",))


@cache
def _zones() -> Collection[str]:
    """Found by walking through the zone files, which holds up everybody for a moment."""
    # What the server's own machine calls local is no place on earth.
    return available_timezones() - {"localtime", "Factory"}
