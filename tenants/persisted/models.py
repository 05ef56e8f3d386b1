from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants.access.models import APP_KEY
from tenants.tables import DirectoryEntity, DirectoryTable


class PersistedOperationSet(DirectoryEntity):
    """The operations of one release of an app's front end, until it is put away."""

    __tablename__ = "persisted_operation_sets"
    __table_args__ = (
        ForeignKeyConstraint(*APP_KEY, ondelete="CASCADE"),
        UniqueConstraint("organization_id", "app_id", "version"),
        UniqueConstraint("organization_id", "id"),
    )

    organization_id: Mapped[UUID]
    app_id: Mapped[UUID]
    version: Mapped[int]
    archived_at: Mapped[datetime | None]


class PersistedOperation(DirectoryTable):
    """A document that may be asked for by its SHA-256."""

    __tablename__ = "persisted_operations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "set_id"],
            ["persisted_operation_sets.organization_id", "persisted_operation_sets.id"],
            ondelete="CASCADE",
        ),
        Index("ix_persisted_operations_organization_id_app_id_digest", "organization_id", "app_id", "digest"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
    set_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    app_id: Mapped[UUID]
    name: Mapped[str]
    document: Mapped[str]
