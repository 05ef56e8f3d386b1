"""The arguments of a field, once for all objects of its place."""

from collections.abc import Iterator
from datetime import date
from enum import Enum
from typing import Any

from graphql import DirectiveNode, GraphQLField, Node, Undefined, VariableNode, get_argument_values
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

MOST_SETTINGS = 16
MOST_CHARACTERS = 64
SMALL = (int, Enum, date, type(None), type(Undefined))


class Arguments:
    """Read once for each setting of the variables they name, and not to be changed by those who are given them."""

    def __init__(self, field: GraphQLField, declared: StrawberryField, details: FieldDetails) -> None:
        self._field = field
        self._declared = declared
        self._details = details
        nodes = details.node.arguments or ()
        self._variables = tuple({name for node in nodes for name in variables_of(node)})
        self._known: dict[tuple[Any, ...], dict[str, Any]] = {}

    def raw(self, run: Executor[Any]) -> dict[str, Any]:
        """As the library hands them to a resolver."""
        if not self._field.args:
            return {}
        return get_argument_values(
            self._field, self._details.node, run.variable_values, self._details.fragment_variable_values
        )

    def of(self, run: Executor[Any]) -> dict[str, Any]:
        """As a declared function takes them."""
        given = run.variable_values.coerced
        setting = tuple(given.get(name, Undefined) for name in self._variables)
        if not all(map(_is_small, setting)):
            return self._converted(run)
        known = self._known.get(setting)
        if known is None:
            known = self._converted(run)
            if len(self._known) < MOST_SETTINGS:
                self._known[setting] = known
        return known

    def _converted(self, run: Executor[Any]) -> dict[str, Any]:
        schema: Any = run.schema._strawberry_schema  # type: ignore[attr-defined]
        return convert_arguments(
            self.raw(run),
            self._declared.arguments,
            scalar_registry=schema.schema_converter.scalar_registry,
            config=schema.config,
        )


def _is_small(value: Any) -> bool:
    """Whether a caller's value may be kept: it lives as long as the document, and there are many of both."""
    return isinstance(value, SMALL) or (isinstance(value, str) and len(value) <= MOST_CHARACTERS)


def variables_of(node: Node, *, within_directives: bool = False) -> Iterator[str]:
    """The names of variables in a node."""
    for key in node.keys:
        value = getattr(node, key, None)
        for child in value if isinstance(value, list | tuple) else (value,):
            if isinstance(child, VariableNode):
                if not within_directives:
                    yield child.name.value
            elif isinstance(child, Node):
                inside = within_directives and not isinstance(child, DirectiveNode)
                yield from variables_of(child, within_directives=inside)
