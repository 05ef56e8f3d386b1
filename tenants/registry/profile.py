"""The tenant in its own terms: its money, its zone, its today."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.clock import local_day
from tenants.errors import NotFound
from tenants.registry.models import TenantProfile
from tenants.sql import Row

COLUMNS = ("name", "currency", "time_zone", "fiscal_year_start_month", "clock_shift_days")


class Profile(NamedTuple):
    tenant_id: UUID
    name: str
    currency: str
    time_zone: ZoneInfo
    fiscal_year_start_month: int
    clock_shift: timedelta

    def today(self, now: datetime) -> date:
        """The business date. `now` is the wall clock, which a demo tenant's own clock may differ from."""
        return _today(now, self.clock_shift, self.time_zone)

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


@lru_cache(maxsize=128)
def _today(now: datetime, shift: timedelta, zone: ZoneInfo) -> date:
    """A request asks for many tenants at one instant, and they live in few zones."""
    return local_day(now + shift, zone)


async def get_profile(session: AsyncSession, tenant_id: UUID) -> Profile:
    row = (
        await session.execute(select(TenantProfile).where(TenantProfile.tenant_id == tenant_id))
    ).scalar_one_or_none()
    if row is None:
        raise NotFound
    return profile_of(row)
