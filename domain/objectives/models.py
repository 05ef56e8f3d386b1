from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from tenants.tables import TenantEntity, TenantTable


class Objective(TenantEntity):
    untold = frozenset({"created_at", "updated_at", "owner_id"})

    __tablename__ = "objectives"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "parent_id"], ["objectives.tenant_id", "objectives.id"]),)

    title: Mapped[str]
    description: Mapped[str | None]
    owner_id: Mapped[UUID | None]
    parent_id: Mapped[UUID | None]
    starts_on: Mapped[date]
    due_on: Mapped[date]
    archived_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class ObjectiveKpi(TenantTable):
    """Which KPIs are the evidence for an objective."""

    __tablename__ = "objective_kpis"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "objective_id"], ["objectives.tenant_id", "objectives.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["tenant_id", "kpi_id"], ["kpis.tenant_id", "kpis.id"], ondelete="CASCADE"),
        Index("ix_objective_kpis_kpi", "tenant_id", "kpi_id"),
    )

    objective_id: Mapped[UUID] = mapped_column(primary_key=True)
    kpi_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
