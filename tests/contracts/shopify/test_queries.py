"""Each document against the real schema, against the practice one, and against the price limit."""

import gzip
import json
from pathlib import Path

import pytest
from graphql import GraphQLSchema, NoDeprecatedCustomRule, build_client_schema, build_schema, parse, validate
from graphql.validation import specified_rules

from connectors.shopify.queries import ALL_QUERIES, API_VERSION, Document
from tests.contracts.shopify.house import Installed

SANDBOX_SCHEMA = Path(__file__).parents[3] / "sandbox/shopify/admin_2026-10.graphql"
MOST_EXPENSIVE = 1000

documents = pytest.mark.parametrize("document", ALL_QUERIES.values(), ids=ALL_QUERIES)


@pytest.fixture(scope="module", params=["2026-10", "2026-07"])
def real_schema(request: pytest.FixtureRequest, reference: Path) -> GraphQLSchema:
    path = reference / f"provider-data/shopify/schema/admin_{request.param}.introspection.json.gz"
    with gzip.open(path) as source:
        # The schema deprecates fields its interfaces still demand, which a strict reader refuses.
        return build_client_schema(json.load(source)["data"], assume_valid=True)


@documents
def test_shopify_understands_it_and_deprecates_nothing_of_it(document: Document, real_schema: GraphQLSchema) -> None:
    errors = validate(real_schema, parse(document.text), [*specified_rules, NoDeprecatedCustomRule])
    assert [error.message for error in errors] == []


@documents
def test_the_sandbox_understands_it(document: Document) -> None:
    schema = build_schema(SANDBOX_SCHEMA.read_text())
    assert [error.message for error in validate(schema, parse(document.text))] == []


@documents
def test_its_name_is_its_operations_name(document: Document) -> None:
    operations = [node.name.value for node in parse(document.text).definitions if node.kind == "operation_definition"]  # type: ignore[attr-defined]
    assert operations == [document.name]
    assert ALL_QUERIES[document.name] is document


@pytest.mark.parametrize("first", [100, 250])
@pytest.mark.parametrize("name", ["Customers", "Orders"])
async def test_a_page_is_affordable(shop: Installed, name: str, first: int) -> None:
    """Shopify refuses what asks for more than 1,000 points, however full the bucket."""
    shop.store.tokens = {"access_token": shop.keeper.tokens.access_token}
    variables = {"first": first, "sortKey": "ID", "count": True} | ({"products": True} if name == "Orders" else {})
    body = shop.store.ask(ALL_QUERIES[name].text, variables)
    assert 0 < body["extensions"]["cost"]["requestedQueryCost"] <= MOST_EXPENSIVE


@pytest.mark.parametrize("name", ["OrderById", "OrderLinesRest", "OrderRefundsAll", "CustomerById", "Subscriptions"])
async def test_everything_else_is_affordable_too(shop: Installed, name: str) -> None:
    shop.store.tokens = {"access_token": shop.keeper.tokens.access_token}
    order = shop.store.control("GET", "/orders?fields=id")["orders"][0]["id"]
    kind = "Customer" if name == "CustomerById" else "Order"
    every = {"id": f"gid://shopify/{kind}/{order}", "after": None, "products": True}
    needed = {key: value for key, value in every.items() if f"${key}:" in ALL_QUERIES[name].text}
    if name == "OrderLinesRest":
        needed["after"] = "eyJsYXN0X2lkIjowLCJsYXN0X3ZhbHVlIjowfQ=="
    body = shop.store.post(ALL_QUERIES[name].text, needed).json()
    assert body["extensions"]["cost"]["requestedQueryCost"] <= MOST_EXPENSIVE


def test_one_version_is_asked_for_everywhere() -> None:
    assert API_VERSION == "2026-10"
