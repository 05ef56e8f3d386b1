import strawberry

from api.connections.types import ConnectedAccount
from api.context import Context
from api.ids import Kind, decode_as
from api.live import Subject, live
from api.pagination import MOST
from domain.connections import reads
from domain.connections.models import Connection
from domain.reading import rows_by_id
from tenants.access.actor import ApiScope
from tenants.errors import NotFound
from tenants.notices import Topic

CONNECTIONS = rows_by_id(Connection)


@strawberry.type(description="A tenant's connected accounts as they stand now, oldest first.")
class ConnectionStatusChange:
    connections: list[ConnectedAccount]


@strawberry.type(description="How far a connected account has been read: its streams and its runs say it.")
class SyncProgress:
    connection: ConnectedAccount


@strawberry.type
class ConnectionSubscriptions:
    @live(
        ConnectionStatusChange,
        description="How a tenant's connected accounts stand, at once and whenever that has changed. "
        "Needs the scope read_connections.",
    )
    def connection_status_changed(tenant_id: strawberry.ID) -> Subject:
        field = ("tenantId",)
        owner = decode_as(Kind.TENANT, tenant_id, field=field).owner

        async def read(context: Context) -> ConnectionStatusChange:
            found = await context.reader.read(reads.pages, [owner], after=None, limit=MOST)
            return ConnectionStatusChange(connections=[ConnectedAccount.of(row) for row in found.get(owner, ())])

        return Subject(owner, ApiScope.READ_CONNECTIONS, frozenset({Topic.CONNECTION}), read, field)

    @live(
        SyncProgress,
        description="How far a connected account has been read, at once and page by page, several a second at most. "
        "Needs the scope read_connections.",
    )
    def sync_progress(connection_id: strawberry.ID) -> Subject:
        field = ("connectionId",)
        wanted = decode_as(Kind.CONNECTION, connection_id, field=field)

        async def read(context: Context) -> SyncProgress:
            (row,) = await context.load(CONNECTIONS, [wanted.key])
            if row is None:
                raise NotFound(field=field)
            return SyncProgress(connection=ConnectedAccount.of(row))

        topics = frozenset({Topic.SYNC, Topic.CONNECTION})
        return Subject(wanted.owner, ApiScope.READ_CONNECTIONS, topics, read, field, id=wanted.id)
