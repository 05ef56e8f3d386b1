"""Making a tenant's components true again, as jobs ask for it."""

from uuid import UUID

from domain.facts.recompute import DAYS_AT_ONCE, recompute
from tenants.clock import Clock
from tenants.database import Database
from tenants.registry.profile import get_profile
from tenants.scope import Scope


async def recompute_tenant(database: Database, clock: Clock, *, tenant_id: UUID) -> int:
    """Until no day is dirty; each batch is a unit of work of its own. Returns how many days.

    What is marked meanwhile has a wake-up of its own.
    """
    days = 0
    while True:
        async with database.unit_of_work(Scope.of_tenant(tenant_id)) as session:
            work = await recompute(session, await get_profile(session, tenant_id), now=clock.now())
        days += len(work.days)
        if len(work.days) < DAYS_AT_ONCE:
            return days
