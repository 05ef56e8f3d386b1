from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants.tables import DirectoryEntity, DirectoryTable, TenantEntity, TenantTable


class ProviderApp(DirectoryEntity):
    """Our registration at a provider: the operator's (shared) or an organization's own."""

    __tablename__ = "provider_apps"
    __table_args__ = (UniqueConstraint("provider", "client_id"),)

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), index=True)
    provider: Mapped[str]
    client_id: Mapped[str]
    sealed_client_secret: Mapped[bytes]
    scopes: Mapped[list[str]]
    base_url: Mapped[str]
    shared: Mapped[bool] = mapped_column(default=False)
    archived_at: Mapped[datetime | None]


class OAuthState(DirectoryEntity):
    """A consent under way. Single use; bound to the tenant and to whoever began it."""

    __tablename__ = "oauth_states"

    state_hash: Mapped[bytes] = mapped_column(unique=True)
    provider_app_id: Mapped[UUID] = mapped_column(ForeignKey("provider_apps.id", ondelete="CASCADE"))
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    connection_id: Mapped[UUID]
    account: Mapped[str]
    begun_by: Mapped[str]
    begun_by_organization_id: Mapped[UUID]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ProviderAccount(DirectoryTable):
    """Which connection a provider's account belongs to: how a webhook finds its tenant."""

    __tablename__ = "provider_accounts"

    provider_app_id: Mapped[UUID] = mapped_column(ForeignKey("provider_apps.id", ondelete="CASCADE"), primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    connection_id: Mapped[UUID]


class Schedule(DirectoryTable):
    """When something of a tenant is due next. Work is found here even when every wake-up was lost."""

    __tablename__ = "schedules"
    __table_args__ = (Index("ix_schedules_due_at", "due_at"),)

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]


class Connection(TenantEntity):
    """Status: CONNECTING, ACTIVE, NEEDS_REAUTH, PAUSED, REVOKED, ERROR."""

    __tablename__ = "connections"

    provider: Mapped[str]
    provider_app_id: Mapped[UUID] = mapped_column(ForeignKey("provider_apps.id"))
    account: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str | None]
    scopes: Mapped[list[str]]
    missing_scopes: Mapped[list[str]]
    warnings: Mapped[list[str]] = mapped_column(default=list)
    sealed_access_token: Mapped[bytes | None]
    access_token_expires_at: Mapped[datetime | None]
    sealed_refresh_token: Mapped[bytes | None]
    sealed_previous_refresh_token: Mapped[bytes | None]
    refresh_token_expires_at: Mapped[datetime | None]
    token_version: Mapped[int] = mapped_column(default=0)
    archived_at: Mapped[datetime | None]


class StreamState(TenantTable):
    """Where a stream of a connection stands. Moves only in the transaction that keeps the page."""

    __tablename__ = "stream_states"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "connection_id"], ["connections.tenant_id", "connections.id"], ondelete="CASCADE"
        ),
    )

    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    stream: Mapped[str] = mapped_column(primary_key=True)
    phase: Mapped[str]
    cursor: Mapped[dict[str, Any]]
    records: Mapped[int] = mapped_column(default=0)
    expected_records: Mapped[int | None]
    as_of: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class SyncRun(TenantEntity):
    """One pass over one stream. Status: RUNNING, COMPLETE, INCOMPLETE."""

    __tablename__ = "sync_runs"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "connection_id"], ["connections.tenant_id", "connections.id"], ondelete="CASCADE"
        ),
        Index("ix_sync_runs_connection", "tenant_id", "connection_id", "created_at"),
    )

    connection_id: Mapped[UUID]
    stream: Mapped[str]
    phase: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str | None]
    pages: Mapped[int] = mapped_column(default=0)
    records: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]


class WebhookDelivery(TenantTable):
    """What a provider posted; its body only until it is worked off. Status: RECEIVED, PROCESSED, FAILED."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "connection_id"], ["connections.tenant_id", "connections.id"], ondelete="CASCADE"
        ),
        Index("ix_webhook_deliveries_status", "tenant_id", "status", "received_at"),
    )

    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    delivery_id: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str | None]
    topic: Mapped[str]
    sealed_body: Mapped[bytes | None]
    received_at: Mapped[datetime]
    triggered_at: Mapped[datetime | None]
    status: Mapped[str]
    outcome: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    duplicates: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
