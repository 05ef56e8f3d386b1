"""Wake-ups for the worker. A job row is a hint: what is due can always be found without it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import orjson
from pgqueuer.adapters.persistence.queries import Queries
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.database import driver_connection


class JobKind(StrEnum):
    SYNC = "sync"
    DELIVERIES = "deliveries"
    RECOMPUTE = "recompute"


@dataclass(frozen=True)
class Job:
    kind: JobKind
    tenant_id: UUID
    subject_id: UUID | None = None

    def payload(self) -> bytes:
        return orjson.dumps({"tenant_id": str(self.tenant_id), "subject_id": self.subject_id and str(self.subject_id)})

    @classmethod
    def parse(cls, kind: JobKind, payload: bytes) -> "Job":
        content = orjson.loads(payload)
        subject = content["subject_id"]
        return cls(kind, UUID(content["tenant_id"]), None if subject is None else UUID(subject))


class JobQueue(Protocol):
    async def enqueue(self, session: AsyncSession, job: Job) -> None:
        """In the unit of work that causes the job: both commit, or neither."""
        ...


class PostgresJobQueue:
    """pgqueuer's tables, written on the session's own connection."""

    async def enqueue(self, session: AsyncSession, job: Job) -> None:
        connection = await driver_connection(session)
        await Queries.from_asyncpg_connection(connection).enqueue(job.kind.value, job.payload())
