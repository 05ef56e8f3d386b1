import datetime as dt
from functools import cache
from uuid import NAMESPACE_URL, UUID, uuid5

import strawberry

from api.context import Info
from api.contract.releases import releases
from api.contract.types import ApiVersion, SchemaChange
from api.pagination import Connection, slice_of_fixed


@strawberry.type
class ContractQueries:
    @strawberry.field(description="Which release of the schema this is, and what of it will go.")
    def api_version(self) -> ApiVersion:
        return ApiVersion.of(releases()[0])

    @strawberry.field(
        description="What releases changed, the newest first and in each the gravest: all, or those `since` a day."
    )
    def schema_changes(
        self, info: Info, first: int = 50, after: str | None = None, since: dt.date | None = None
    ) -> Connection[SchemaChange]:
        info.context.actor.require_exploring()
        nodes = [(id, each) for id, each in _changes() if since is None or each.released_on >= since]
        return slice_of_fixed(nodes, first=first, after=after)


@cache
def _changes() -> list[tuple[UUID, SchemaChange]]:
    return [(_id_of(each), each) for release in releases() for each in SchemaChange.all_of(release)]


def _id_of(change: SchemaChange) -> UUID:
    return uuid5(NAMESPACE_URL, f"azimuth:schema:{change.released_on}:{change.description}")
