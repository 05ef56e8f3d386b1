import datetime as dt
from collections.abc import Sequence
from itertools import islice

import strawberry

from api.context import Context
from api.ids import Kind, encode, tenant_gid
from api.initiatives.types import InitiativeLink
from api.kpis.targets import newest_targets, progress_of
from api.kpis.types import Kpi
from api.node import Node
from api.pagination import Connection, slice_of
from api.sets import Each, attempt, set_based
from domain.initiatives.repository import list_links_of_objectives
from domain.kpis.progress import Progress
from domain.kpis.trajectories import TargetStatus
from domain.metrics.catalog import find_metric
from domain.objectives import models
from domain.objectives.repository import list_kpis_of
from domain.objectives.status import combine
from domain.reading import Key


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
    def of(cls, row: models.Objective) -> "Objective":
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

    @set_based(description="The KPIs that are its evidence.")
    async def kpis(
        objectives: Sequence["Objective"], context: Context, first: int = 20, after: str | None = None
    ) -> Each[Connection[Kpi]]:
        lists = await context.load_lists(list_kpis_of, _keys(objectives))
        return [slice_of([(row.id, Kpi.of(row)) for row in rows], first=first, after=after) for rows in lists]

    @set_based(description="The automations that should move it, and by how much.")
    async def initiatives(
        objectives: Sequence["Objective"], context: Context, first: int = 20, after: str | None = None
    ) -> Each[Connection[InitiativeLink]]:
        lists = await context.load_lists(list_links_of_objectives, _keys(objectives))
        return [
            slice_of([(row.id, InitiativeLink.of(row)) for row in rows], first=first, after=after) for rows in lists
        ]

    @set_based(description="As its worst target stands; NO_DATA without one.")
    async def status(
        objectives: Sequence["Objective"], context: Context, on: dt.date | None = None
    ) -> Each[TargetStatus]:
        lists = await context.load_lists(list_kpis_of, _keys(objectives))
        # What a newer release adopted has no status here, and the KPI itself says why.
        known = [[row for row in rows if find_metric(row.metric_key)] for rows in lists]
        newest = iter(await newest_targets([kpi for kpis in known for kpi in kpis], context))
        targets = [[target for target in islice(newest, len(kpis)) if target is not None] for kpis in known]
        progress = iter(await progress_of([target for some in targets for target in some], context, on))
        return [attempt(_worst, *islice(progress, len(some))) for some in targets]


def _worst(*targets: Progress) -> TargetStatus:
    return combine([each.status for each in targets])


def _keys(objectives: Sequence[Objective]) -> list[Key]:
    return [(each.row.tenant_id, each.row.id) for each in objectives]
