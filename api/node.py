from typing import ClassVar

import strawberry

from tenants.access.actor import ApiScope


@strawberry.interface(description="Whatever has an id of its own.")
class Node:
    reading: ClassVar[ApiScope] = ApiScope.READ_METRICS
    """What a token needs to look it up."""

    @strawberry.field(description="Global and opaque.")
    def id(self) -> strawberry.ID:
        return self.gid

    @property
    def gid(self) -> strawberry.ID:
        raise NotImplementedError
