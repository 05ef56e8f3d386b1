"""Tenants and who may see them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from uuid import UUID
from zoneinfo import available_timezones

from sqlalchemy.ext.asyncio import AsyncSession

from tenants.access.actor import Actor, ApiScope
from tenants.access.models import Organization
from tenants.currencies import is_currency
from tenants.database import enter, snapshot_within
from tenants.errors import GrantEnded, InvalidInput, NoGrant, NotFound
from tenants.ids import FIRST, new_id
from tenants.registry.grants import GrantRole
from tenants.registry.models import Grant, Tenant, TenantProfile, TenantState
from tenants.scope import Scope
from tenants.secrets.keyring import KeyRing
from tenants.snapshots import Snapshot
from tenants.sql import Row, query

# At least one row: without a grant its columns are null.
ADMISSION = query("""
SELECT e.owned, g.scopes, g.expires_at, g.revoked_at
FROM (
    SELECT EXISTS (
        SELECT FROM tenants WHERE id = :tenant_id!uuid AND organization_id = :organization_id!uuid
    ) AS owned
) e LEFT JOIN grants g ON g.tenant_id = :tenant_id AND g.organization_id = :organization_id
""")
READABLE = query("""
(
    SELECT DISTINCT tenant_id AS id FROM grants
    WHERE organization_id = :organization_id!uuid AND tenant_id > :after!uuid AND :scope!text = ANY (scopes)
      AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now!instant)
    ORDER BY id LIMIT :limit!bigint
) UNION (
    SELECT id FROM tenants WHERE organization_id = :organization_id AND id > :after ORDER BY id LIMIT :limit
)
ORDER BY id LIMIT :limit
""")


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
    """Opens a tenant under an organization of its own and grants it to the caller's organization, until the owner
    decides otherwise."""
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
                role=GrantRole.ADMIN,
                scopes=sorted(GrantRole.ADMIN.scopes),
                granted_by=actor.name,
                granted_by_organization_id=actor.organization_id,
            ),
        )
    )
    await session.flush()
    await enter(session, Scope.of_tenant(tenant_id, organization_id=actor.organization_id))
    return tenant_id


async def admit(
    snapshot: Snapshot, actor: Actor, *, tenant_id: UUID, scope: ApiScope, now: datetime, field: tuple[str, ...] = ()
) -> None:
    """Lets the actor at a tenant or raises NotFound, NoGrant, GrantEnded; ForbiddenScope for the token itself."""
    actor.require(scope)
    await require_grant(snapshot, actor, tenant_id=tenant_id, scope=scope, now=now, field=field)


async def require_grant(
    snapshot: Snapshot, actor: Actor, *, tenant_id: UUID, scope: ApiScope, now: datetime, field: tuple[str, ...] = ()
) -> None:
    """As above, whatever the token itself allows."""
    if not actor.may_meet(tenant_id):
        raise NotFound(field=field)
    rows = await snapshot.fetch(ADMISSION, tenant_id=tenant_id, organization_id=actor.organization_id)
    refusal = refused(rows, scope=scope, now=now, field=field)
    if refusal is not None:
        raise refusal


async def is_admitted(
    session: AsyncSession, *, organization_id: UUID, tenant_id: UUID, scope: ApiScope, now: datetime
) -> bool:
    """Whether an organization may do what was begun for it a while ago. Enters it, beside the tenant."""
    await enter(session, Scope.of_tenant(tenant_id, organization_id=organization_id))
    rows = await (await snapshot_within(session)).fetch(ADMISSION, tenant_id=tenant_id, organization_id=organization_id)
    return refused(rows, scope=scope, now=now) is None


async def admit_later(session: AsyncSession, actor: Actor, *, tenant_id: UUID, scope: ApiScope, now: datetime) -> None:
    """As `admit`, of what shall be done by another token. Enters the actor's organization, beside the tenant."""
    await enter(session, Scope(organization_id=actor.organization_id, readable=frozenset({tenant_id})))
    await admit(await snapshot_within(session), actor, tenant_id=tenant_id, scope=scope, now=now, field=("tenant",))


def refused(
    rows: Sequence[Row], *, scope: ApiScope, now: datetime, field: tuple[str, ...] = ()
) -> NotFound | NoGrant | GrantEnded | None:
    """Why the organization may not, by rows as those of ADMISSION: there are none of a tenant that does not exist."""
    grants = [row for row in rows if row.scopes is not None]
    if any(row.owned for row in rows) or any(is_live(grant, now) and scope in grant.scopes for grant in grants):
        return None
    if any(is_live(grant, now) for grant in grants):
        return NoGrant(field=field)
    return GrantEnded(field=field) if grants else NotFound(field=field)


async def tenants_of(
    snapshot: Snapshot, actor: Actor, *, scope: ApiScope, now: datetime, after: UUID | None, limit: int
) -> list[UUID]:
    """The tenants the actor may read, in the order of their ids, one page."""
    actor.require(scope)
    if actor.bounds is not None:
        return await _only(snapshot, actor, actor.bounds.tenant_id, scope=scope, now=now, after=after)
    rows = await snapshot.fetch(
        READABLE, organization_id=actor.organization_id, scope=scope, now=now, after=after or FIRST, limit=limit
    )
    return [row.id for row in rows]


async def _only(
    snapshot: Snapshot, actor: Actor, tenant_id: UUID, *, scope: ApiScope, now: datetime, after: UUID | None
) -> list[UUID]:
    """The one that an embed token is for, where it may still be read."""
    if after is not None and after >= tenant_id:
        return []
    rows = await snapshot.fetch(ADMISSION, tenant_id=tenant_id, organization_id=actor.organization_id)
    return [] if refused(rows, scope=scope, now=now) else [tenant_id]


def is_live(grant: Row, now: datetime) -> bool:
    return grant.revoked_at is None and (grant.expires_at is None or grant.expires_at > now)


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
