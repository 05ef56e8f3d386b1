import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

import strawberry

from api.context import Context
from api.ids import Kind, encode, tenant_gid
from api.kpis.types import Kpi
from api.node import Node
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
class Initiative(Node):
    row: strawberry.Private[models.Initiative]
    tenant_id: strawberry.ID
    name: str
    kind: InitiativeKind
    tool: str | None
    process_key: str | None
    ai_powered: bool
    go_live_on: dt.date | None
    archived_at: dt.datetime | None

    @classmethod
    def of(cls, row: models.Initiative) -> "Initiative":
        return cls(
            id=encode(Kind.INITIATIVE, row.tenant_id, row.id),
            row=row,
            tenant_id=tenant_gid(row.tenant_id),
            name=row.name,
            kind=InitiativeKind(row.kind),
            tool=row.tool,
            process_key=row.process_key,
            ai_powered=row.ai_powered,
            go_live_on=row.go_live_on,
            archived_at=row.archived_at,
        )

    @set_based(description="Which objectives it should move, and by how much.")
    async def links(initiatives: Sequence["Initiative"], context: Context) -> Each[list["InitiativeLink"]]:
        lists = await context.load_lists(
            list_links_of_initiatives, [(each.row.tenant_id, each.row.id) for each in initiatives]
        )
        return [[InitiativeLink.of(row) for row in rows] for rows in lists]


@strawberry.type(description="Why an automation should move an objective: by how much, on which KPI, by when.")
class InitiativeLink(Node):
    row: strawberry.Private[models.InitiativeLink]
    initiative_id: strawberry.ID
    objective_id: strawberry.ID
    expected_change: Decimal | None = strawberry.field(description="Relative: 0.15 is 15 % more.")
    expected_by: dt.date | None
    hypothesis: str | None

    @classmethod
    def of(cls, row: models.InitiativeLink) -> "InitiativeLink":
        return cls(
            id=encode(Kind.INITIATIVE_LINK, row.tenant_id, row.id),
            row=row,
            initiative_id=encode(Kind.INITIATIVE, row.tenant_id, row.initiative_id),
            objective_id=encode(Kind.OBJECTIVE, row.tenant_id, row.objective_id),
            expected_change=None if row.expected_change is None else row.expected_change.normalize(),
            expected_by=row.expected_by,
            hypothesis=row.hypothesis,
        )

    @set_based(description="What should move the objective.")
    async def initiative(links: Sequence["InitiativeLink"], context: Context) -> Each[Initiative]:
        keys = [(each.row.tenant_id, each.row.initiative_id) for each in links]
        return [Initiative.of(row) for row in await context.load_all(INITIATIVES, keys)]

    @set_based(description="The KPI the benefit is measured on.")
    async def kpi(links: Sequence["InitiativeLink"], context: Context) -> Each[Kpi | None]:
        named = [(each.row.tenant_id, each.row.kpi_id) for each in links if each.row.kpi_id is not None]
        rows = iter(await context.load(KPIS, named))
        found = [None if each.row.kpi_id is None else next(rows) for each in links]
        return [None if row is None else Kpi.of(row) for row in found]
