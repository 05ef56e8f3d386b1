import asyncio
import datetime as dt
from uuid import UUID

import strawberry

from api.context import Info
from api.ids import Kind, encode, tenant_gid
from api.initiatives.types import InitiativeLink
from api.kpis.types import Kpi
from api.loading import load_list
from api.node import Node
from api.pagination import Connection, slice_of
from domain import fields
from domain.initiatives.repository import list_links_of_objectives
from domain.kpis.trajectories import TargetStatus
from domain.metrics.catalog import find_metric
from domain.objectives import models
from domain.objectives.repository import list_kpis_of
from domain.objectives.status import combine


@strawberry.type(description="What the business wants, by when, and the KPIs that show it.")
class Objective(Node):
    row: strawberry.Private[models.Objective]
    tenant_id: strawberry.ID
    title: str
    description: str | None
    parent_id: strawberry.ID | None
    starts_on: dt.date
    due_on: dt.date
    archived_at: dt.datetime | None

    @classmethod
    def of(cls, row: models.Objective, info: Info) -> "Objective":
        return cls(
            id=encode(Kind.OBJECTIVE, row.tenant_id, row.id),
            row=row,
            tenant_id=tenant_gid(row.tenant_id),
            title=row.title,
            description=row.description,
            parent_id=None if row.parent_id is None else encode(Kind.OBJECTIVE, row.tenant_id, row.parent_id),
            starts_on=row.starts_on,
            due_on=row.due_on,
            archived_at=row.archived_at,
        )

    @property
    def key(self) -> tuple[UUID, UUID]:
        return (self.row.tenant_id, self.row.id)

    @strawberry.field(description="The KPIs that are its evidence.")
    async def kpis(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Kpi]:
        rows = await load_list(info.context, list_kpis_of, self.key)
        return slice_of([(row.id, Kpi.of(row)) for row in rows], first=first, after=after)

    @strawberry.field(description="The automations that should move it, and by how much.")
    async def initiatives(self, info: Info, first: int = 20, after: str | None = None) -> Connection[InitiativeLink]:
        links = await load_list(info.context, list_links_of_objectives, self.key)
        return slice_of([(link.id, InitiativeLink.of(link, row)) for link, row in links], first=first, after=after)

    @strawberry.field(description="As its worst target stands; NO_DATA without one.")
    async def status(self, info: Info, on: dt.date | None = None) -> TargetStatus:
        fields.plausible(on, "on")
        # What a newer release adopted has no status here, and the KPI itself says why.
        rows = [row for row in await load_list(info.context, list_kpis_of, self.key) if find_metric(row.metric_key)]
        # Together, so that the loaders see them all: one after the other each would be a statement of its own.
        targets = await asyncio.gather(*(Kpi.of(row).target(info) for row in rows))
        return combine(await asyncio.gather(*(target.status(info, on) for target in targets if target is not None)))
