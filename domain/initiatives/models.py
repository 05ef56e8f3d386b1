from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from tenants.tables import TenantEntity


class Initiative(TenantEntity):
    """An automation, planned or running."""

    untold = frozenset({"created_at", "updated_at", "owner_id"})

    __tablename__ = "initiatives"

    name: Mapped[str]
    kind: Mapped[str]
    tool: Mapped[str | None]
    process_key: Mapped[str | None]
    ai_powered: Mapped[bool] = mapped_column(default=False)
    owner_id: Mapped[UUID | None]
    go_live_on: Mapped[date | None]
    archived_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class InitiativeLink(TenantEntity):
    """Why an initiative should move an objective: by how much, on which KPI, by when."""

    untold = frozenset({"created_at"})

    __tablename__ = "initiative_links"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "initiative_id"], ["initiatives.tenant_id", "initiatives.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["tenant_id", "objective_id"], ["objectives.tenant_id", "objectives.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["tenant_id", "kpi_id"], ["kpis.tenant_id", "kpis.id"], ondelete="CASCADE"),
        Index(
            "uq_initiative_links_pair",
            "tenant_id",
            "initiative_id",
            "objective_id",
            "kpi_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_initiative_links_objective", "tenant_id", "objective_id"),
    )

    initiative_id: Mapped[UUID]
    objective_id: Mapped[UUID]
    kpi_id: Mapped[UUID | None]
    expected_change: Mapped[Decimal | None]
    expected_by: Mapped[date | None]
    hypothesis: Mapped[str | None]
