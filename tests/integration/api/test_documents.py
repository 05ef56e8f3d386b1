"""Documents: what they may ask for is settled before anything runs, and every refusal has a code."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
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
from tests.integration.api.client import Answer, Caller
from tests.integration.api.world import World

VIEWER = "viewer { clientId }"


def _chain(spreads: str, length: int) -> str:
    """Fragments that each spread the next."""
    links = "".join(f"fragment F{at} on Query {{ {spreads.format(at + 1)} }} " for at in range(length))
    return f"{{ ...F0 }} {links} fragment F{length} on Query {{ {VIEWER} }}"


TOO_MUCH = {
    "nested far too deeply to be read": ("{a" * 1300 + "}" * 1300, "QUERY_TOO_DEEP"),
    "values nested too deeply": ("{nodes(ids: " + "[" * 1500 + "]" * 1500 + "){id}}", "QUERY_TOO_DEEP"),
    "types nested too deeply": ("query($a: " + "[" * 1500 + "ID" + "]" * 1500 + "){a}", "QUERY_TOO_DEEP"),
    "too many tokens": ("{" + "viewer{clientId} " * 1500 + "}", "QUERY_TOO_LONG"),
    "too many comments": ("{viewer{clientId}}" + "\n#" * 9000, "QUERY_TOO_LONG"),
    "too many aliases": ("{" + "".join(f"a{at}: {VIEWER} " for at in range(61)) + "}", "TOO_MANY_ALIASES"),
    "aliases in fragments": (
        "{ ...F ...F ...F ...F ...F ...F ...F } fragment F on Query {"
        + "".join(f"a{at}: {VIEWER} " for at in range(10))
        + "}",
        "TOO_MANY_ALIASES",
    ),
    "too many selections": ("{" + VIEWER * 600 + "}", "QUERY_TOO_WIDE"),
    "too many twins": ("{" + VIEWER * 51 + "}", "QUERY_TOO_WIDE"),
    "a bomb of fragments": (_chain("...F{0} ...F{0}", 25), "QUERY_TOO_WIDE"),
    "a wider bomb": (_chain("...F{0} " * 20, 20), "QUERY_TOO_WIDE"),
    "a long chain of fragments": (_chain("...F{0}", 490), "QUERY_TOO_DEEP"),
    "a fragment in itself": ("{ ...A } fragment A on Query { ...A }", "VALIDATION_FAILED"),
    "fragments in each other": (
        "{ ...A } fragment A on Query { ...B viewer { clientId } } fragment B on Query { ...C } "
        "fragment C on Query { ...A }",
        "VALIDATION_FAILED",
    ),
    "types of types of types": (
        "{__schema{types" + "{fields{type" * 6 + "{name}" + "}}" * 6 + "}}", "VALIDATION_FAILED"
    ),
}  # fmt: skip


@contextmanager
def counted_calls() -> Iterator[list[int]]:
    """Of Python functions, the server's too: it is in the test's own loop."""
    calls = [0]

    def count(_: FrameType, event: str, __: object) -> None:
        calls[0] += event == "call"

    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize(("document", "code"), TOO_MUCH.values(), ids=TOO_MUCH)
async def test_what_asks_too_much_is_refused_before_it_runs(agency: Caller, document: str, code: str) -> None:
    with counted_calls() as calls:
        answer = await agency.ask(document)
    assert calls[0] < 150_000
    assert "data" not in answer.body
    assert answer.body["errors"][0]["extensions"]["code"] == code
    _no_internals(answer)


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
    _no_internals(answer)


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


def _no_internals(answer: Answer) -> None:
    for word in ("Traceback", ".py", "strawberry", "graphql-core", "sqlalchemy", "asyncpg", "object at 0x"):
        assert word not in answer.text
