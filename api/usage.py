"""What was asked of this API, and what it cost: for whoever pays, and for whoever looks for what was dear."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import strawberry

from api.context import Context
from api.pagination import page_size
from api.sets import Each, set_based
from domain.connections.reads import synced
from tenants.errors import InvalidInput
from tenants.sql import Row

NOTHING = Decimal(0)


class Window(NamedTuple):
    since: dt.datetime
    until: dt.datetime


def window(context: Context, since: dt.datetime, until: dt.datetime | None) -> Window:
    """Raises InvalidInput where it ends before it begins."""
    asked = Window(since, until or context.now)
    if asked.until <= asked.since:
        raise InvalidInput("`until` comes after `since`.", field=("until",))
    return asked


@strawberry.type(description="What was asked by one name; empty where it was asked without.")
class OperationUsage:
    name: str
    requests: Decimal
    points: Decimal = strawberry.field(description="What they cost, as `extensions.cost` tells it of each.")


@strawberry.type(description="What was asked from `since` on and before `until`, counted by the minute.")
class Usage:
    since: dt.datetime
    until: dt.datetime
    requests: Decimal
    points: Decimal = strawberry.field(description="What they cost, as `extensions.cost` tells it of each.")
    throttled: Decimal = strawberry.field(description="Those that were refused for want of points.")
    failed: Decimal = strawberry.field(description="Those that were answered with an error, or refused.")
    rows: strawberry.Private[Sequence[Row]]

    @strawberry.field(description="The dearest first.")
    def operations(self, first: int = 10) -> list[OperationUsage]:
        return _operations(self.rows, first)

    @classmethod
    def of(cls, rows: Sequence[Row], asked: Window) -> "Usage":
        names = ("requests", "points", "throttled", "failed")
        sums = {name: rows[0][f"all_{name}"] if rows else NOTHING for name in names}
        return cls(since=asked.since, until=asked.until, rows=rows, **sums)


@strawberry.type(description="What your organization asked of one tenant. Where it asked many at once, its part.")
class TenantUsage:
    since: dt.datetime
    until: dt.datetime
    requests: Decimal
    points: Decimal
    rows: strawberry.Private[Sequence[Row]]
    tenant_id: strawberry.Private[UUID]

    @strawberry.field(description="The dearest first.")
    def operations(self, first: int = 10) -> list[OperationUsage]:
        return _operations(self.rows, first)

    @set_based(description="Read from its providers, for whomever; what was read is told for 90 days.")
    async def records_synced(usages: Sequence["TenantUsage"], context: Context) -> Each[Decimal]:
        found: dict[Window, Mapping[UUID, int]] = {}
        for asked in {Window(each.since, each.until) for each in usages}:
            tenant_ids = [each.tenant_id for each in usages]
            found[asked] = await context.reader.read(synced, tenant_ids, since=asked.since, until=asked.until)
        return [Decimal(found[Window(each.since, each.until)].get(each.tenant_id, 0)) for each in usages]

    @classmethod
    def of(cls, tenant_id: UUID, rows: Sequence[Row], asked: Window) -> "TenantUsage":
        sums = {name: rows[0][f"all_{name}"] if rows else NOTHING for name in ("requests", "points")}
        return cls(since=asked.since, until=asked.until, rows=rows, tenant_id=tenant_id, **sums)


def _operations(rows: Sequence[Row], first: int) -> list[OperationUsage]:
    return [
        OperationUsage(name=row["operation"], requests=row["requests"], points=row["points"])
        for row in rows[: page_size(first)]
    ]
