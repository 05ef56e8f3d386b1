from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants.tables import DirectoryEntity, DirectoryTable


class BulkJob(DirectoryEntity):
    """An ordinary change that is asked for once and done for many tenants, one after the other.

    Who asked is kept as their token named them: whether they still may is looked up for each tenant anew.
    """

    __tablename__ = "bulk_jobs"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        Index("ix_bulk_jobs_open", "id", postgresql_where=text("finished_at IS NULL")),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    kind: Mapped[str]
    parameters: Mapped[dict[str, Any]]
    dry_run: Mapped[bool]
    total: Mapped[int]
    app_id: Mapped[UUID]
    app_owner_id: Mapped[UUID | None]
    client_id: Mapped[str]
    person_id: Mapped[UUID | None]
    authorization_id: Mapped[UUID | None]
    scopes: Mapped[list[str]]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class BulkVerdict(DirectoryTable):
    """How a bulk job went for one tenant: no code before its turn has come.

    Until there is one `details` says how often it was tried.
    `tenant_id` may name a tenant that does not exist. `subject` is the global id of what was made.
    """

    __tablename__ = "bulk_verdicts"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "job_id"], ["bulk_jobs.organization_id", "bulk_jobs.id"]),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str | None]
    message: Mapped[str | None]
    field: Mapped[list[str] | None]
    subject: Mapped[str | None]
    details: Mapped[dict[str, Any] | None]
    decided_at: Mapped[datetime | None]
