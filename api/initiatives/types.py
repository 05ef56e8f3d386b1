import datetime as dt
from decimal import Decimal
from enum import StrEnum

import strawberry

from api.context import Info
from api.ids import Kind, encode, tenant_gid
from api.kpis.types import Kpi
from api.loading import load_each, load_list
from api.node import Node
from domain.initiatives import models
from domain.initiatives.repository import list_links_of_initiatives
from domain.kpis.repository import list_kpis


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

    @strawberry.field(description="Which objectives it should move, and by how much.")
    async def links(self, info: Info) -> list["InitiativeLink"]:
        rows = await load_list(info.context, list_links_of_initiatives, (self.row.tenant_id, self.row.id))
        return [InitiativeLink.of(row, self.row) for row in rows]


@strawberry.type(description="Why an automation should move an objective: by how much, on which KPI, by when.")
class InitiativeLink(Node):
    row: strawberry.Private[models.InitiativeLink]
    objective_id: strawberry.ID
    expected_change: Decimal | None = strawberry.field(description="Relative: 0.15 is 15 % more.")
    expected_by: dt.date | None
    hypothesis: str | None
    initiative: Initiative

    @classmethod
    def of(cls, row: models.InitiativeLink, initiative: models.Initiative) -> "InitiativeLink":
        return cls(
            id=encode(Kind.INITIATIVE_LINK, row.tenant_id, row.id),
            row=row,
            objective_id=encode(Kind.OBJECTIVE, row.tenant_id, row.objective_id),
            expected_change=None if row.expected_change is None else row.expected_change.normalize(),
            expected_by=row.expected_by,
            hypothesis=row.hypothesis,
            initiative=Initiative.of(initiative),
        )

    @strawberry.field(description="The KPI the benefit is measured on.")
    async def kpi(self, info: Info) -> Kpi | None:
        if self.row.kpi_id is None:
            return None
        row = await load_each(info.context, list_kpis).load((self.row.tenant_id, self.row.kpi_id))
        return None if row is None else Kpi.of(row)
