"""What the server did for a statement: which tables it read from end to end, and how many rows it had in its hands."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from tenants.database import READING
from tests.integration.api.statements import Sent

Plan = dict[str, Any]
SCANS = ("Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Tid Scan", "Sample Scan")


@dataclass
class Work:
    """Of one request, or of several."""

    whole: set[str] = field(default_factory=set)
    """Tables read from end to end."""
    rows: Counter[str] = field(default_factory=Counter)
    """By table: those that were read, also where a filter threw them away."""
    pages: int = 0

    def add(self, plan: Plan) -> None:
        self.pages += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        for node in _nodes(plan):
            table = node.get("Relation Name")
            if table is None or node["Node Type"] not in SCANS:
                continue
            if node["Node Type"] == "Seq Scan" and node["Actual Loops"]:
                self.whole.add(table)
            read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            read += node.get("Rows Removed by Index Recheck", 0)
            self.rows[table] += round(read * node["Actual Loops"])


@asynccontextmanager
async def as_application(administrator: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    """In a transaction that leaves nothing, not even of what its administrator does before `explain`."""
    transaction = administrator.transaction()
    await transaction.start()
    try:
        yield administrator
    finally:
        await transaction.rollback()


async def explain(connection: asyncpg.Connection, sent: Sequence[Sent], *, generic: bool) -> Work:
    """All that one request sent, with its own arguments, bound by row-level security. `generic`: as the server plans
    what it has been asked a few times, not looking at the arguments.
    """
    work = Work()
    await connection.execute("SET LOCAL ROLE azimuth_app")
    ways = {**READING, "plan_cache_mode": f"force_{'generic' if generic else 'custom'}_plan"}
    await connection.execute(";".join(f"SET LOCAL {name} = {value}" for name, value in ways.items()))
    for each in sent:
        for part in each.sql.split(";"):
            if part.startswith("SET LOCAL app."):
                await connection.execute(part)
        if is_read(each):
            work.add(await _plan(connection, each))
    await connection.execute("RESET ROLE")
    return work


def is_read(sent: Sent) -> bool:
    return sent.sql.lstrip().startswith(("SELECT", "WITH"))


async def _plan(connection: asyncpg.Connection, sent: Sent) -> Plan:
    await connection.execute(f"PREPARE asked AS {sent.sql}")
    given = f"({', '.join(map(literal, sent.arguments))})" if sent.arguments else ""
    # One line an object: the codec for jsonb does not matter, and neither does the first line of a text plan.
    said = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) EXECUTE asked{given}")
    await connection.execute("DEALLOCATE asked")
    plan: Plan = json.loads(said)[0]["Plan"]
    return plan


def literal(value: object) -> str:
    """The server knows the parameter's type."""
    if value is None:
        return "NULL"
    return "'" + _text(value).replace("'", "''") + "'"


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return "{" + ",".join(f'"{_text(each)}"' for each in value) + "}"
    return str(value)


def _nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _nodes(each)


def growth(small: Work, large: Work, bounds: Mapping[str, float], *, pages: float) -> list[str]:
    """What a request reads more of where there is more of everything but what it asks for. `bounds` are by table."""
    grown = [
        f"{table}: {large.rows[table]} rows instead of {small.rows[table]}"
        for table, bound in sorted(bounds.items())
        if large.rows[table] > small.rows[table] * bound + 2
    ]
    if large.pages > small.pages * pages:
        grown.append(f"{large.pages} pages instead of {small.pages}")
    return grown


def ends_to_ends(work: Work, tables: Collection[str]) -> list[str]:
    return sorted(work.whole & set(tables))
