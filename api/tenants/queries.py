import strawberry

from api.context import Info
from api.ids import Kind, decode_as
from api.pagination import Connection, connection, page_size, parse_cursor
from api.tenants.types import Tenant
from tenants.access.actor import ApiScope
from tenants.registry.service import tenants_of


@strawberry.type
class TenantQueries:
    @strawberry.field(
        description="One tenant your organization may read; null, with an error that says why, where it may not."
    )
    async def tenant(self, info: Info, id: strawberry.ID) -> Tenant | None:
        wanted = decode_as(Kind.TENANT, id, field=("id",))
        profile = await info.context.reader.enter_tenant(wanted.owner, field=("id",))
        return Tenant(profile=profile, now=info.context.now)

    @strawberry.field(description="Every tenant your organization may read.")
    async def tenants(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Tenant]:
        context = info.context
        ids = await context.reader.read(
            tenants_of,
            context.actor,
            scope=ApiScope.READ_METRICS,
            now=context.now,
            after=parse_cursor(after),
            limit=page_size(first) + 1,
        )
        profiles = await context.reader.enter_readable(ids)
        return connection(
            [(each, Tenant(profile=profiles[each], now=context.now)) for each in ids], first=first, after=after
        )
