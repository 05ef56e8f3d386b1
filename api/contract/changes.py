"""What changed between two schemas, each change with the coordinate it is about."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from graphql import (
    BreakingChangeType,
    DangerousChangeType,
    GraphQLSchema,
    SafeChangeType,
    SchemaChange,
    find_schema_changes,
    resolve_schema_coordinate,
    specified_scalar_types,
)

from api.contract.deprecations import Deprecation, deprecations


class ChangeKind(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    DEPRECATED = "deprecated"
    REMOVED = "removed"


class Impact(StrEnum):
    """The gravest first."""

    BREAKING = "breaking"
    DANGEROUS = "dangerous"
    SAFE = "safe"


@dataclass(frozen=True, slots=True)
class Change:
    coordinate: str
    kind: ChangeKind
    impact: Impact
    description: str


IMPACTS = {BreakingChangeType: Impact.BREAKING, DangerousChangeType: Impact.DANGEROUS, SafeChangeType: Impact.SAFE}

# The library tells a change in words alone. In the order in which they decide: a member or a directive; whose list of
# types it is that grew or shrank; a type, which begins its sentence.
_COORDINATES = (
    re.compile(r"(@\w+(?:\(\w+:\))?|\w+\.\w+(?:\(\w+:\))?)"),
    re.compile(r"(?:union type|implemented by) (\w+)"),
    re.compile(r"^(?:Standard scalar )?(\w+)"),
)


def changes_between(old: GraphQLSchema, new: GraphQLSchema) -> list[Change]:
    """The gravest first. What only a description says is no change."""
    found = [*_told(old, new), *_of_deprecations(old, new)]
    return sorted(found, key=lambda each: ([*Impact].index(each.impact), each.coordinate, each.description))


def _told(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[Change]:
    for told in find_schema_changes(old, new):
        coordinate = coordinate_of(told)
        # The scalars of the language come and go with whoever uses them.
        if told.type is not SafeChangeType.DESCRIPTION_CHANGED and coordinate not in specified_scalar_types:
            kind = _kind(coordinate, old, new)
            yield Change(coordinate, kind, IMPACTS[type(told.type)], told.description)


def coordinate_of(told: SchemaChange) -> str:
    return next(found[1] for pattern in _COORDINATES if (found := pattern.search(told.description)))


def _kind(coordinate: str, old: GraphQLSchema, new: GraphQLSchema) -> ChangeKind:
    if resolve_schema_coordinate(old, coordinate) is None:
        return ChangeKind.ADDED
    return ChangeKind.REMOVED if resolve_schema_coordinate(new, coordinate) is None else ChangeKind.CHANGED


def _of_deprecations(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[Change]:
    """Of which the library says nothing."""
    before, after = (_by_coordinate(schema) for schema in (old, new))
    for coordinate, each in after.items():
        if before.get(coordinate) != each:
            words = f"{coordinate} is deprecated: {each.reason}"
            yield Change(coordinate, ChangeKind.DEPRECATED, Impact.SAFE, words)
    for coordinate in before.keys() - after.keys():
        if _resolves(new, coordinate):
            words = f"{coordinate} is deprecated no more."
            yield Change(coordinate, ChangeKind.CHANGED, Impact.SAFE, words)


def _by_coordinate(schema: GraphQLSchema) -> dict[str, Deprecation]:
    return {each.coordinate: each for each in deprecations(schema)}


def _resolves(schema: GraphQLSchema, coordinate: str) -> bool:
    try:
        return resolve_schema_coordinate(schema, coordinate) is not None
    except (ValueError, TypeError):  # what held it is gone, too
        return False
