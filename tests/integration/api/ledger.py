"""What stands in the database, seen by its administrator: nothing was changed, or exactly this."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname
"""
COUNTERS = {"cost_budgets", "read_minutes", "usage_minutes"}
"""Whatever is asked is counted, some seconds later."""


@dataclass(frozen=True)
class Content:
    """Rows of each table, and a checksum over all they say."""

    tables: Mapping[str, tuple[int, int]]

    def added(self, before: "Content") -> dict[str, int]:
        """Tables whose content is another one, with how many rows came."""
        return {
            name: self.tables[name][0] - before.tables[name][0]
            for name in self.tables
            if self.tables[name] != before.tables[name]
        }


@dataclass(frozen=True)
class Ledger:
    connection: Connection
    query: str

    @classmethod
    async def of(cls, connection: Connection) -> "Ledger":
        names = [row["relname"] for row in await connection.fetch(TABLES) if row["relname"] not in COUNTERS]
        parts = (
            f"SELECT '{name}' AS name, count(*) AS n, coalesce(sum(hashtextextended(t::text, 0)), 0)::text AS content"
            f" FROM {name} t"
            for name in names
        )
        return cls(connection, " UNION ALL ".join(parts))

    async def read(self) -> Content:
        rows = await self.connection.fetch(self.query)
        return Content({row["name"]: (row["n"], int(row["content"])) for row in rows})

    async def execute(self, sql: str, *parameters: Any) -> None:
        """What no API would do."""
        await self.connection.execute(sql, *parameters)
