"""What is sent to wear the server out, or to confuse it: refused before anything is asked of the database.

Each has its code, costs little to refuse, and is answered with little.
"""

import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any
from uuid import UUID

import httpx2
import pytest

from api.ids import Kind, encode
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.conftest import Open
from tests.integration.api.statements import Statements
from tests.integration.api.test_documents import no_internals
from tests.integration.api.world import World

VIEWER = "viewer { clientId }"
MOST_CALLS = 200_000
"""Of Python functions, to refuse something."""
MOST_ANSWERED = 60_000
"""Bytes."""


@dataclass(frozen=True)
class Attack:
    content: bytes
    code: str
    status: int = 200


def asked(query: str, code: str, /, **variables: Any) -> Attack:
    return Attack(json.dumps({"query": query, "variables": variables}).encode(), code)


def raw(content: bytes | str, code: str, status: int = 400) -> Attack:
    return Attack(content if isinstance(content, bytes) else content.encode(), code, status)


def chain(spreads: str, length: int) -> str:
    """Fragments that each spread the next."""
    links = "".join(f"fragment F{at} on Query {{ {spreads.format(at + 1)} }} " for at in range(length))
    return f"{{ ...F0 }} {links} fragment F{length} on Query {{ {VIEWER} }}"


def times(count: int, text: str) -> str:
    """Each with its own number."""
    return " ".join(text.format(at) for at in range(count))


NOBODY = UUID("01900000-0000-7000-8000-000000000000")
KPI, TENANT, APP = (str(encode(kind, NOBODY, NOBODY)) for kind in (Kind.KPI, Kind.TENANT, Kind.APP))
DAYS = {"startOn": "2025-01-01", "dueOn": "2025-12-31"}
NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
METRIC = "query($k: String!) { metric(key: $k) { key } }"
TENANTS = "query($n: Int!) { tenants(first: $n) { nodes { id } } }"
TARGET = "mutation($i: TargetCreateInput!) { targetCreate(input: $i) { userErrors { code } } }"
GRANT = "mutation($i: GrantCreateInput!) { grantCreate(input: $i) { userErrors { code } } }"
SET = (
    "mutation($i: PersistedOperationSetCreateInput!) { persistedOperationSetCreate(input: $i) { userErrors { code } } }"
)
GIVEN = {"tenantId": TENANT, "organizationId": "x", "role": "ADMIN"}
AIMED = {"kpiId": KPI, "value": "1", **DAYS}
KPIS = "tenants(first: 100) { nodes { kpis(first: 100) { nodes { %s } } } }"
TEN = times(10, "a{0}: clientId")

ALIASES = {
    "aliases": asked(f"{{ {times(61, 'a{0}: viewer {{ clientId }}')} }}", "TOO_MANY_ALIASES"),
    "aliases of mutations": asked(
        f"mutation {{ {times(61, 'a{0}: kpiArchive(input: {{kpiId: 1}}) {{ userErrors {{ code }} }}')} }}",
        "TOO_MANY_ALIASES",
    ),
    "aliases in a fragment": asked(
        f"{{ {'...F ' * 7} }} fragment F on Query {{ {times(10, 'a{0}: viewer {{ clientId }}')} }}", "TOO_MANY_ALIASES"
    ),
    "aliases in a fragment under aliases": asked(
        f"{{ {times(6, 'v{0}: viewer {{ ...T }}')} }} fragment T on Viewer {{ {TEN} }}", "TOO_MANY_ALIASES"
    ),
    "aliases in fragments in fragments": asked(
        f"{{ viewer {{ ...A ...A ...A }} }} fragment A on Viewer {{ ...B ...B ...B }} fragment B on Viewer {{ {TEN} }}",
        "TOO_MANY_ALIASES",
    ),
}
DEPTHS = {
    "fields in fields, far too deep to be read": asked("{a" * 1300 + "}" * 1300, "QUERY_TOO_DEEP"),
    "objects in objects": asked(
        '{ node(id: "x") { ... on Initiative ' + "{ links { initiative " * 8 + "{ id }" + "} }" * 8 + " } }",
        "QUERY_TOO_DEEP",
    ),
    "lists in a literal": asked("{nodes(ids: " + "[" * 1500 + "]" * 1500 + "){id}}", "QUERY_TOO_DEEP"),
    "objects in a literal": asked("{nodes(ids: " + "{a:" * 1200 + "1" + "}" * 1200 + "){id}}", "QUERY_TOO_DEEP"),
    "lists in a type": asked("query($a: " + "[" * 1500 + "ID" + "]" * 1500 + "){a}", "QUERY_TOO_DEEP"),
    "inline fragments in each other": asked("{" + "...{" * 300 + VIEWER + "}" * 301, "QUERY_TOO_DEEP"),
    "fragments in each other": asked(chain("...F{0}", 490), "QUERY_TOO_DEEP"),
    "inline fragments in fragments in each other": asked(
        chain("...{{" * 40 + "...F{0}" + "}}" * 40, 24), "QUERY_TOO_DEEP"
    ),
    "few more than there may be": asked("{" + "...{" * 31 + VIEWER + "}" * 32, "QUERY_TOO_DEEP"),
}
WIDTHS = {
    "fields": asked("{" + VIEWER * 600 + "}", "QUERY_TOO_WIDE"),
    "one field again and again": asked("{" + VIEWER * 51 + "}", "QUERY_TOO_WIDE"),
    "one field under one alias": asked("{" + "a: viewer { clientId } " * 51 + "}", "QUERY_TOO_WIDE"),
    "a bomb of fragments": asked(chain("...F{0} ...F{0}", 25), "QUERY_TOO_WIDE"),
    "a wider bomb": asked(chain("...F{0} " * 20, 20), "QUERY_TOO_WIDE"),
    "tokens": asked("{" + "viewer{clientId} " * 1500 + "}", "QUERY_TOO_LONG"),
    "comments": asked("{viewer{clientId}}" + "\n#" * 9000, "QUERY_TOO_LONG"),
    "variables": asked(f"query({times(2000, '$v{0}: ID')}) {{ {VIEWER} }}", "QUERY_TOO_LONG"),
    "operations": asked(times(1200, "query Q{0} {{ a }}"), "QUERY_TOO_LONG"),
}
CIRCLES = {
    "a fragment in itself": asked("{ ...A } fragment A on Query { ...A }", "VALIDATION_FAILED"),
    "fragments in a circle": asked(
        "{ ...A } fragment A on Query { ...B viewer { clientId } } fragment B on Query { ...C } "
        "fragment C on Query { ...A }",
        "VALIDATION_FAILED",
    ),
    "much that nobody spreads": asked(
        f"{{ {VIEWER} }} fragment A on Query {{ {'viewer { clientId } ' * 970} }}", "VALIDATION_FAILED"
    ),
    "many that nobody spreads": asked(
        f"{{ {VIEWER} }} " + " ".join(f"fragment F{at} on Query {{ {VIEWER} }}" for at in range(250)),
        "VALIDATION_FAILED",
    ),
    "a circle nobody spreads": asked(f"{{ {VIEWER} }} fragment A on Query {{ ...A }}", "VALIDATION_FAILED"),
}
DIRECTIVES = {
    "directives without an end": asked("{ viewer { clientId " + "@include(if: true) " * 900 + "} }", "QUERY_TOO_LONG"),
    "directives upon each other": asked(
        "{ viewer { clientId " + "@skip(if: false) " * 500 + "} }", "VALIDATION_FAILED"
    ),
    "directives that nobody knows": asked("{ viewer { clientId " + "@a " * 1900 + "} }", "VALIDATION_FAILED"),
    "directives of an operation": asked("query " + "@a " * 1900 + "{ viewer { clientId } }", "VALIDATION_FAILED"),
}
INTROSPECTION = {
    "types of types of types": asked(
        "{__schema{types" + "{fields{type" * 6 + "{name}" + "}}" * 6 + "}}", "VALIDATION_FAILED"
    ),
    "the schema again and again": asked(
        f"{{ {times(50, 's{0}: __schema {{ types {{ name fields {{ name }} }} }}')} }}", "TOO_MANY_ALIASES"
    ),
    "all types again and again": asked(
        f"{{ __schema {{ {times(50, 't{0}: types {{ name fields {{ name }} }}')} }} }}", "TOO_MANY_ALIASES"
    ),
}
BATCHES = {
    "a batch": raw(json.dumps([{"query": f"{{ {VIEWER} }}"}] * 1000), "MALFORMED_REQUEST"),
    "a batch of one": raw(json.dumps([{"query": f"{{ {VIEWER} }}"}]), "MALFORMED_REQUEST"),
    "a batch in a batch": raw("[" * 900 + "]" * 900, "MALFORMED_REQUEST"),
}
SIZES = {
    "a page": asked(TENANTS, "PAGE_TOO_LARGE", n=101),
    "the largest page": asked(TENANTS, "PAGE_TOO_LARGE", n=2**31 - 1),
    "ids": asked(NODES, "TOO_MANY_IDS", ids=["x"] * 101),
    "ids by the thousand": asked(NODES, "TOO_MANY_VALUES", ids=["x"] * 100_000),
    "a text": asked(METRIC, "UNKNOWN_METRIC", k="x" * 900_000),
    "a list in an input": asked(
        TARGET, "TOO_MANY_VALUES", i={**AIMED, "points": [{"on": "2025-06-30", "value": "1"}] * 15_000}
    ),
    "a list of choices": asked(GRANT, "TOO_MANY_VALUES", i={**GIVEN, "scopes": ["READ_METRICS"] * 50_000}),
    "a list of no choices": asked(GRANT, "TOO_MANY_VALUES", i={**GIVEN, "scopes": ["X"] * 50_000}),
    "a list of objects": asked(
        SET, "TOO_MANY_VALUES", i={"appId": APP, "operations": [{"name": "a", "document": "b"}] * 20_000}
    ),
    "an object of many": asked(GRANT, "TOO_MANY_VALUES", i={f"k{at}": at for at in range(40_000)}),
    "variables nobody declared": asked(METRIC, "TOO_MANY_VALUES", k="x", **{f"k{at}": at for at in range(40_000)}),
    "choices, as many as are read": asked(GRANT, "VALIDATION_FAILED", i={**GIVEN, "scopes": ["X"] * 3_900}),
}
COSTS = {
    "pages in pages": asked(f"{{ {KPIS % 'id'} }}", "MAX_COST_EXCEEDED"),
    "pages in pages, for long": asked(
        f"{{ {KPIS % 'series(granularity: DAY, last: 400) { values }'} }}", "MAX_COST_EXCEEDED"
    ),
    "points of many days": asked(
        "{ tenants(first: 30) { nodes { kpis(first: 100) { nodes { series(last: 400) { points { at } } } } } } }",
        "MAX_COST_EXCEEDED",
    ),
}
DEEP = b'{"query": "{viewer{clientId}}", "variables": {"a": %s}}'
NUMBERS = {
    "an integer": asked(TENANTS, "VALIDATION_FAILED", n=2**31),
    "a long integer": asked(TENANTS, "VALIDATION_FAILED", n=2**63),
    "an integer beyond all": raw(DEEP % (b"1" * 400), "MALFORMED_JSON"),
    "an integer in the document": asked(f"{{ tenants(first: {'9' * 20}) {{ nodes {{ id }} }} }}", "VALIDATION_FAILED"),
    "digits without an end": asked(f"{{ tenants(first: {'9' * 5000}) {{ nodes {{ id }} }} }}", "VALIDATION_FAILED"),
    "a float beyond all": asked("{ tenants(first: 1e999) { nodes { id } } }", "VALIDATION_FAILED"),
    "no number": raw(DEEP % b"NaN", "MALFORMED_JSON"),
    "a number without an end": raw(DEEP % b"1e999999", "MALFORMED_JSON"),
    "a power": asked(TARGET, "VALIDATION_FAILED", i={**AIMED, "value": "1e999999999"}),
}
TEXTS = {
    "variables in each other": raw(DEEP % (b"[" * 5000 + b"]" * 5000), "MALFORMED_JSON"),
    "variables as deep as they are read": asked(NODES, "VALIDATION_FAILED", ids=json.loads("[" * 900 + "]" * 900)),
    "half a character": raw(DEEP % b'"\\ud800"', "MALFORMED_JSON"),
    "half a character's bytes": raw(DEEP % b'"\xed\xa0\x80"', "MALFORMED_JSON"),
    "half a character in the document": asked('{ metric(key: "\\uD800") { key } }', "SYNTAX_ERROR"),
    "a zero in the document": asked("{ viewer \0 { clientId } }", "SYNTAX_ERROR"),
    "a zero in a text": asked(METRIC, "UNKNOWN_METRIC", k="net\0revenue"),
    "a zero in an id": asked("query($i: ID!) { node(id: $i) { id } }", "NOT_FOUND", i="kpi_\0"),
    "a zero in a change": asked(
        "mutation($i: KpiArchiveInput!) { kpiArchive(input: $i) { userErrors { code } } }",
        "INVALID_CHARACTER",
        i={"kpiId": KPI, "idempotencyKey": "\0"},
    ),
    "another encoding": raw('{"query": "{viewer{clientId}}"}'.encode("utf-16"), "MALFORMED_JSON"),
}
ATTACKS = {
    **ALIASES, **DEPTHS, **WIDTHS, **CIRCLES, **DIRECTIVES, **INTROSPECTION, **BATCHES, **SIZES, **COSTS, **NUMBERS,
    **TEXTS,
}  # fmt: skip


@pytest.fixture(scope="module")
def heard() -> Iterator[Statements]:
    with Statements().listening() as statements:
        yield statements


@pytest.fixture(scope="module")
async def caller(heard: Statements, opened: Open, world: World) -> AsyncIterator[Caller]:
    """At a process with the limits that everybody has."""
    async with opened(operation_points=10_000) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as http:
        yield await sign_in(http, world.agency.machine)


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


def codes_in(body: dict[str, Any]) -> set[str]:
    """Of errors, or of what a change refused."""
    codes = {error["extensions"]["code"] for error in body.get("errors", ())}
    for told in filter(None, (body.get("data") or {}).values()):
        codes.update(error["code"] for error in told["userErrors"])
    return codes


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
async def test_it_is_refused_before_anything_is_asked_of_the_database(
    caller: Caller, heard: Statements, attack: Attack
) -> None:
    await caller.ask(f"{{ {VIEWER} }}")  # whoever asks is remembered for a while
    begin = len(heard.sent)
    with counted_calls() as calls:
        answer = await caller.send(attack.content)
    body = answer.json()
    assert (answer.status_code, codes_in(body)) == (attack.status, {attack.code})
    assert calls[0] < MOST_CALLS
    assert heard.since(begin) == []
    assert len(answer.content) < MOST_ANSWERED
    no_internals(answer.text)


@pytest.mark.parametrize("attack", COSTS.values(), ids=COSTS)
async def test_what_is_too_dear_says_where(caller: Caller, attack: Attack) -> None:
    cost = (await caller.send(attack.content)).json()["extensions"]["cost"]
    assert cost["requestedQueryCost"] > 10_000
    assert cost["actualQueryCost"] is None
    paths = {each["path"]: each["objects"] for each in cost["breakdown"]}
    assert paths["tenants.nodes.kpis.nodes"] >= 3_000
    assert sum(paths.values()) <= cost["requestedQueryCost"]


async def test_after_all_of_them_it_answers_as_before(caller: Caller, world: World) -> None:
    answer = await caller.ask("query($t: ID!) { tenant(id: $t) { name } }", t=world.agency.tenant.gid)
    assert answer.data["tenant"]["name"]
