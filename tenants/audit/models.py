from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from tenants.ids import new_id
from tenants.tables import DirectoryTable, TenantTable


class AuditEntry(TenantTable):
    """Who changed what on a tenant. Chained: each entry's hash covers the one before it.

    `organization_id` is whom the actor acted for.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_subject", "tenant_id", "subject_id", "position"),)

    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    organization_id: Mapped[UUID | None]
    actor_kind: Mapped[str]
    actor_id: Mapped[str | None]
    action: Mapped[str]
    subject_id: Mapped[str | None]
    changes: Mapped[dict[str, Any]]
    previous_hash: Mapped[bytes]
    entry_hash: Mapped[bytes]


class OrganizationAuditEntry(DirectoryTable):
    """Who changed what in an organization where no tenant is concerned."""

    __tablename__ = "organization_audit_entries"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    at: Mapped[datetime]
    actor_kind: Mapped[str]
    actor_id: Mapped[str | None]
    action: Mapped[str]
    subject_id: Mapped[str | None]
    changes: Mapped[dict[str, Any]]
