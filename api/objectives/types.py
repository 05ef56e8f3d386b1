import datetime as dt
from collections.abc import Sequence
from itertools import islice

import strawberry

from api.context import Context
from api.ids import Kind, encode, tenant_gid
from api.initiatives.types import InitiativeLink
from api.kpis.targets import newest_targets, statuses_of
from api.kpis.types import Kpi
from api.pagination import Connection, slice_of
from api.rows import OfRow, column
from api.sets import Each, attempts, set_based
from domain.initiatives.repository import list_links_of_objectives
from domain.kpis.trajectories import TargetStatus
from domain.metrics.catalog import find_metric
from domain.objectives import models
from domain.objectives.repository import list_kpis_of
from domain.objectives.status import combine
from domain.reading import Key


@strawberry.type(description="What the business wants, by when, and the KPIs that show it.")
class Objective(OfRow):
    KIND = Kind.OBJECTIVE

    row: strawberry.Private[models.Objective]
    title: str = column()
    description: str | None = column()
    starts_on: dt.date = column()
    due_on: dt.date = column()
    archived_at: dt.datetime | None = column()

    @strawberry.field
    def tenant_id(self) -> strawberry.ID:
        return tenant_gid(self.row.tenant_id)

    @strawberry.field
    def parent_id(self) -> strawberry.ID | None:
        parent = self.row.parent_id
        return None if parent is None else encode(Kind.OBJECTIVE, self.row.tenant_id, parent)

    @set_based(description="The KPIs that are its evidence.")
    async def kpis(
        objectives: Sequence["Objective"], context: Context, first: int = 20, after: str | None = None
    ) -> Each[Connection[Kpi]]:
        lists = await context.load_lists(list_kpis_of, _keys(objectives))
        return [slice_of([(row.id, Kpi(row=row)) for row in rows], first=first, after=after) for rows in lists]

    @set_based(description="The automations that should move it, and by how much.")
    async def initiatives(
        objectives: Sequence["Objective"], context: Context, first: int = 20, after: str | None = None
    ) -> Each[Connection[InitiativeLink]]:
        lists = await context.load_lists(list_links_of_objectives, _keys(objectives))
        return [
            slice_of([(row.id, InitiativeLink(row=row)) for row in rows], first=first, after=after) for rows in lists
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
        statuses = iter(await statuses_of([target for some in targets for target in some], context, on))
        return attempts(_worst, [list(islice(statuses, len(some))) for some in targets])


def _worst(statuses: Each[TargetStatus]) -> TargetStatus:
    for each in statuses:
        if isinstance(each, Exception):
            raise each
    return combine([each for each in statuses if not isinstance(each, Exception)])


def _keys(objectives: Sequence[Objective]) -> list[Key]:
    return [(each.row.tenant_id, each.row.id) for each in objectives]
