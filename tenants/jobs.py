"""Wake-ups for the worker. A job row is a hint: what is due can always be found without it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import asyncpg
import orjson
from pgqueuer import PgQueuer
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.errors import FailingListenerError
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.clock import wall_now
from tenants.database import driver_connection
from tenants.sql import statement

QUEUE_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    FailingListenerError,
)
"""The database went away, or is starting: it may come back."""

# Lateral, so that each is one look into the index, however long the queue is.
PRESENT = statement("""
SELECT wanted.entrypoint, wanted.payload
FROM unnest(:kinds!texts, :payloads!byteas) AS wanted (entrypoint, payload)
CROSS JOIN LATERAL (
    SELECT 1 FROM pgqueuer q
    WHERE q.entrypoint = wanted.entrypoint AND q.payload = wanted.payload AND q.status IN ('queued', 'picked')
      AND (q.status = 'queued' OR q.heartbeat > :alive_since!instant)
    LIMIT 1
) AS there
""")


class JobKind(StrEnum):
    SYNC = "sync"
    DELIVERIES = "deliveries"
    RECOMPUTE = "recompute"
    BULK = "bulk"


@dataclass(frozen=True)
class Job:
    """`owner_id` is the tenant whose work it is, or for a bulk job the organization."""

    kind: JobKind
    owner_id: UUID
    subject_id: UUID | None = None

    def payload(self) -> bytes:
        return orjson.dumps({"owner_id": str(self.owner_id), "subject_id": self.subject_id and str(self.subject_id)})

    @classmethod
    def parse(cls, kind: JobKind, payload: bytes) -> "Job":
        content = orjson.loads(payload)
        subject = content["subject_id"]
        return cls(kind, UUID(content["owner_id"]), None if subject is None else UUID(subject))


class JobQueue(Protocol):
    async def enqueue(self, session: AsyncSession, job: Job) -> None:
        """In the unit of work that causes the job: both commit, or neither."""
        ...

    async def enqueue_missing(self, session: AsyncSession, jobs: Sequence[Job]) -> int:
        """Only those that neither wait nor run already; returns how many."""
        ...


@dataclass(frozen=True)
class PostgresJobQueue:
    """pgqueuer's tables, written on the session's own connection.

    A job whose worker has been silent for longer than `silence` is anybody's.
    """

    silence: timedelta = timedelta(seconds=30)

    async def enqueue(self, session: AsyncSession, job: Job) -> None:
        connection = await driver_connection(session)
        await Queries.from_asyncpg_connection(connection).enqueue(job.kind.value, job.payload())

    async def enqueue_missing(self, session: AsyncSession, jobs: Sequence[Job]) -> int:
        parameters = {
            "kinds": [job.kind.value for job in jobs],
            "payloads": [job.payload() for job in jobs],
            "alive_since": wall_now() - self.silence,
        }
        rows = await session.execute(PRESENT, parameters)
        present = {(row.entrypoint, bytes(row.payload)) for row in rows}
        missing = [job for job in jobs if (job.kind.value, job.payload()) not in present]
        if missing:
            connection = await driver_connection(session)
            await Queries.from_asyncpg_connection(connection).enqueue(
                [job.kind.value for job in missing], [job.payload() for job in missing], [0] * len(missing)
            )
        return len(missing)


@asynccontextmanager
async def open_queue(url: str) -> AsyncIterator[PgQueuer]:
    """The consuming end, on connections of its own: listening keeps one busy for good."""
    pool = await asyncpg.create_pool(url, min_size=2, max_size=4, server_settings={"application_name": "azimuth-queue"})
    try:
        yield PgQueuer.from_asyncpg_pool(pool)
    finally:
        await pool.close()
