"""What was asked of this API, and what it cost: for whoever pays, and for whoever looks for what was dear."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import strawberry

from api.context import Context
from api.pagination import page_size
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

    @strawberry.field(description="The dearest first.")
    def operations(self, first: int = 10) -> list[OperationUsage]:
        return _operations(self.rows, first)

    @classmethod
    def of(cls, rows: Sequence[Row], asked: Window) -> "TenantUsage":
        sums = {name: rows[0][f"all_{name}"] if rows else NOTHING for name in ("requests", "points")}
        return cls(since=asked.since, until=asked.until, rows=rows, **sums)


def _operations(rows: Sequence[Row], first: int) -> list[OperationUsage]:
    return [
        OperationUsage(name=row["operation"], requests=row["requests"], points=row["points"])
        for row in rows[: page_size(first)]
    ]
