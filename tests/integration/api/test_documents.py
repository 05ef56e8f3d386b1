"""Documents: what they may ask for is settled before anything runs, and every refusal has a code."""

from typing import Any, cast

import pytest
from graphql import (
    IntrospectionQuery,
    build_client_schema,
    build_schema,
    get_introspection_query,
    lexicographic_sort_schema,
    print_schema,
)

from api.export import SCHEMA_FILE
from api.ids import Kind
from tests.integration.api.client import Caller
from tests.integration.api.world import World

VIEWER = "viewer { clientId }"


async def test_depth_is_counted_through_fragments(agency: Caller, world: World) -> None:
    """Initiatives link to initiatives that link to initiatives, as deep as one likes."""

    def document(levels: int) -> str:
        inner = "id"
        for _ in range(levels):
            inner = f"links {{ initiative {{ {inner} }} }}"
        return (
            f'{{ node(id: "{world.agency.gids[Kind.INITIATIVE]}") {{ ...I }} }} fragment I on Initiative {{ {inner} }}'
        )

    assert (await agency.ask(document(6))).data
    refused = await agency.ask(document(7))
    assert ("data" in refused.body, refused.code) == (False, "QUERY_TOO_DEEP")
    assert refused.error["extensions"]["limit"] == 15


async def test_a_refusal_is_the_same_the_second_time(agency: Caller) -> None:
    """Documents are remembered, and so is what was wrong with them."""
    document = "{" + "".join(f"b{at}: {VIEWER} " for at in range(61)) + "}"
    assert [(await agency.ask(document)).code for _ in range(3)] == ["TOO_MANY_ALIASES"] * 3


WRONG = {
    "syntax": ("{ viewer {", {}, "SYNTAX_ERROR"),
    "no operation but a comment": ("# nothing", {}, "SYNTAX_ERROR"),
    "half a character": ('{ metric(key: "\\uD800") { key } }', {}, "SYNTAX_ERROR"),
    "unknown field": ("{ viewer { password } }", {}, "VALIDATION_FAILED"),
    "unknown argument": ('{ metric(key: "orders", secret: true) { key } }', {}, "VALIDATION_FAILED"),
    "missing argument": ("{ metric { key } }", {}, "VALIDATION_FAILED"),
    "unknown type": ("query($a: Password) { viewer(a: $a) { clientId } }", {}, "VALIDATION_FAILED"),
    "unused variable": ("query($a: ID) { viewer { clientId } }", {}, "VALIDATION_FAILED"),
    "missing variable": ("query($k: String!) { metric(key: $k) { key } }", {}, "VALIDATION_FAILED"),
    "variable of another type": ("query($k: String!) { metric(key: $k) { key } }", {"k": 5}, "VALIDATION_FAILED"),
    "variable of no type": ("query($k: String!) { metric(key: $k) { key } }", {"k": {"a": [1]}}, "VALIDATION_FAILED"),
    "null for a value": ("query($k: String!) { metric(key: $k) { key } }", {"k": None}, "VALIDATION_FAILED"),
    "huge integer": ("query($f: Int!) { tenants(first: $f) { nodes { id } } }", {"f": 2**31}, "VALIDATION_FAILED"),
    "huge literal": ("{ tenants(first: 99999999999999999999) { nodes { id } } }", {}, "VALIDATION_FAILED"),
    "no such choice": ("{ metricCatalog(category: SECRETS) { nodes { key } } }", {}, "VALIDATION_FAILED"),
    "clock without an offset": (
        "query($a: DateTime) { tenants { nodes { kpis { nodes { value(asOf: $a) { value } } } } } }",
        {"a": "2025-01-01T00:00:00"},
        "VALIDATION_FAILED",
    ),
    "unknown metric": ('{ metric(key: "wishes") { key } }', {}, "UNKNOWN_METRIC"),
    "a key with a zero byte": ('{ metric(key: "\\u0000") { key } }', {}, "UNKNOWN_METRIC"),
    "only a fragment": ("fragment F on Query { viewer { clientId } }", {}, "OPERATION_NOT_FOUND"),
    "two operations, none named": ("query A { __typename } query B { __typename }", {}, "OPERATION_NAME_REQUIRED"),
}


@pytest.mark.parametrize(("document", "variables", "code"), WRONG.values(), ids=WRONG)
async def test_what_is_wrong_is_named(agency: Caller, document: str, variables: dict[str, Any], code: str) -> None:
    answer = await agency.ask(document, **variables)
    assert answer.body.get("data") is None
    assert {error["extensions"]["code"] for error in answer.body["errors"]} == {code}
    no_internals(answer.text)


async def test_the_named_operation_runs_and_no_other(agency: Caller) -> None:
    change = 'kpiArchive(input: {kpiId: "x"}) { userErrors { code } }'
    document = f"query A {{ a: __typename }} query B {{ b: __typename }} mutation C {{ {change} }}"
    named = await agency.post({"query": document, "operationName": "B"})
    assert named.json()["data"] == {"b": "Query"}
    changing = await agency.post({"query": document, "operationName": "C"})
    assert changing.json()["data"] == {"kpiArchive": {"userErrors": [{"code": "NOT_FOUND"}]}}
    unknown = await agency.post({"query": document, "operationName": "D"})
    assert unknown.status_code == 200
    assert unknown.json()["errors"][0]["extensions"]["code"] == "OPERATION_NOT_FOUND"
    empty = await agency.post({"query": document, "operationName": ""})
    assert empty.json()["errors"][0]["extensions"]["code"] == "OPERATION_NOT_FOUND"


async def test_the_schema_can_be_asked_for_whole(agency: Caller) -> None:
    """The query every tool sends."""
    answer = await agency.ask(get_introspection_query(specified_by_url=True, input_value_deprecation=True))
    told = build_client_schema(cast(IntrospectionQuery, answer.data))
    committed = build_schema(SCHEMA_FILE.read_text())
    assert print_schema(lexicographic_sort_schema(told)) == print_schema(lexicographic_sort_schema(committed))


def no_internals(text: str) -> None:
    for word in ("Traceback", ".py", "strawberry", "graphql-core", "sqlalchemy", "asyncpg", "object at 0x"):
        assert word not in text
