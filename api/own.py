"""What a change tells a token that may change but not read: the plain fields of what it made, and no figure.

What is not plain looks something up; so does what is marked with FIGURE, though it was looked up when it was made.
"""

from collections.abc import Iterator
from typing import Any, cast

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    get_directive_values,
    get_named_type,
)
from strawberry.types.field import StrawberryField

from api.context import Info
from api.execution.fields import is_plain
from api.node import Node
from tenants.access.actor import ApiScope

FIGURE = {"figure": True}


def scopes_to_read(info: Info) -> set[ApiScope]:
    """Of a payload: what its selection needs besides the scope of the change itself."""
    raw = info._raw_info
    payload = _object(raw.return_type)
    chosen = [(_object(payload.fields[each.name.value].type), each) for each in _chosen(raw, payload)]
    return {_node(kind).reading for kind, each in chosen if not _is_own(raw, kind, each.selection_set)}


def is_own(info: Info) -> bool:
    """Of one node of a payload: whether the whole selection is its own."""
    raw = info._raw_info
    return all(_is_own(raw, _object(raw.return_type), each.selection_set) for each in raw.field_nodes)


def _chosen(raw: GraphQLResolveInfo[Any], payload: GraphQLObjectType) -> Iterator[FieldNode]:
    for each in raw.field_nodes:
        for node in _fields(raw, each.selection_set):
            field = payload.fields.get(node.name.value)
            kind = None if field is None else get_named_type(field.type)
            if isinstance(kind, GraphQLObjectType) and issubclass(_origin(kind), Node):
                yield node


def _is_own(raw: GraphQLResolveInfo[Any], kind: GraphQLObjectType, selections: SelectionSetNode | None) -> bool:
    for node in _fields(raw, selections):
        field = kind.fields.get(node.name.value)
        if field is None:  # __typename
            continue
        declared = cast(StrawberryField, field.extensions["strawberry-definition"])
        if not is_plain(declared) or FIGURE.items() <= declared.metadata.items():
            return False
        if node.selection_set is not None and not _is_own(raw, _object(field.type), node.selection_set):
            return False
    return True


def _fields(raw: GraphQLResolveInfo[Any], selections: SelectionSetNode | None) -> Iterator[FieldNode]:
    """Through fragments; all of them fit, because everything here is of one concrete type."""
    for selection in () if selections is None else selections.selections:
        if _is_left_out(raw, selection):
            continue
        if isinstance(selection, FieldNode):
            yield selection
        elif isinstance(selection, InlineFragmentNode):
            yield from _fields(raw, selection.selection_set)
        elif isinstance(selection, FragmentSpreadNode):
            yield from _fields(raw, raw.fragments[selection.name.value].selection_set)


def _is_left_out(raw: GraphQLResolveInfo[Any], selection: SelectionNode) -> bool:
    skip = get_directive_values(GraphQLSkipDirective, selection, raw.variable_values)
    include = get_directive_values(GraphQLIncludeDirective, selection, raw.variable_values)
    return bool(skip and skip["if"]) or bool(include and not include["if"])


def _object(kind: Any) -> GraphQLObjectType:
    named = get_named_type(kind)
    assert isinstance(named, GraphQLObjectType)
    return named


def _origin(kind: GraphQLObjectType) -> type:
    return cast(type, kind.extensions["strawberry-definition"].origin)


def _node(kind: GraphQLObjectType) -> type[Node]:
    origin = _origin(kind)
    assert issubclass(origin, Node)
    return origin
