"""A database whose answers come with the plans of their statements, for an operator who asks why one is slow."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

import orjson

from tenants.database import Database
from tenants.scope import Scope
from tenants.snapshots import Snapshot
from tenants.sql import Query, Row


class ReadsOnly(Exception):
    """A change was asked for where plans are looked at."""


@dataclass(frozen=True)
class Explained:
    """`plan` is the server's: lines of text, or its JSON."""

    name: str
    statement: str
    plan: Any


@dataclass(frozen=True)
class How:
    """`analyze` carries every statement out once more, to say what it did and not only what it would."""

    analyze: bool = False
    json: bool = False

    @property
    def words(self) -> str:
        options = ["ANALYZE", "BUFFERS"] if self.analyze else []
        return f"EXPLAIN ({', '.join([*options, 'FORMAT JSON' if self.json else 'FORMAT TEXT'])}) "


@dataclass(slots=True)
class ExplainedSnapshot(Snapshot):
    how: How
    plans: list[Explained]

    async def fetch(self, query: Query, **values: Any) -> list[Row]:
        asked = [values[name] for name in query.parameters]
        # Before the statement itself, which would warm the caches for it.
        lines = [row[0] for row in await self.connection.fetch(self.how.words + query.text, *asked)]
        self.plans.append(Explained(query.name, query.text, orjson.loads(lines[0]) if self.how.json else lines))
        return await query.fetch(self.connection, **values)

    async def fetch_one(self, query: Query, **values: Any) -> Row | None:
        rows = await self.fetch(query, **values)
        return rows[0] if rows else None


@dataclass
class ExplainedDatabase(Database):
    """Reads as the one at `url` does, under the same role and the same row-level security, and never writes."""

    url: str
    statement_timeout_seconds: float
    how: How
    plans: list[Explained] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.url, pool_size=1, statement_timeout_seconds=self.statement_timeout_seconds)

    @asynccontextmanager
    async def reading(self, scope: Scope) -> AsyncIterator[Snapshot]:
        async with super().reading(scope) as snapshot:
            yield ExplainedSnapshot(snapshot.connection, self.how, self.plans, turned_to=snapshot.turned_to)

    def unit_of_work(self, scope: Scope | None = None) -> NoReturn:
        raise ReadsOnly("Only queries are explained: a change would be made.")
