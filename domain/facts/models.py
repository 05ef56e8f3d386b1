from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants.tables import TenantEntity, TenantTable

CONNECTION_KEY = (["tenant_id", "connection_id"], ["connections.tenant_id", "connections.id"])


class SourceRecord(TenantTable):
    """What a provider said, verbatim and sealed. `version` is the provider's own; an older one never wins.

    `digest` is a keyed hash of the payload: a provider's clock may tick too slowly to tell two versions apart.
    """

    __tablename__ = "source_records"
    __table_args__ = (ForeignKeyConstraint(*CONNECTION_KEY, ondelete="CASCADE"),)

    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    stream: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[datetime]
    digest: Mapped[bytes]
    sealed_payload: Mapped[bytes | None]
    deleted: Mapped[bool] = mapped_column(default=False)
    subject_id: Mapped[UUID | None]
    received_at: Mapped[datetime]


class Customer(TenantEntity):
    """A person who buys. `id` is the subject_id that facts carry; all that is personal is sealed."""

    __tablename__ = "customers"
    __table_args__ = (
        ForeignKeyConstraint(*CONNECTION_KEY, ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "connection_id", "external_id"),
        Index("ix_customers_email_hash", "tenant_id", "email_hash"),
    )

    connection_id: Mapped[UUID]
    external_id: Mapped[str]
    sealed_profile: Mapped[bytes | None]
    email_hash: Mapped[bytes | None]
    since: Mapped[datetime | None]
    deleted: Mapped[bool] = mapped_column(default=False)


class OrderFact(TenantTable):
    """One order. Money in minor units of `currency`; gross is before discounts, tax and shipping apart."""

    __tablename__ = "order_facts"
    __table_args__ = (
        ForeignKeyConstraint(*CONNECTION_KEY, ondelete="CASCADE"),
        Index("ix_order_facts_day", "tenant_id", "local_day", "subject_id"),
    )

    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID | None]
    occurred_at: Mapped[datetime]
    local_day: Mapped[date]
    currency: Mapped[str]
    gross_minor: Mapped[int]
    discount_minor: Mapped[int]
    tax_minor: Mapped[int]
    shipping_minor: Mapped[int]
    channel: Mapped[str]


class OrderLineFact(TenantTable):
    __tablename__ = "order_line_facts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "connection_id", "order_external_id"],
            ["order_facts.tenant_id", "order_facts.connection_id", "order_facts.external_id"],
            ondelete="CASCADE",
        ),
    )

    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_external_id: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    product_external_id: Mapped[str | None]
    sku: Mapped[str | None]
    quantity: Mapped[int]
    gross_minor: Mapped[int]
    discount_minor: Mapped[int]


class RefundFact(TenantTable):
    """Money given back for goods, on the day it was given back."""

    __tablename__ = "refund_facts"
    __table_args__ = (
        ForeignKeyConstraint(*CONNECTION_KEY, ondelete="CASCADE"),
        Index("ix_refund_facts_local_day", "tenant_id", "local_day"),
        Index("ix_refund_facts_order", "tenant_id", "connection_id", "order_external_id"),
    )

    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    order_external_id: Mapped[str]
    occurred_at: Mapped[datetime]
    local_day: Mapped[date]
    currency: Mapped[str]
    amount_minor: Mapped[int]
    channel: Mapped[str]


class DirtyDay(TenantTable):
    """A day whose components are older than its facts. Written with the fact, deleted by the recompute."""

    __tablename__ = "dirty_days"

    local_day: Mapped[date] = mapped_column(primary_key=True)
    marked_at: Mapped[datetime]


class DayComponent(TenantTable):
    """An additive daily aggregate as it stands now. `segment` is '' for the total, else 'dimension=value'."""

    __tablename__ = "day_components"

    component: Mapped[str] = mapped_column(primary_key=True)
    segment: Mapped[str] = mapped_column(primary_key=True)
    local_day: Mapped[date] = mapped_column(primary_key=True)
    n: Mapped[int]
    total: Mapped[Decimal]
    total_of_squares: Mapped[Decimal]
    minimum: Mapped[Decimal | None]
    maximum: Mapped[Decimal | None]
    valid_from: Mapped[datetime]


class DayComponentRevision(TenantTable):
    """What a day's component was between two instants, for readers who ask as of then."""

    __tablename__ = "day_component_revisions"

    component: Mapped[str] = mapped_column(primary_key=True)
    segment: Mapped[str] = mapped_column(primary_key=True)
    local_day: Mapped[date] = mapped_column(primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    valid_to: Mapped[datetime]
    n: Mapped[int]
    total: Mapped[Decimal]
    total_of_squares: Mapped[Decimal]
    minimum: Mapped[Decimal | None]
    maximum: Mapped[Decimal | None]


class EntityDay(TenantTable):
    """What one customer did on one day: the ground for distinct counts and cohorts."""

    __tablename__ = "entity_days"
    # The day leads: a customer's days are looked for in the key, whatever statistics know of the tenant.
    __table_args__ = (Index("ix_entity_days_day", "local_day", "tenant_id"),)

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    local_day: Mapped[date] = mapped_column(primary_key=True)
    orders: Mapped[int]


class PeriodComponent(TenantTable):
    """A count of distinct customers over a period: no sum of days gives it, so it is kept whole."""

    __tablename__ = "period_components"

    component: Mapped[str] = mapped_column(primary_key=True)
    grain: Mapped[str] = mapped_column(primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    n: Mapped[int]
    valid_from: Mapped[datetime]


class PeriodComponentRevision(TenantTable):
    __tablename__ = "period_component_revisions"

    component: Mapped[str] = mapped_column(primary_key=True)
    grain: Mapped[str] = mapped_column(primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    valid_to: Mapped[datetime]
    n: Mapped[int]


class RecomputeRun(TenantEntity):
    """The counter that shows how much work a change caused."""

    __tablename__ = "recompute_runs"
    __table_args__ = (Index("ix_recompute_runs_created_at", "tenant_id", "created_at"),)

    days: Mapped[int]
    first_day: Mapped[date]
    last_day: Mapped[date]
    day_rows: Mapped[int]
    period_rows: Mapped[int]
    milliseconds: Mapped[int]
    data_version: Mapped[int]
