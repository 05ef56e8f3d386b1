"""What every server that answers reads is made of, so that like is compared with like."""

import os
from dataclasses import dataclass, field

CONNECTIONS = 16
"""To the database, to read with, of each server in all: as many as ever ask at once."""
MOST_PROCESSES = 16
"""More of them, with a connection each, would be more than a server of our own lets in."""


def cores() -> int:
    return min(len(os.sched_getaffinity(0)), MOST_PROCESSES)


@dataclass(frozen=True)
class Crew:
    """One Python process works on one core, and nobody deploys only one."""

    processes: int = field(default_factory=cores)

    @property
    def pool(self) -> int:
        """Connections of each process; rounded up."""
        return -(-CONNECTIONS // self.processes)

    @property
    def environment(self) -> dict[str, str]:
        """What the references read."""
        return {"BENCH_PROCESSES": str(self.processes), "BENCH_POOL": str(self.pool)}

    def __str__(self) -> str:
        some = "process" if self.processes == 1 else "processes"
        return f"{self.processes} {some}, {self.processes * self.pool} connections to read with"
