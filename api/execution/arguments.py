"""The arguments of a field, once for all objects of its place."""

from collections.abc import Iterator
from typing import Any

from graphql import DirectiveNode, GraphQLField, Node, VariableNode, get_argument_values
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField


class Arguments:
    """What names no variable is read once for all requests, and must not be changed by those who are given it."""

    def __init__(self, field: GraphQLField, declared: StrawberryField, details: FieldDetails) -> None:
        self._field = field
        self._declared = declared
        self._details = details
        self._constant = not any(variables_of(argument) for argument in details.node.arguments or ())
        self._known: dict[str, Any] | None = None

    def raw(self, run: Executor[Any]) -> dict[str, Any]:
        """As the library hands them to a resolver."""
        if not self._field.args:
            return {}
        return get_argument_values(
            self._field, self._details.node, run.variable_values, self._details.fragment_variable_values
        )

    def of(self, run: Executor[Any]) -> dict[str, Any]:
        """As a declared function takes them."""
        if self._known is not None:
            return self._known
        schema: Any = run.schema._strawberry_schema  # type: ignore[attr-defined]
        converted = convert_arguments(
            self.raw(run),
            self._declared.arguments,
            scalar_registry=schema.schema_converter.scalar_registry,
            config=schema.config,
        )
        if self._constant:
            self._known = converted
        return converted


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
