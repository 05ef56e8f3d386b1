from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from tenants.tables import DirectoryTable, TenantTable


class UsageMinute(DirectoryTable):
    """What an app asked for an organization in a minute, by the operation's name. It is what is paid for."""

    __tablename__ = "usage_minutes"
    __table_args__ = (Index("ix_usage_minutes_organization_id_minute", "organization_id", "minute"),)

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
    app_id: Mapped[UUID] = mapped_column(primary_key=True)
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(primary_key=True)
    requests: Mapped[int]
    points: Mapped[int]
    throttled: Mapped[int]
    failed: Mapped[int]


class ReadMinute(TenantTable):
    """Who was let into a tenant in a minute, and by which operation. `person_id` is zero where none had signed in.

    `points` are the tenant's part of what the operations cost: one over many is shared out evenly.
    """

    __tablename__ = "read_minutes"

    tenant_id: Mapped[UUID] = mapped_column(
        ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True, sort_order=-100
    )
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    app_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(primary_key=True)
    requests: Mapped[int]
    points: Mapped[int]
