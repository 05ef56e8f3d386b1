"""Tenants as clients of the organization that asks."""

from collections.abc import Sequence
from uuid import UUID

import strawberry

from api.context import Context
from api.kpis.types import Kpi
from api.portfolio.stands import Stands, WorstKpi
from api.portfolio.tags import own_tags
from api.sets import Each, set_based
from api.tenants.types import Tenant
from domain.connections.reads import waiting_for_somebody
from domain.kpis.reads import first_by_metric
from domain.kpis.trajectories import TargetStatus
from domain.metrics.catalog import named_metric
from tenants.access.actor import ApiScope


@strawberry.type(description="A tenant as your organization sees it among its others.")
class Client:
    tenant: Tenant
    stands: strawberry.Private[Stands]

    @strawberry.field
    def tenant_id(self) -> strawberry.ID:
        return self.tenant.gid

    @set_based(description="What your organization calls it by: nobody else sees them.")
    async def tags(clients: Sequence["Client"], context: Context) -> Each[list[str]]:
        found = await own_tags(context, _ids(clients))
        return [found.get(each, []) for each in _ids(clients)]

    @set_based(description="As the worst of its targets stands; NO_DATA without one.")
    async def status(clients: Sequence["Client"], context: Context) -> Each[TargetStatus]:
        found = await _stands(clients).statuses(_ids(clients))
        return [found[each] for each in _ids(clients)]

    @set_based(description="The KPI that is furthest behind, of those that stand worst; null without a target.")
    async def worst_kpi(clients: Sequence["Client"], context: Context) -> Each[WorstKpi | None]:
        found = await _stands(clients).worst(_ids(clients))
        return [found.get(each) for each in _ids(clients)]

    @set_based(
        description="How many of its connections wait for somebody to see to them. Needs the scope read_connections: "
        "null, with an error, where it does not reach."
    )
    async def connections_needing_attention(clients: Sequence["Client"], context: Context) -> Each[int | None]:
        ids = _ids(clients)
        refused = await context.reader.enter_tenants(ids, scope=ApiScope.READ_CONNECTIONS)
        found = await context.reader.read(waiting_for_somebody, [each for each in ids if each not in refused])
        return [refused.get(each) or found.get(each, 0) for each in ids]

    @set_based(description="Its oldest KPI of a metric over everything; null where it has not adopted it.")
    async def kpi(clients: Sequence["Client"], context: Context, metric_key: str) -> Each[Kpi | None]:
        named_metric(metric_key)
        found = await context.reader.read(first_by_metric, _ids(clients), metric_key=metric_key)
        return [Kpi(row=found[each]) if each in found else None for each in _ids(clients)]


def _ids(clients: Sequence[Client]) -> list[UUID]:
    return [each.tenant.tenant_id for each in clients]


def _stands(clients: Sequence[Client]) -> Stands:
    return clients[0].stands
