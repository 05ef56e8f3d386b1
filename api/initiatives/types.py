import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

import strawberry

from api.context import Context
from api.ids import Kind, encode, tenant_gid
from api.kpis.types import Kpi
from api.rows import OfRow, column
from api.sets import Each, set_based
from domain.initiatives import models
from domain.initiatives.repository import list_links_of_initiatives
from domain.kpis import models as kpis
from domain.reading import rows_by_id

INITIATIVES, KPIS = rows_by_id(models.Initiative), rows_by_id(kpis.Kpi)


@strawberry.enum(description="What an automation is about.")
class InitiativeKind(StrEnum):
    CRM = "CRM"
    MARKETING = "MARKETING"
    RPA = "RPA"
    CHATBOT = "CHATBOT"
    INVENTORY = "INVENTORY"
    INVOICING = "INVOICING"
    SCHEDULING = "SCHEDULING"
    OPERATIONS = "OPERATIONS"
    SUPPORT = "SUPPORT"
    OTHER = "OTHER"


@strawberry.type(description="An automation, planned or running.")
class Initiative(OfRow):
    KIND = Kind.INITIATIVE

    row: strawberry.Private[models.Initiative]
    name: str = column()
    kind: InitiativeKind = column()
    tool: str | None = column()
    process_key: str | None = column()
    ai_powered: bool = column()
    go_live_on: dt.date | None = column()
    archived_at: dt.datetime | None = column()

    @strawberry.field
    def tenant_id(self) -> strawberry.ID:
        return tenant_gid(self.row.tenant_id)

    @set_based(description="Which objectives it should move, and by how much.")
    async def links(initiatives: Sequence["Initiative"], context: Context) -> Each[list["InitiativeLink"]]:
        lists = await context.load_lists(
            list_links_of_initiatives, [(each.row.tenant_id, each.row.id) for each in initiatives]
        )
        return [[InitiativeLink(row=row) for row in rows] for rows in lists]


@strawberry.type(description="Why an automation should move an objective: by how much, on which KPI, by when.")
class InitiativeLink(OfRow):
    KIND = Kind.INITIATIVE_LINK

    row: strawberry.Private[models.InitiativeLink]
    expected_by: dt.date | None = column()
    hypothesis: str | None = column()

    @strawberry.field
    def initiative_id(self) -> strawberry.ID:
        return encode(Kind.INITIATIVE, self.row.tenant_id, self.row.initiative_id)

    @strawberry.field
    def objective_id(self) -> strawberry.ID:
        return encode(Kind.OBJECTIVE, self.row.tenant_id, self.row.objective_id)

    @strawberry.field(description="Relative: 0.15 is 15 % more.")
    def expected_change(self) -> Decimal | None:
        return None if self.row.expected_change is None else self.row.expected_change.normalize()

    @set_based(description="What should move the objective.")
    async def initiative(links: Sequence["InitiativeLink"], context: Context) -> Each[Initiative]:
        keys = [(each.row.tenant_id, each.row.initiative_id) for each in links]
        return [Initiative(row=row) for row in await context.load_all(INITIATIVES, keys)]

    @set_based(description="The KPI the benefit is measured on.")
    async def kpi(links: Sequence["InitiativeLink"], context: Context) -> Each[Kpi | None]:
        named = [(each.row.tenant_id, each.row.kpi_id) for each in links if each.row.kpi_id is not None]
        rows = iter(await context.load(KPIS, named))
        found = [None if each.row.kpi_id is None else next(rows) for each in links]
        return [None if row is None else Kpi(row=row) for row in found]
