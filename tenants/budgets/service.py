"""Budgets of points that fill again as time goes by: one for each app and tenant, whichever process it asks.

A process begins with a second's worth on credit, then leases a share and spends that by itself: the database is asked
about once a second for an app that is busy, and not at all for one that has spent everything.
"""

from asyncio import Lock
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil, floor
from typing import NamedTuple
from uuid import UUID

from tenants.access.actor import Actor
from tenants.budgets.errors import Throttled
from tenants.clock import Clock
from tenants.database import Database
from tenants.scope import Scope
from tenants.sql import statement

SHARES = 10_000
MET = 100_000
LONG_AGO = datetime.min.replace(tzinfo=UTC)
NONE = UUID(int=0)

_AVAILABLE = "least(:most, b.available + :restored!bigint * greatest(0, extract(epoch FROM now() - b.updated_at)))"
_GRANTED = f"CASE WHEN {_AVAILABLE} >= :needed!bigint THEN least(floor({_AVAILABLE}), :wanted) ELSE 0 END"
LEASE = statement(f"""
INSERT INTO cost_budgets AS b (organization_id, app_id, tenant_id, available, granted, updated_at)
VALUES (:organization_id!uuid, :app_id!uuid, :tenant_id!uuid,
    :most!bigint - least(:most, :wanted!bigint), least(:most, :wanted), now())
ON CONFLICT (organization_id, app_id, tenant_id) DO UPDATE SET
    available = {_AVAILABLE} - {_GRANTED}, granted = {_GRANTED}, updated_at = greatest(b.updated_at, now())
RETURNING granted, available
""")

RETURN = statement("""
UPDATE cost_budgets SET available = least(:most!bigint, available + :returned!bigint)
WHERE organization_id = :organization_id!uuid AND app_id = :app_id!uuid AND tenant_id = :tenant_id!uuid
""")


class Limits(NamedTuple):
    """Points: how many a budget holds at most, how many come back each second, what one operation may cost."""

    most: int
    restored: int
    operation: int


class Status(NamedTuple):
    most: int
    available: int
    restored: int


class Holder(NamedTuple):
    organization_id: UUID
    app_id: UUID
    tenant_id: UUID


@dataclass(slots=True)
class Share:
    """What this process may spend of a budget, and what was left for all when it asked last."""

    holder: Holder
    balance: int
    left: float | None = None
    at: datetime = LONG_AGO
    turn: Lock = field(default_factory=Lock)


class Budgets:
    """Of one process."""

    def __init__(self, database: Database, clock: Clock, limits: Limits) -> None:
        self._database = database
        self._clock = clock
        self.limits = limits
        self._shares: OrderedDict[Holder, Share] = OrderedDict()
        self._met: OrderedDict[tuple[UUID, UUID], None] = OrderedDict()

    def share(self, actor: Actor, tenant_id: UUID | None) -> Share:
        """Whoever asks for a tenant it was never let into pays for that from what is not a tenant's: there is no end
        to ids that can be made up."""
        is_met = tenant_id is not None and (actor.organization_id, tenant_id) in self._met
        holder = Holder(actor.organization_id, actor.app_id, tenant_id if is_met and tenant_id else NONE)
        share = self._shares.get(holder)
        if share is None:
            share = self._shares[holder] = Share(holder, self.limits.restored)
            if len(self._shares) > SHARES:
                self._shares.popitem(last=False)
        else:
            self._shares.move_to_end(holder)
        return share

    def meet(self, actor: Actor, tenant_ids: Collection[UUID]) -> None:
        """Takes note of tenants that the actor was let into."""
        for tenant_id in tenant_ids:
            self._met[actor.organization_id, tenant_id] = None
        while len(self._met) > MET:
            self._met.popitem(last=False)

    async def spend(self, share: Share, cost: int) -> None:
        """Raises Throttled."""
        if share.balance < cost:
            async with share.turn:
                if share.balance < cost:
                    await self._lease(share, cost)
        share.balance -= cost

    async def give_back(self, share: Share, points: int) -> None:
        """Less than nothing where an answer held more than it could. What is more than a process needs goes to all."""
        share.balance += points
        beyond = share.balance - self.limits.operation - self.limits.restored
        if beyond > 0:
            share.balance -= beyond
            parameters = {**share.holder._asdict(), "most": self.limits.most, "returned": beyond}
            async with self._database.unit_of_work(Scope(organization_id=share.holder.organization_id)) as session:
                await session.execute(RETURN, parameters)
            share.left = min(self.limits.most, (share.left or 0) + beyond)

    def status(self, share: Share) -> Status:
        available = min(self.limits.most, share.balance + self._left(share))
        return Status(self.limits.most, available, self.limits.restored)

    def _left(self, share: Share) -> int:
        """Hardly more than this: others take from it, and add what they leased and did not spend."""
        if share.left is None:
            return self.limits.most - self.limits.restored  # of which a second's worth is here, on credit
        seconds = max(0.0, (self._clock.now() - share.at).total_seconds())
        return floor(min(self.limits.most, share.left + seconds * self.limits.restored))

    async def _lease(self, share: Share, cost: int) -> None:
        needed = cost - share.balance
        if share.left is None or self._left(share) >= needed:
            await self._ask(share, needed)
        if share.balance < cost:
            available = share.balance + self._left(share)
            seconds = max(1, ceil((cost - available) / self.limits.restored))
            raise Throttled(cost=cost, available=available, seconds=seconds)

    async def _ask(self, share: Share, needed: int) -> None:
        wanted = needed + min(self.limits.restored, self.limits.most - needed)
        limits = {"most": self.limits.most, "restored": self.limits.restored}
        parameters = {**share.holder._asdict(), **limits, "needed": needed, "wanted": wanted}
        async with self._database.unit_of_work(Scope(organization_id=share.holder.organization_id)) as session:
            granted, left = (await session.execute(LEASE, parameters)).one()
        share.balance += int(granted)
        share.left, share.at = float(left), self._clock.now()
