"""What a release promises its clients, and what of that a later schema breaks."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from graphql import (
    REMOVE,
    DirectiveDefinitionNode,
    DocumentNode,
    EnumValueDefinitionNode,
    FieldDefinitionNode,
    GraphQLDeprecatedDirective,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InputValueDefinitionNode,
    TypeDefinitionNode,
    Visitor,
    build_ast_schema,
    build_schema,
    get_directive_values,
    get_named_type,
    parse,
    visit,
)

from api.contract.changes import Change, ChangeKind, Impact, changes_between
from api.contract.deprecations import day_of, deprecations

MEMBER_REMEDY = (
    'Keep it with the deprecation reason "Removed after YYYY-MM-DD. Use ...", release that, and remove it when the day '
    "has passed."
)
TYPE_REMEDY = "A type goes when all that leads to it, or all its members, were deprecated and their day has passed."


def complaints(released: str, current: str, *, today: date) -> list[str]:
    """Of the SDL in work against the SDL of the last release: one line for each promise that it breaks."""
    promised, new = promised_by(released, today=today), build_schema(current)
    days = {each.coordinate: each.removable_after for each in deprecations(build_schema(released))}
    broken = [each for each in changes_between(promised, new) if each.impact is Impact.BREAKING]
    return [f"{each.coordinate}: {each.description} {_remedy(each, days.get(each.coordinate))}" for each in broken]


def undated(current: str) -> list[str]:
    return [
        f'{each.coordinate}: it is deprecated without a day. Say "Removed after YYYY-MM-DD" in the reason.'
        for each in deprecations(build_schema(current))
        if each.removable_after is None
    ]


def _remedy(broken: Change, day: date | None) -> str:
    if broken.kind is ChangeKind.ADDED:
        return "Make it optional, or give it a default."
    if broken.kind is ChangeKind.CHANGED or broken.coordinate.startswith("@"):
        return "Keep it as it was, and add what is new beside it."
    if day is not None:
        return f"It is promised until {day}: remove it after that day."
    return MEMBER_REMEDY if "." in broken.coordinate else TYPE_REMEDY


def promised_by(released: str, *, today: date) -> GraphQLSchema:
    """The released schema without the members whose day has passed, and without types that only they led to."""
    kept = visit(parse(released), _WithoutDue(today))
    known = _led_to(build_ast_schema(kept, assume_valid=True))
    definitions = tuple(
        each for each in kept.definitions if not isinstance(each, TypeDefinitionNode) or each.name.value in known
    )
    return build_ast_schema(DocumentNode(definitions=definitions), assume_valid=True)


class _WithoutDue(Visitor):
    def __init__(self, today: date) -> None:
        super().__init__()
        self.today = today

    def enter_field_definition(self, node: FieldDefinitionNode, *_: Any) -> Any:
        return self._judge(node)

    def enter_input_value_definition(self, node: InputValueDefinitionNode, *_: Any) -> Any:
        return self._judge(node)

    def enter_enum_value_definition(self, node: EnumValueDefinitionNode, *_: Any) -> Any:
        return self._judge(node)

    def enter_directive_definition(self, _node: DirectiveDefinitionNode, *_: Any) -> Any:
        return self.SKIP

    def _judge(self, node: FieldDefinitionNode | InputValueDefinitionNode | EnumValueDefinitionNode) -> Any:
        given = get_directive_values(GraphQLDeprecatedDirective, node)
        day = day_of(given["reason"]) if given else None
        return REMOVE if day is not None and day < self.today else None


def _led_to(schema: GraphQLSchema) -> set[str]:
    """The names of the types that a document can come to from the roots."""
    known: set[str] = set()
    ahead: list[GraphQLNamedType] = [
        *filter(None, (schema.query_type, schema.mutation_type, schema.subscription_type)),
        *(get_named_type(each.type) for directive in schema.directives for each in directive.args.values()),
    ]
    while ahead:
        kind = ahead.pop()
        if kind.name not in known:
            known.add(kind.name)
            ahead.extend(_neighbors(kind, schema))
    return known


def _neighbors(kind: GraphQLNamedType, schema: GraphQLSchema) -> Iterator[GraphQLNamedType]:
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        yield from kind.interfaces
        for field in kind.fields.values():
            yield get_named_type(field.type)
            yield from (get_named_type(each.type) for each in field.args.values())
    if isinstance(kind, GraphQLInputObjectType):
        yield from (get_named_type(each.type) for each in kind.fields.values())
    if isinstance(kind, GraphQLUnionType):
        yield from kind.types
    if isinstance(kind, GraphQLInterfaceType):
        # Of those that have nothing left, nothing is promised.
        found = schema.get_implementations(kind)
        yield from (each for each in found.objects if each.fields)
        yield from (each for each in found.interfaces if each.fields)
