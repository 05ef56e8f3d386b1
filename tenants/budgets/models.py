from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Numeric
from sqlalchemy.orm import Mapped, mapped_column

from tenants.tables import DirectoryTable


class CostBudget(DirectoryTable):
    """What an app may still ask for: of one tenant, or by the zero id of all that is not one tenant's.

    Lost with the server's memory when it crashes, as if nobody had asked for a while.
    """

    __tablename__ = "cost_budgets"
    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    app_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    available: Mapped[Decimal] = mapped_column(Numeric())
    granted: Mapped[int]
    updated_at: Mapped[datetime]
