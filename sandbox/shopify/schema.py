"""The executable schema: the committed part of the real one, with answers attached."""

import re
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any

from graphql import GraphQLSchema, build_schema, get_named_type
from graphql.type import GraphQLInterfaceType, GraphQLObjectType, GraphQLScalarType

from sandbox.shopify.access import FIELD_SCOPES, TYPE_SCOPES
from sandbox.shopify.context import Info
from sandbox.shopify.fields import FIELDS
from sandbox.shopify.resolvers import Resolver, instant

SDL = Path(__file__).with_name("admin_2026-10.graphql")
NODE_TYPES = {"RefundLine": "RefundLineItem", "Subscription": "WebhookSubscription"}


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def by_key(name: str) -> Resolver:
    return lambda record, _info, **_arguments: record[name]


def by_attribute(name: str) -> Resolver:
    read = attrgetter(snake(name))
    return lambda record, _info, **_arguments: record[name] if type(record) is dict else read(record)


def guarded(resolve: Resolver, needed: tuple[str, ...], type_name: str, field_name: str) -> Resolver:
    def check_then_resolve(record: Any, info: Info, **arguments: Any) -> Any:
        info.context.access.check(needed, type_name, field_name)
        return resolve(record, info, **arguments)

    return check_then_resolve


def type_of(record: Any, *_ignored: Any) -> str:
    name = type(record).__name__
    return NODE_TYPES.get(name, name)


def attach(kind: GraphQLObjectType) -> None:
    known = FIELDS.get(kind.name, {})
    plain = by_key if kind.name in ("MoneyBag", "MoneyV2") else by_attribute
    for name, field in kind.fields.items():
        resolve = known.get(name) or plain(name)
        named = get_named_type(field.type).name
        target = named.removesuffix("Connection")
        needed = FIELD_SCOPES.get((kind.name, name)) or TYPE_SCOPES.get(target)
        # Rows inside a connection or a payload were checked where it was entered.
        if needed and name not in ("nodes", "node"):
            resolve = guarded(resolve, needed, target, name)
        field.resolve = resolve


@cache
def admin_schema() -> GraphQLSchema:
    schema = build_schema(SDL.read_text())
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLInterfaceType):
            kind.resolve_type = type_of
        elif isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            attach(kind)
        elif isinstance(kind, GraphQLScalarType) and kind.name == "DateTime":
            kind.coerce_output_value = instant
    unknown = {f"{kind}.{name}" for kind, fields in FIELDS.items() for name in fields} - {
        f"{kind.name}.{name}"
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLObjectType)
        for name in kind.fields
    }
    assert not unknown, f"answers for fields outside the schema: {sorted(unknown)}"
    return schema
