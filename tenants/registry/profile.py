"""The tenant in its own terms: its money, its zone, its today."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.clock import local_day
from tenants.errors import NotFound
from tenants.registry.models import TenantProfile
from tenants.snapshots import Snapshot
from tenants.sql import Row, query

PROFILES = query("""
SELECT tenant_id, name, currency, time_zone, fiscal_year_start_month, clock_shift_days FROM tenant_profiles
WHERE tenant_id = ANY (:tenant_ids!uuids)
""")


@dataclass(frozen=True)
class Profile:
    tenant_id: UUID
    name: str
    currency: str
    time_zone: ZoneInfo
    fiscal_year_start_month: int
    clock_shift: timedelta

    def today(self, now: datetime) -> date:
        """The business date. `now` is the wall clock, which a demo tenant's own clock may differ from."""
        return local_day(now + self.clock_shift, self.time_zone)

    def day_of(self, instant: datetime) -> date:
        """The local day of a fact, which happened when its provider says it did."""
        return local_day(instant, self.time_zone)


def profile_of(row: TenantProfile | Row) -> Profile:
    return Profile(
        tenant_id=row.tenant_id,
        name=row.name,
        currency=row.currency,
        time_zone=ZoneInfo(row.time_zone),
        fiscal_year_start_month=row.fiscal_year_start_month,
        clock_shift=timedelta(days=row.clock_shift_days),
    )


async def get_profile(session: AsyncSession, tenant_id: UUID) -> Profile:
    row = (
        await session.execute(select(TenantProfile).where(TenantProfile.tenant_id == tenant_id))
    ).scalar_one_or_none()
    if row is None:
        raise NotFound
    return profile_of(row)


async def list_profiles(snapshot: Snapshot, *, tenant_ids: Sequence[UUID]) -> dict[UUID, Profile]:
    return {row.tenant_id: profile_of(row) for row in await snapshot.fetch(PROFILES, tenant_ids=list(tenant_ids))}
