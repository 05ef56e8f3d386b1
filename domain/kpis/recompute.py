"""Making a tenant's numbers true again, from its facts to what its KPIs stand at, as jobs ask for it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.facts.recompute import DAYS_AT_ONCE, Work, recompute
from domain.kpis.refresh import refresh
from tenants.clock import Clock
from tenants.database import Database
from tenants.notices import Topic, announce
from tenants.registry.profile import Profile, get_profile
from tenants.scope import Scope


async def recompute_tenant(database: Database, clock: Clock, *, tenant_id: UUID) -> int:
    """Until no day is dirty; each batch is a unit of work of its own. Returns how many days.

    What is marked meanwhile has a wake-up of its own.
    """
    days = 0
    while True:
        async with database.unit_of_work(Scope.of_tenant(tenant_id)) as session:
            work = await renew(session, await get_profile(session, tenant_id), now=clock.now())
        days += len(work.days)
        if len(work.days) < DAYS_AT_ONCE:
            return days


async def renew(session: AsyncSession, profile: Profile, *, now: datetime) -> Work:
    """One batch of days, and after the last one what the KPIs stand at."""
    work = await recompute(session, profile, now=now)
    if len(work.days) < DAYS_AT_ONCE:
        await refresh(session, profile, since=work.basis, days=work.touched, now=now)
    await announce(session, Topic.FIGURES, profile.tenant_id)
    return work
