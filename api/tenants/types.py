import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID

import strawberry

from api.connections.types import ConnectedAccount, RecomputeRun
from api.context import Context
from api.ids import tenant_gid
from api.initiatives.types import Initiative
from api.kpis.types import Kpi
from api.node import Node
from api.objectives.types import Objective
from api.pagination import Connection, page_size, pages_of
from api.sets import Each, set_based
from api.tenants.grants import Grant
from api.tenants.readers import Reader
from api.usage import TenantUsage, window
from domain.connections import reads as connections
from domain.facts import reads as facts
from domain.initiatives import repository as initiatives
from domain.kpis import repository as kpis
from domain.kpis.reads import Standing, read_standings
from domain.objectives import repository as objectives
from tenants.access.actor import ApiScope
from tenants.registry.profile import Profile
from tenants.registry.reads import Traits, grant_pages, read_traits
from tenants.usage import reads as counted

T = TypeVar("T")


@strawberry.type(description="One business, its objectives, its KPIs and what feeds them.")
class Tenant(Node):
    profile: strawberry.Private[Profile]
    now: strawberry.Private[dt.datetime]

    @strawberry.field
    def name(self) -> str:
        return self.profile.name

    @strawberry.field
    def currency(self) -> str:
        return self.profile.currency

    @strawberry.field
    def time_zone(self) -> str:
        return self.profile.time_zone.key

    @strawberry.field
    def fiscal_year_start_month(self) -> int:
        return self.profile.fiscal_year_start_month

    @strawberry.field(description="The business date on the tenant's own clock.")
    def today(self) -> dt.date:
        return self.profile.today(self.now)

    @set_based(description="As whoever opened it named it.")
    async def industry(tenants: Sequence["Tenant"], context: Context) -> Each[str | None]:
        return [each.industry for each in await _traits(context, tenants)]

    @set_based(description="How large it is, as whoever opened it named it.")
    async def size_band(tenants: Sequence["Tenant"], context: Context) -> Each[str | None]:
        return [each.size_band for each in await _traits(context, tenants)]

    @set_based(description="As whoever opened it named it.")
    async def business_model(tenants: Sequence["Tenant"], context: Context) -> Each[str | None]:
        return [each.business_model for each in await _traits(context, tenants)]

    @property
    def tenant_id(self) -> UUID:
        return self.profile.tenant_id

    @property
    def gid(self) -> strawberry.ID:
        return tenant_gid(self.tenant_id)

    @set_based(description="Live objectives, oldest first.")
    async def objectives(
        tenants: Sequence["Tenant"], context: Context, first: int = 20, after: str | None = None
    ) -> Each[Connection[Objective]]:
        return await pages_of(
            context, objectives.pages, _ids(tenants), lambda row: Objective(row=row), first=first, after=after
        )

    @set_based(description="Adopted metrics, oldest first.")
    async def kpis(
        tenants: Sequence["Tenant"], context: Context, first: int = 20, after: str | None = None
    ) -> Each[Connection[Kpi]]:
        read = kpis.pages
        return await pages_of(context, read, _ids(tenants), lambda row: Kpi(row=row), first=first, after=after)

    @set_based(description="Automations, oldest first.")
    async def initiatives(
        tenants: Sequence["Tenant"], context: Context, first: int = 20, after: str | None = None
    ) -> Each[Connection[Initiative]]:
        return await pages_of(
            context, initiatives.pages, _ids(tenants), lambda row: Initiative(row=row), first=first, after=after
        )

    @set_based(description="Connected accounts. Needs the scope read_connections.")
    async def connections(
        tenants: Sequence["Tenant"], context: Context, first: int = 20, after: str | None = None
    ) -> Each[Connection[ConnectedAccount]]:
        async def read(admitted: list[UUID]) -> list[Connection[ConnectedAccount]]:
            return await pages_of(context, connections.pages, admitted, ConnectedAccount.of, first=first, after=after)

        return await _for(ApiScope.READ_CONNECTIONS, context, tenants, read)

    @set_based(description="Who may do what here, or once might, oldest first. Needs the scope manage_tenants.")
    async def grants(
        tenants: Sequence["Tenant"], context: Context, first: int = 20, after: str | None = None
    ) -> Each[Connection[Grant]]:
        async def read(admitted: list[UUID]) -> list[Connection[Grant]]:
            return await pages_of(context, grant_pages, admitted, lambda row: Grant(row=row), first=first, after=after)

        return await _for(ApiScope.MANAGE_TENANTS, context, tenants, read)

    @set_based(description="Rises with every recompute that changed a figure.")
    async def data_version(tenants: Sequence["Tenant"], context: Context) -> Each[int]:
        return [each.data_version for each in await _standings(context, tenants)]

    @set_based(description="Whether every stream has been read once and no day waits for a recompute.")
    async def up_to_date(tenants: Sequence["Tenant"], context: Context) -> Each[bool]:
        return [each.complete for each in await _standings(context, tenants)]

    @set_based(description="What the last recomputes did, newest first. Needs the scope read_connections.")
    async def recompute_runs(
        tenants: Sequence["Tenant"], context: Context, first: int = 10
    ) -> Each[list[RecomputeRun]]:
        async def read(admitted: list[UUID]) -> list[list[RecomputeRun]]:
            found = await context.reader.read(facts.recompute_runs, admitted, limit=page_size(first))
            return [[RecomputeRun.of(row) for row in found.get(each, ())] for each in admitted]

        return await _for(ApiScope.READ_CONNECTIONS, context, tenants, read)

    @set_based(description="What your organization asked of it. Needs the scope manage_organization.")
    async def usage(
        tenants: Sequence["Tenant"], context: Context, since: dt.datetime, until: dt.datetime | None = None
    ) -> Each[TenantUsage]:
        context.actor.require(ApiScope.MANAGE_ORGANIZATION)
        asked, own = window(context, since, until), context.actor.organization_id
        found = await context.reader.read(
            counted.of_tenants, _ids(tenants), organization_id=own, since=asked.since, until=asked.until
        )
        return [TenantUsage.of(each, found.get(each, ()), asked) for each in _ids(tenants)]

    @set_based(description="Who was let in, the latest first, ended grants' too. Needs the scope manage_tenants.")
    async def readers(
        tenants: Sequence["Tenant"],
        context: Context,
        since: dt.datetime,
        until: dt.datetime | None = None,
        first: int = 20,
    ) -> Each[list[Reader]]:
        asked, limit = window(context, since, until), page_size(first)

        async def read(admitted: list[UUID]) -> list[list[Reader]]:
            found = await context.reader.read(
                counted.readers, admitted, since=asked.since, until=asked.until, limit=limit
            )
            return [[Reader(row=row) for row in found.get(each, ())] for each in admitted]

        return await _for(ApiScope.MANAGE_TENANTS, context, tenants, read)


def _ids(tenants: Sequence[Tenant]) -> list[UUID]:
    return [tenant.tenant_id for tenant in tenants]


async def _traits(context: Context, tenants: Sequence[Tenant]) -> list[Traits]:
    found = await context.reader.read(read_traits, _ids(tenants))
    return [found[each] for each in _ids(tenants)]


async def _standings(context: Context, tenants: Sequence[Tenant]) -> list[Standing]:
    found = await context.reader.read(read_standings, _ids(tenants))
    return [found[tenant.tenant_id] for tenant in tenants]


async def _for(
    scope: ApiScope, context: Context, tenants: Sequence[Tenant], read: Callable[[list[UUID]], Awaitable[Sequence[T]]]
) -> list[T | Exception]:
    """What needs a scope of its own: read where it is covered, and refused elsewhere."""
    refusals = await context.reader.enter_tenants(_ids(tenants), scope=scope)
    admitted = [tenant_id for tenant_id in _ids(tenants) if tenant_id not in refusals]
    answers = dict(zip(admitted, await read(admitted), strict=True))
    return [refusals.get(tenant_id) or answers[tenant_id] for tenant_id in _ids(tenants)]
