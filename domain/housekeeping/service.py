"""Forgetting what need not be kept: small batches, each a unit of work in the scope of its owner."""

import logging
from asyncio import Event
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import CursorResult, TextClause
from sqlalchemy.exc import DBAPIError

from domain.housekeeping.retention import AT_ONCE, OF_ORGANIZATIONS, OF_TENANTS, OF_THE_HOUSE, Retention
from tenants.clock import Clock
from tenants.database import Database
from tenants.ids import FIRST
from tenants.scope import Scope
from tenants.sql import statement

log = logging.getLogger(__name__)

PAGE = 200

TENANTS = statement("SELECT * FROM app.open_tenants(:after!uuid, CAST(:page!bigint AS integer))")
ORGANIZATIONS = statement("SELECT * FROM app.all_organizations(:after!uuid, CAST(:page!bigint AS integer))")


async def tidy(database: Database, clock: Clock, *, halted: Event) -> int:
    """Goes through everything once; returns how many rows went. Stops after the batch in hand when `halted`.

    Any number of workers may do it at the same time. An owner whose rows cannot be had keeps nobody else waiting.
    """
    now = clock.now()
    gone = await _forget(database, OF_THE_HOUSE, Scope(), None, now=now, halted=halted)
    async for organization_id in _owners(database, ORGANIZATIONS):
        scope = Scope(organization_id=organization_id)
        gone += await _forget(database, OF_ORGANIZATIONS, scope, organization_id, now=now, halted=halted)
    async for tenant_id in _owners(database, TENANTS):
        gone += await _forget(database, OF_TENANTS, Scope.of_tenant(tenant_id), tenant_id, now=now, halted=halted)
    return gone


async def _forget(
    database: Database, rules: Sequence[Retention], scope: Scope, owner_id: UUID | None, *, now: datetime, halted: Event
) -> int:
    gone = 0
    try:
        while rules and not halted.is_set():
            counts = await _batch(database, rules, scope, owner_id, now=now)
            gone += sum(counts)
            # Only what filled its batch may have more to forget.
            rules = [rule for rule, count in zip(rules, counts, strict=True) if count == AT_ONCE]
    except DBAPIError as error:
        log.warning("could not forget: %s", type(error.orig).__name__, extra={"owner_id": str(owner_id)})
    return gone


async def _batch(
    database: Database, rules: Sequence[Retention], scope: Scope, owner_id: UUID | None, *, now: datetime
) -> list[int]:
    counts = []
    async with database.unit_of_work(scope) as session:
        for rule in rules:
            parameters = {"before": now - rule.keep, "most": AT_ONCE}
            owner = {"owner_id": owner_id} if rule.owner else {}
            result = await session.execute(rule.prune, {**parameters, **owner})
            assert isinstance(result, CursorResult)
            counts.append(result.rowcount)
    return counts


async def _owners(database: Database, page_of: TextClause) -> AsyncIterator[UUID]:
    after = FIRST
    while True:
        async with database.unit_of_work() as session:
            page = list((await session.execute(page_of, {"after": after, "page": PAGE})).scalars())
        for owner_id in page:
            yield owner_id
        if not page:
            return
        after = page[-1]
