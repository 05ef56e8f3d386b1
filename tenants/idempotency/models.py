from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from tenants.tables import DirectoryTable, TenantTable


class IdempotencyKey(TenantTable):
    """The first answer to a keyed mutation on a tenant: ids and user errors, never an object or a secret."""

    __tablename__ = "idempotency_keys"

    client: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes]
    outcome: Mapped[dict[str, Any]]
    expires_at: Mapped[datetime]


class OrganizationIdempotencyKey(DirectoryTable):
    __tablename__ = "organization_idempotency_keys"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
    client: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes]
    outcome: Mapped[dict[str, Any]]
    expires_at: Mapped[datetime]
