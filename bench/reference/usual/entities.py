"""The product's tables as ORM entities, by what a dashboard shows of them."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Entity(DeclarativeBase):
    pass


class TenantProfile(Entity):
    __tablename__ = "tenant_profiles"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    currency: Mapped[str]
    time_zone: Mapped[str]


class Objective(Entity):
    __tablename__ = "objectives"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str]
    starts_on: Mapped[date]
    due_on: Mapped[date]
    archived_at: Mapped[datetime | None]


class ObjectiveKpi(Entity):
    __tablename__ = "objective_kpis"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    objective_id: Mapped[UUID] = mapped_column(primary_key=True)
    kpi_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]


class Kpi(Entity):
    __tablename__ = "kpis"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    metric_key: Mapped[str]
    name: Mapped[str]
    segment: Mapped[str]
    archived_at: Mapped[datetime | None]


class DayComponent(Entity):
    __tablename__ = "day_components"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    component: Mapped[str] = mapped_column(primary_key=True)
    segment: Mapped[str] = mapped_column(primary_key=True)
    local_day: Mapped[date] = mapped_column(primary_key=True)
    n: Mapped[int]
    total: Mapped[Decimal]


class PeriodComponent(Entity):
    __tablename__ = "period_components"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    component: Mapped[str] = mapped_column(primary_key=True)
    grain: Mapped[str] = mapped_column(primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    n: Mapped[int]


class Baseline(Entity):
    __tablename__ = "baselines"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kpi_id: Mapped[UUID]
    version: Mapped[int]
    value: Mapped[Decimal]
    window_start: Mapped[date]
    window_end: Mapped[date]
    n: Mapped[int]


class Target(Entity):
    __tablename__ = "targets"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kpi_id: Mapped[UUID]
    value: Mapped[Decimal]
    start_value: Mapped[Decimal]
    due_on: Mapped[date]
    trajectory: Mapped[str]
    archived_at: Mapped[datetime | None]
