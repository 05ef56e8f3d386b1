"""CPU time by the kernel's own accounting: utime and stime of /proc/PID/stat, to the clock tick."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from bench.model import Failed

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
BACKENDS = """
SELECT pid FROM pg_stat_activity
WHERE datname = $1 AND usename = $2 AND application_name LIKE $3 AND backend_type = 'client backend'
"""

Spent = Mapping[tuple[int, int], float]
"""Seconds by process: its id and when it began, since ids are used again."""


@dataclass(frozen=True)
class Charged:
    """Whose time a variant pays for: its process with all that it started, also those that it starts later, and every
    backend that serves its role in its database.

    `application` tells apart those who share a role; where nobody does, whatever name a connection has counts.
    """

    process: int
    database: str
    role: str
    application: str = "%"


@dataclass
class Meter:
    """`connection` is of a superuser, who sees all backends."""

    connection: asyncpg.Connection

    async def read(self, charged: Charged) -> Spent:
        backends = await self.connection.fetch(BACKENDS, charged.database, charged.role, charged.application)
        found = (spent_by(pid) for pid in (*family(charged.process), *(row["pid"] for row in backends)))
        return dict(entry for entry in found if entry is not None)


def difference(before: Spent, after: Spent) -> float:
    """Raises Failed where a process ended in between, since its last seconds are lost."""
    gone = before.keys() - after.keys()
    if gone:
        raise Failed(f"process {', '.join(str(pid) for pid, _ in gone)} ended while it was measured")
    return sum(seconds - before.get(key, 0.0) for key, seconds in after.items())


def family(pid: int) -> list[int]:
    """The process, its children, and theirs. Raises Failed where the kernel does not tell."""
    return [pid, *(each for child in _children(pid) for each in family(child))]


def _children(pid: int) -> list[int]:
    """Of any of its threads; nobody's where there is no such process."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").glob("*"):
        try:
            found += map(int, (thread / "children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            if thread.exists():
                raise Failed("this kernel does not tell the children of a process: see proc_pid_task(5)") from None
    return found


def spent_by(pid: int) -> tuple[tuple[int, int], float] | None:
    """All threads and the children that were waited for; None where there is no such process."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in brackets may hold anything; what follows it begins with field 3.
    fields = line[line.rindex(")") + 2 :].split()
    ticks = sum(map(int, fields[11:15]))
    return (pid, int(fields[19])), ticks / TICKS_PER_SECOND
