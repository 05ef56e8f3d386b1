from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from tenants.tables import DirectoryEntity, DirectoryTable, TenantTable


class Tenant(DirectoryEntity):
    """One business whose data is kept apart. Everything said of it lives in its profile."""

    __tablename__ = "tenants"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), unique=True)
    closed_at: Mapped[datetime | None]


class Grant(DirectoryEntity):
    """What an organization may do on a tenant, and until when. Ended grants stay, as history.

    Who gave and who ended it are named as the audit names actors.
    """

    __tablename__ = "grants"
    __table_args__ = (Index("ix_grants_organization_id_tenant_id", "organization_id", "tenant_id"),)

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    role: Mapped[str]
    scopes: Mapped[list[str]]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    granted_by: Mapped[str | None]
    granted_by_organization_id: Mapped[UUID | None]
    revoked_by: Mapped[str | None]


class EmbedToken(DirectoryEntity):
    """For the page of one end user of a partner's, for minutes: one tenant, one origin, some scopes, some fields.

    The token itself is signed, and kept nowhere. Who it was for is known by a keyed hash alone.
    """

    __tablename__ = "embed_tokens"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "app_id"], ["apps.organization_id", "apps.id"], ondelete="CASCADE"),
        Index("ix_embed_tokens_organization_id_expires_at", "organization_id", "expires_at"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    app_id: Mapped[UUID]
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    subject_hash: Mapped[bytes]
    origin: Mapped[str]
    scopes: Mapped[list[str]]
    fields: Mapped[list[str]]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class ClientTag(DirectoryTable):
    """What an organization calls a tenant that it reads, by which it finds it again."""

    __tablename__ = "client_tags"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True, index=True)
    tag: Mapped[str] = mapped_column(primary_key=True)


class TenantProfile(TenantTable):
    """The business in its own terms. `clock_shift_days` lets a demo tenant live on another date."""

    __tablename__ = "tenant_profiles"

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str]
    currency: Mapped[str]
    time_zone: Mapped[str]
    fiscal_year_start_month: Mapped[int] = mapped_column(default=1)
    industry: Mapped[str | None]
    size_band: Mapped[str | None]
    business_model: Mapped[str | None]
    clock_shift_days: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class TenantState(TenantTable):
    """What the engine keeps of a tenant: `data_version` rises with every recompute that changed something.

    Current values are true on `current_basis`; without one they are not.
    """

    __tablename__ = "tenant_states"

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    data_version: Mapped[int] = mapped_column(default=0)
    computed_through: Mapped[date | None]
    updated_at: Mapped[datetime]
    first_day: Mapped[date | None]
    current_basis: Mapped[str | None]
