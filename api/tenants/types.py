import datetime as dt
from uuid import UUID

import strawberry

from api.connections.types import ConnectedAccount, RecomputeRun
from api.context import Info
from api.ids import tenant_gid
from api.initiatives.types import Initiative
from api.kpis.types import Kpi
from api.node import Node
from api.objectives.types import Objective
from api.pagination import Connection, connection, page_size, parse_cursor, slice_of
from domain.connections import repository as connections
from domain.facts import reads as facts
from domain.initiatives import reads as initiatives
from domain.kpis import reads as kpis
from domain.objectives import reads as objectives
from tenants.access.actor import ApiScope
from tenants.registry.profile import Profile


@strawberry.type(description="One business, its objectives, its KPIs and what feeds them.")
class Tenant(Node):
    tenant_id: strawberry.Private[UUID]
    name: str
    currency: str
    time_zone: str
    fiscal_year_start_month: int
    today: dt.date = strawberry.field(description="The business date on the tenant's own clock.")

    @classmethod
    def of(cls, profile: Profile, info: Info) -> "Tenant":
        return cls(
            id=tenant_gid(profile.tenant_id),
            tenant_id=profile.tenant_id,
            name=profile.name,
            currency=profile.currency,
            time_zone=profile.time_zone.key,
            fiscal_year_start_month=profile.fiscal_year_start_month,
            today=profile.today(info.context.now),
        )

    @strawberry.field(description="Live objectives, oldest first.")
    async def objectives(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Objective]:
        wanted, most = parse_cursor(after), page_size(first) + 1
        rows = await info.context.reader.read(objectives.page, tenant_id=self.tenant_id, after=wanted, limit=most)
        return connection([(row.id, Objective.of(row, info)) for row in rows], first=first, after=after)

    @strawberry.field(description="Adopted metrics, oldest first.")
    async def kpis(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Kpi]:
        wanted, most = parse_cursor(after), page_size(first) + 1
        rows = await info.context.reader.read(kpis.page, tenant_id=self.tenant_id, after=wanted, limit=most)
        return connection([(row.id, Kpi.of(row)) for row in rows], first=first, after=after)

    @strawberry.field(description="Automations, oldest first.")
    async def initiatives(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Initiative]:
        wanted, most = parse_cursor(after), page_size(first) + 1
        rows = await info.context.reader.read(initiatives.page, tenant_id=self.tenant_id, after=wanted, limit=most)
        return connection([(row.id, Initiative.of(row)) for row in rows], first=first, after=after)

    @strawberry.field(description="Connected accounts. Needs the scope read_connections.")
    async def connections(self, info: Info, first: int = 20, after: str | None = None) -> Connection[ConnectedAccount]:
        await info.context.reader.enter_tenant(self.tenant_id, scope=ApiScope.READ_CONNECTIONS)
        rows = await info.context.reader.read(connections.list_connections, tenant_id=self.tenant_id)
        return slice_of([(row.id, ConnectedAccount.of(row)) for row in rows], first=first, after=after)

    @strawberry.field(description="Rises with every recompute that changed a figure.")
    async def data_version(self, info: Info) -> int:
        return (await info.context.reader.read(kpis.read_standing, self.tenant_id)).data_version

    @strawberry.field(description="Whether every stream has been read once and no day waits for a recompute.")
    async def up_to_date(self, info: Info) -> bool:
        return (await info.context.reader.read(kpis.read_standing, self.tenant_id)).complete

    @strawberry.field(description="What the last recomputes did, newest first. Needs the scope read_connections.")
    async def recompute_runs(self, info: Info, first: int = 10) -> list[RecomputeRun]:
        await info.context.reader.enter_tenant(self.tenant_id, scope=ApiScope.READ_CONNECTIONS)
        rows = await info.context.reader.read(facts.recompute_runs, tenant_id=self.tenant_id, limit=page_size(first))
        return [RecomputeRun.of(row) for row in rows]
