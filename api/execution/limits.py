"""What a document may ask for. Fragments count where they are spread."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

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
)

MOST_DEPTH = 15
MOST_SELECTIONS = 1_000
MOST_ALIASES = 60
MOST_TWINS = 50
MOST_FRAGMENTS_DEEP = 30
MOST_TOKENS = 4_000

Place = tuple[str, ...]


def refuse_excess(document: DocumentNode) -> None:
    """Raises GraphQLError. Costs no more than the limits: it comes before validation, whose rules cost their square."""
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            _refuse_excess(_Walk(fragments).through(operation.selection_set, (), ()))


def _refuse_excess(selections: Iterator[tuple[SelectionNode, Place]]) -> None:
    aliases = 0
    twins: Counter[Place] = Counter()
    for count, (selection, place) in enumerate(selections, start=1):
        if isinstance(selection, FieldNode):
            aliases += selection.alias is not None
            twins[place] += 1
        for found, most, code, words in (
            (len(place), MOST_DEPTH, "QUERY_TOO_DEEP", "levels"),
            (count, MOST_SELECTIONS, "QUERY_TOO_WIDE", "selections"),
            (aliases, MOST_ALIASES, "TOO_MANY_ALIASES", "aliases"),
            # Every field is compared with each of its own name in its place.
            (twins[place], MOST_TWINS, "QUERY_TOO_WIDE", "fields of one name in one place"),
        ):
            if found > most:
                raise _excess(code, most, words, selection)


def _excess(code: str, most: int, words: str, node: Node | None) -> GraphQLError:
    extensions = {"code": code, "limit": most}
    return GraphQLError(f"The operation has more than {most} {words}.", node, extensions=extensions)


@dataclass(frozen=True)
class _Walk:
    """Every selection with the place of its field in the answer; a fragment's stands for what is around it.

    Spreads are told as selections: fragments that hold nothing but each other would otherwise be walked for ever at
    no price.
    """

    fragments: Mapping[str, FragmentDefinitionNode]

    def through(
        self, selections: SelectionSetNode, place: Place, open_fragments: tuple[str, ...]
    ) -> Iterator[tuple[SelectionNode, Place]]:
        for selection in selections.selections:
            if isinstance(selection, FieldNode):
                here = (*place, (selection.alias or selection.name).value)
                yield selection, here
                if selection.selection_set is not None:
                    yield from self.through(selection.selection_set, here, open_fragments)
                continue
            yield selection, place
            if isinstance(selection, InlineFragmentNode):
                yield from self.through(selection.selection_set, place, open_fragments)
            elif isinstance(selection, FragmentSpreadNode):
                yield from self._spread(selection.name.value, place, open_fragments)

    def _spread(
        self, name: str, place: Place, open_fragments: tuple[str, ...]
    ) -> Iterator[tuple[SelectionNode, Place]]:
        """A fragment that is missing or spreads itself is refused by another rule; here it only is not followed."""
        fragment = self.fragments.get(name)
        if len(open_fragments) >= MOST_FRAGMENTS_DEEP:
            raise _excess("QUERY_TOO_DEEP", MOST_FRAGMENTS_DEEP, "fragments within each other", fragment)
        if fragment is not None and name not in open_fragments:
            yield from self.through(fragment.selection_set, place, (*open_fragments, name))
