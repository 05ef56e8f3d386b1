"""What a document may ask for. Fragments count where they are spread."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    TokenKind,
)

MOST_DEPTH = 15
MOST_SELECTIONS = 1_000
MOST_ALIASES = 60
MOST_REPEATED = 1
"""Aliases of what is asked about the whole schema."""
MOST_TWINS = 50
MOST_FRAGMENTS_DEEP = 30
MOST_TOKENS = 4_000
MOST_VALUES = 4_000
"""Of the variables: a list of so many is read for long before anybody can say that it is too long."""
MOST_DIGITS = 100
"""Of a number in a document. The language itself reads no more than some thousands, and the library expects it to."""
NUMBERS = (TokenKind.INT, TokenKind.FLOAT)
SCHEMA, TYPE = "__schema", "__type"
NAMELESS = ""
"""An inline fragment among those that are open."""

Place = tuple[str, ...]


def refuse_excess(document: DocumentNode) -> None:
    """Raises GraphQLError. Costs no more than the limits: it comes before validation, whose rules cost their square."""
    _refuse_long_numbers(document)
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if not operations:
        raise GraphQLError("The document has no operation.", extensions={"code": "OPERATION_NOT_FOUND"})
    walk = _Walk(fragments)
    for operation in operations:
        _refuse_excess(walk.through(operation.selection_set, (), ()))
    _refuse_unused(walk)


def _refuse_unused(walk: "_Walk") -> None:
    """As validation does, after it has compared all that is in them."""
    for name in walk.fragments.keys() - walk.met:
        message = f'Fragment "{name}" is never used.'
        raise GraphQLError(message, walk.fragments[name], extensions={"code": "VALIDATION_FAILED"})


def refuse_many_values(variables: Mapping[str, Any] | None) -> None:
    """Raises GraphQLError. Before they are read: what does not fit is told only after all of it was looked at."""
    waiting: list[Any] = [variables or {}]
    seen = 0
    while waiting:
        value = waiting.pop()
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        seen += len(inner)
        if seen > MOST_VALUES:
            extensions = {"code": "TOO_MANY_VALUES", "limit": MOST_VALUES}
            raise GraphQLError(f"The variables have more than {MOST_VALUES} values.", extensions=extensions)
        waiting += inner


def _refuse_long_numbers(document: DocumentNode) -> None:
    token = document.loc.start_token if document.loc else None
    while token is not None:
        if token.kind in NUMBERS and len(token.value or "") > MOST_DIGITS:
            extensions = {"code": "VALIDATION_FAILED", "limit": MOST_DIGITS}
            raise GraphQLError(f"A number has at most {MOST_DIGITS} digits.", extensions=extensions)
        token = token.next


def _refuse_excess(selections: Iterator["Met"]) -> None:
    aliases = repeated = 0
    twins: Counter[Place] = Counter()
    for count, (selection, place, introspects) in enumerate(selections, start=1):
        if isinstance(selection, FieldNode):
            aliases += selection.alias is not None
            repeated += introspects and selection.alias is not None
            twins[place] += 1
        for found, most, code, words in (
            (len(place), MOST_DEPTH, "QUERY_TOO_DEEP", "levels"),
            (count, MOST_SELECTIONS, "QUERY_TOO_WIDE", "selections"),
            (aliases, MOST_ALIASES, "TOO_MANY_ALIASES", "aliases"),
            # All types, told sixty times over, are a minute's work and one price; nobody needs them twice.
            (repeated, MOST_REPEATED, "TOO_MANY_ALIASES", "aliases within introspection"),
            # Every field is compared with each of its own name in its place.
            (twins[place], MOST_TWINS, "QUERY_TOO_WIDE", "fields of one name in one place"),
        ):
            if found > most:
                raise _excess(code, most, words, selection)


def _excess(code: str, most: int, words: str, node: Node | None) -> GraphQLError:
    extensions = {"code": code, "limit": most}
    return GraphQLError(f"The operation has more than {most} {words}.", node, extensions=extensions)


class Met(NamedTuple):
    """A selection, the place of its field in the answer, and whether what is asked for there is the whole schema."""

    selection: SelectionNode
    place: Place
    introspects: bool


@dataclass(frozen=True)
class _Walk:
    """Every selection with the place of its field in the answer; a fragment's stands for what is around it.

    Spreads are told as selections: fragments that hold nothing but each other would otherwise be walked for ever at
    no price.
    """

    fragments: Mapping[str, FragmentDefinitionNode]
    met: set[str] = field(default_factory=set)

    def through(
        self, selections: SelectionSetNode, place: Place, open_fragments: tuple[str, ...], introspects: bool = False
    ) -> Iterator[Met]:
        if len(open_fragments) > MOST_FRAGMENTS_DEEP:
            raise _excess("QUERY_TOO_DEEP", MOST_FRAGMENTS_DEEP, "fragments within each other", selections)
        for selection in selections.selections:
            if isinstance(selection, FieldNode):
                here = (*place, (selection.alias or selection.name).value)
                yield Met(selection, here, introspects or selection.name.value == SCHEMA)
                if selection.selection_set is not None:
                    within = introspects or selection.name.value in (SCHEMA, TYPE)
                    yield from self.through(selection.selection_set, here, open_fragments, within)
                continue
            yield Met(selection, place, introspects)
            if isinstance(selection, InlineFragmentNode):
                yield from self.through(selection.selection_set, place, (*open_fragments, NAMELESS), introspects)
            elif isinstance(selection, FragmentSpreadNode):
                yield from self._spread(selection.name.value, place, open_fragments, introspects)

    def _spread(self, name: str, place: Place, open_fragments: tuple[str, ...], introspects: bool) -> Iterator[Met]:
        """A fragment that is missing or spreads itself is refused by another rule; here it only is not followed."""
        fragment = self.fragments.get(name)
        self.met.add(name)
        if fragment is not None and name not in open_fragments:
            yield from self.through(fragment.selection_set, place, (*open_fragments, name), introspects)
