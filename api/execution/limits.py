"""What a document may ask for, checked before anything runs. Fragments count where they are spread."""

from collections.abc import Iterator

from graphql import (
    ASTValidationRule,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValidationContext,
)

MOST_DEPTH = 15
MOST_SELECTIONS = 1_000
MOST_ALIASES = 60
MOST_TOKENS = 4_000


class DocumentLimits(ASTValidationRule):
    """Depth, selections and aliases of every operation.

    The walk stops at the first limit, so it costs no more than that. Spreads count as selections: fragments that
    hold nothing but each other would otherwise be walked for ever at no price.
    """

    context: ValidationContext

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: object) -> None:
        aliases = 0
        for count, (selection, depth) in enumerate(self._walk(node.selection_set, 1, ()), start=1):
            aliases += isinstance(selection, FieldNode) and selection.alias is not None
            for found, most, code, words in (
                (depth, MOST_DEPTH, "QUERY_TOO_DEEP", "levels"),
                (count, MOST_SELECTIONS, "QUERY_TOO_WIDE", "selections"),
                (aliases, MOST_ALIASES, "TOO_MANY_ALIASES", "aliases"),
            ):
                if found > most:
                    extensions = {"code": code, "limit": most}
                    message = f"The operation has more than {most} {words}."
                    self.report_error(GraphQLError(message, [selection], extensions=extensions))
                    return

    def _walk(
        self, selections: SelectionSetNode, depth: int, open_fragments: tuple[str, ...]
    ) -> Iterator[tuple[SelectionNode, int]]:
        for selection in selections.selections:
            yield selection, depth
            if isinstance(selection, FieldNode) and selection.selection_set is not None:
                yield from self._walk(selection.selection_set, depth + 1, open_fragments)
            elif isinstance(selection, InlineFragmentNode):
                yield from self._walk(selection.selection_set, depth, open_fragments)
            elif isinstance(selection, FragmentSpreadNode):
                yield from self._spread(selection.name.value, depth, open_fragments)

    def _spread(self, name: str, depth: int, open_fragments: tuple[str, ...]) -> Iterator[tuple[SelectionNode, int]]:
        """A fragment that spreads itself is refused by another rule; here it only must not be followed."""
        fragment = self.context.get_fragment(name)
        if isinstance(fragment, FragmentDefinitionNode) and name not in open_fragments:
            yield from self._walk(fragment.selection_set, depth, (*open_fragments, name))
