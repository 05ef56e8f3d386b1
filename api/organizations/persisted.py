import datetime as dt
from collections.abc import Sequence

import strawberry

from api.context import Context
from api.ids import Kind, encode
from api.rows import OfRow, column
from api.sets import Each, set_based
from tenants.access.actor import ApiScope
from tenants.persisted import models
from tenants.persisted.reads import operations_of


@strawberry.type(description="A document that is asked for by its id.")
class PersistedOperation:
    id: str = strawberry.field(description="`sha256:` and the hash of the document's text: what `documentId` is sent.")
    name: str
    document: str


@strawberry.type(description="The operations of one release of an app's front end, until it is put away.")
class PersistedOperationSet(OfRow):
    KIND = Kind.OPERATION_SET
    reading = ApiScope.MANAGE_ORGANIZATION

    row: strawberry.Private[models.PersistedOperationSet]
    version: int = column(description="Counted for each app, from 1.")
    created_at: dt.datetime = column()
    archived_at: dt.datetime | None = column()

    @property
    def gid(self) -> strawberry.ID:
        return encode(Kind.OPERATION_SET, self.row.organization_id, self.row.id)

    @set_based(description="By name.")
    async def operations(sets: Sequence["PersistedOperationSet"], context: Context) -> Each[list[PersistedOperation]]:
        context.actor.require(ApiScope.MANAGE_ORGANIZATION)
        found = await context.load_lists(operations_of, [(each.row.organization_id, each.row.id) for each in sets])
        return [
            [PersistedOperation(id=f"sha256:{row.digest.hex()}", name=row.name, document=row.document) for row in rows]
            for rows in found
        ]
