import datetime as dt

import strawberry

from api.contract import deprecations, releases
from api.contract.changes import ChangeKind, Impact

strawberry.enum(ChangeKind, name="SchemaChangeKind", description="What became of what stands at the coordinate.")
strawberry.enum(
    Impact,
    name="SchemaChangeImpact",
    description="What it can do to a client: break it; surprise one that does not expect more than there was; nothing.",
)


@strawberry.type(description="What clients shall stop asking for.")
class Deprecation:
    coordinate: str = strawberry.field(description="Such as `Type.field`, `Type.field(argument:)` or `Enum.VALUE`.")
    reason: str
    removable_after: dt.date = strawberry.field(description="It stays at least until the end of that day.")

    @classmethod
    def of(cls, found: deprecations.Deprecation) -> "Deprecation":
        assert found.removable_after is not None, "without a day nothing is released"
        return cls(coordinate=found.coordinate, reason=found.reason, removable_after=found.removable_after)


@strawberry.type(description="The schema's last release.")
class ApiVersion:
    current: dt.date = strawberry.field(description="The day it was released, which is its name.")
    deprecated: list[Deprecation] = strawberry.field(description="All of it that is deprecated.")

    @classmethod
    def of(cls, release: releases.Release) -> "ApiVersion":
        return cls(current=release.released_on, deprecated=[Deprecation.of(each) for each in release.deprecated])


@strawberry.type(description="What a release changed in the schema.")
class SchemaChange:
    released_on: dt.date
    coordinate: str = strawberry.field(
        description="Such as `Type`, `Type.field`, `Type.field(argument:)` or `Enum.VALUE`."
    )
    kind: ChangeKind
    impact: Impact
    description: str

    @classmethod
    def all_of(cls, release: releases.Release) -> list["SchemaChange"]:
        return [
            cls(
                released_on=release.released_on,
                coordinate=each.coordinate,
                kind=each.kind,
                impact=each.impact,
                description=each.description,
            )
            for each in release.changes
        ]
