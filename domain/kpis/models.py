from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants.tables import TenantEntity, TenantTable

KPI_KEY = (["tenant_id", "kpi_id"], ["kpis.tenant_id", "kpis.id"])


class Kpi(TenantEntity):
    """A metric a tenant has adopted."""

    untold = frozenset({"created_at", "updated_at", "owner_id"})

    __tablename__ = "kpis"
    __table_args__ = (Index("ix_kpis_metric", "tenant_id", "metric_key"),)

    metric_key: Mapped[str]
    name: Mapped[str]
    segment: Mapped[str] = mapped_column(default="")
    owner_id: Mapped[UUID | None]
    archived_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class Baseline(TenantEntity):
    """The value before. Frozen when written: a correction is a new version with a reason."""

    __tablename__ = "baselines"
    __table_args__ = (
        ForeignKeyConstraint(*KPI_KEY, ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "kpi_id", "version"),
    )

    kpi_id: Mapped[UUID]
    version: Mapped[int]
    value: Mapped[Decimal]
    window_start: Mapped[date]
    window_end: Mapped[date]
    grain: Mapped[str]
    n: Mapped[int]
    periods: Mapped[int]
    variance: Mapped[Decimal | None]
    method: Mapped[str]
    definition_version: Mapped[int]
    data_version: Mapped[int]
    warnings: Mapped[list[str]]
    reason: Mapped[str | None]
    frozen_by: Mapped[str]


class Target(TenantEntity):
    """Where the value shall go, by when, on which path. Trajectories: LINEAR, STEPPED, S_CURVE, CUSTOM, HOLD."""

    untold = frozenset({"created_at", "baseline_id"})

    __tablename__ = "targets"
    __table_args__ = (
        ForeignKeyConstraint(*KPI_KEY, ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "baseline_id"], ["baselines.tenant_id", "baselines.id"]),
        Index("ix_targets_kpi", "tenant_id", "kpi_id"),
    )

    kpi_id: Mapped[UUID]
    baseline_id: Mapped[UUID | None]
    start_value: Mapped[Decimal]
    value: Mapped[Decimal]
    start_on: Mapped[date]
    due_on: Mapped[date]
    grain: Mapped[str]
    trajectory: Mapped[str]
    points: Mapped[list[dict[str, Any]]]
    tolerance: Mapped[Decimal]
    stretch_value: Mapped[Decimal | None]
    rationale: Mapped[str]
    note: Mapped[str | None]
    archived_at: Mapped[datetime | None]

    kept_status: ClassVar[str | None] = None
    """How it stands today, as the recompute keeps it: of rows that are read for an answer."""


class CurrentValue(TenantTable):
    """What a metric stands at over a period that has a name today, with the inputs it can be recomputed from."""

    __tablename__ = "current_values"

    grain: Mapped[str] = mapped_column(primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    metric_key: Mapped[str] = mapped_column(primary_key=True)
    segment: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Decimal | None]
    n: Mapped[int]
    null_reason: Mapped[str | None]
    flags: Mapped[list[str]]
    inputs: Mapped[dict[str, Any]]


class CurrentStatus(TenantTable):
    """How a target stands today. What a target asks for never changes; whoever lets it must take this away."""

    __tablename__ = "current_statuses"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "target_id"], ["targets.tenant_id", "targets.id"], ondelete="CASCADE"),
    )

    target_id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[str]
