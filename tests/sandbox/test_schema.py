"""The sandbox's schema is a true part of Shopify's."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, build_client_schema, build_schema, parse, print_ast, validate
from graphql.type import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    is_required_argument,
    is_required_input_field,
)

from sandbox.shopify.access import TYPE_SCOPES
from sandbox.shopify.prune import HERE, sdl
from sandbox.shopify.schema import SDL, admin_schema
from tests.sandbox.client import IDS, ORDERS


@pytest.fixture(scope="module")
def published(reference: Path) -> dict[str, Any]:
    folder = reference / "provider-data/shopify/schema"
    with gzip.open(folder / "admin_2026-10.introspection.json.gz") as source:
        return dict(json.load(source))


@pytest.fixture(scope="module")
def real(published: dict[str, Any]) -> GraphQLSchema:
    return build_client_schema(published["data"], assume_valid=True)


def default_of(member: Any) -> str | None:
    default = getattr(member, "default", None)
    return None if default is None else print_ast(default.literal)


def compare_members(where: str, ours: Mapping[str, Any], theirs: Mapping[str, Any], required: Any) -> None:
    """Every member kept is equal, and none left out could have been demanded of the caller."""
    assert ours.keys() <= theirs.keys(), where
    for name, member in ours.items():
        other = theirs[name]
        assert str(member.type) == str(other.type), f"{where}.{name}"
        assert member.deprecation_reason == other.deprecation_reason, f"{where}.{name}"
        assert default_of(member) == default_of(other), f"{where}.{name}"
    assert not [name for name in theirs.keys() - ours.keys() if required(theirs[name])], where


def compare_type(ours: GraphQLNamedType, theirs: GraphQLNamedType) -> None:
    assert type(ours) is type(theirs), ours.name
    if isinstance(ours, GraphQLEnumType) and isinstance(theirs, GraphQLEnumType):
        assert ours.values.keys() == theirs.values.keys(), ours.name
        for name, value in ours.values.items():
            assert value.deprecation_reason == theirs.values[name].deprecation_reason, name
    elif isinstance(ours, GraphQLInputObjectType) and isinstance(theirs, GraphQLInputObjectType):
        compare_members(ours.name, ours.fields, theirs.fields, is_required_input_field)
    elif isinstance(ours, GraphQLObjectType | GraphQLInterfaceType):
        assert isinstance(theirs, GraphQLObjectType | GraphQLInterfaceType)
        assert {one.name for one in ours.interfaces} <= {one.name for one in theirs.interfaces}, ours.name
        compare_members(ours.name, ours.fields, theirs.fields, lambda _field: False)
        for name, field in ours.fields.items():
            compare_members(f"{ours.name}.{name}", field.args, theirs.fields[name].args, is_required_argument)


def test_everything_the_sandbox_answers_exists_in_the_real_schema(real: GraphQLSchema) -> None:
    ours = build_schema(SDL.read_text())
    own_types = {name: kind for name, kind in ours.type_map.items() if not name.startswith("__")}
    assert own_types.keys() <= real.type_map.keys()
    for name, kind in own_types.items():
        compare_type(kind, real.type_map[name])
    assert ours.query_type is not None
    assert real.query_type is not None
    assert ours.query_type.name == real.query_type.name == "QueryRoot"


def test_no_deprecated_field_is_offered() -> None:
    for kind in admin_schema().type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            assert not [name for name, field in kind.fields.items() if field.deprecation_reason], kind.name


def test_the_committed_schema_is_what_pruning_gives(published: dict[str, Any]) -> None:
    assert sdl(published["data"], json.loads((HERE / "answered.json").read_text())) == SDL.read_text()


def test_scopes_are_those_the_real_schema_declares(published: dict[str, Any]) -> None:
    declared = {
        item["typeName"]: tuple(item["offlineScopes"])
        for item in published["offline_scopes"]["items"]
        if item["type"] == "type" and item["offlineScopes"]
    }
    ours = {name for name, kind in admin_schema().type_map.items() if isinstance(kind, GraphQLObjectType)}
    assert {name: scopes for name, scopes in declared.items() if name in ours} == TYPE_SCOPES


@pytest.mark.parametrize("query", [ORDERS, IDS], ids=["orders", "ids"])
def test_queries_the_sandbox_takes_are_taken_by_shopify(real: GraphQLSchema, query: str) -> None:
    assert validate(real, parse(query)) == []
