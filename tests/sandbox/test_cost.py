"""Prices against Shopify's own recorded answers."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLSchema,
    OperationDefinitionNode,
    VariableValues,
    build_client_schema,
    get_variable_values,
    parse,
    validate,
)

from sandbox.shopify.cost import Estimator, actual, requested, spread

Recording = tuple[dict[str, Any], dict[str, Any]]
# Shapes whose recordings kept the price but not the text.
SHAPES = {
    "{ abandonedCheckouts(first: 50) { nodes { customer { id } billingAddress { country } shippingAddress { country }"
    " lineItems(first: 100) { nodes { originalUnitPriceSet { shopMoney { amount } } } } } } }": 107,
    "{ orders(first: 5) { nodes { returns(first: 50) { nodes { order { id } returnLineItems(first: 50) { nodes { id } }"
    " refunds(first: 50) { nodes { totalRefundedSet { shopMoney { amount } } } } } } } } }": 431,
    "{ markets(first: 5) { nodes { regions(first: 100) { nodes { name } } currencySettings { baseCurrency {"
    " currencyCode } } webPresence { domain { host } rootUrls { url } } } } }": 53,
    '{ order(id: "gid://shopify/Order/1") { customer { id } lineItems(first: 50) { edges { node { variant { id } } } }'
    " } }": 18,
}


@pytest.fixture(scope="module")
def real(reference: Path) -> GraphQLSchema:
    with gzip.open(reference / "provider-data/shopify/schema/admin_2026-10.introspection.json.gz") as source:
        return build_client_schema(json.load(source)["data"], assume_valid=True)


@pytest.fixture(scope="module")
def recordings(reference: Path) -> dict[str, Recording]:
    """By name: what was asked, and the answer with its price."""
    found = {}
    for path in sorted((reference / "provider-data/shopify/http").glob("*.json")):
        content = json.loads(path.read_text())
        asked, answered = content["request"].get("data"), content["response"]["body"]
        if isinstance(asked, dict) and "extensions" in answered:
            found[path.stem] = (asked, answered)
    return found


def estimate(schema: GraphQLSchema, text: str, variables: dict[str, Any]) -> Any:
    document = parse(text)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    values = get_variable_values(schema, operation.variable_definitions or (), variables)
    assert isinstance(values, VariableValues)
    return Estimator(schema, document, values).operation(operation)


def test_costs_are_shopifys(real: GraphQLSchema, recordings: dict[str, Recording]) -> None:
    assert len(recordings) >= 20
    for name, (asked, answered) in recordings.items():
        assert not validate(real, parse(asked["query"])), name
        parts = estimate(real, asked["query"], asked.get("variables") or {})
        cost = answered["extensions"]["cost"]
        assert requested(parts) == cost["requestedQueryCost"], name
        if "products" not in (answered["data"] or {}):  # that recording lost some of its rows afterwards
            assert actual(parts, answered["data"]) == cost["actualQueryCost"], name


@pytest.mark.parametrize(("text", "price"), SHAPES.items())
def test_requested_costs_of_deeper_shapes(real: GraphQLSchema, text: str, price: int) -> None:
    assert requested(estimate(real, text, {})) == price


def test_what_was_found_decides_what_is_paid(real: GraphQLSchema) -> None:
    text = "{ orders(first: 50) { nodes { id customer { id } } } }"
    parts = estimate(real, text, {})
    full = {"orders": {"nodes": [{"id": "1", "customer": {"id": "2"}}] * 50}}
    assert actual(parts, full) == requested(parts) == 2 + spread(50) * 2
    assert actual(parts, {"orders": {"nodes": full["orders"]["nodes"][:5]}}) == 3
    assert actual(parts, None) == 2
    assert actual(parts, {}) == 0
    missing = estimate(real, '{ order(id: "gid://shopify/Order/1") { customer { id } } }', {})
    assert actual(missing, {"order": None}) == 1
