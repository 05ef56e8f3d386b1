"""GraphQL over HTTP: methods, media types and status codes, and pages of other origins."""

from typing import Any

import httpx2
import orjson
import pytest

from api.http.media import answered_in, takes_streams
from tests.integration.api.client import Caller
from tests.integration.api.ledger import Ledger
from tests.integration.api.world import World

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
VIEWER = "{ viewer { clientId } }"
TENANT = "query Named($id: ID!) { tenant(id: $id) { name } }"
ARCHIVE = 'mutation { appArchive(input: { appId: "x" }) { userErrors { code } } }'
FRONT_END = "https://front-end.example"


async def get(caller: Caller, **parameters: Any) -> httpx2.Response:
    return await caller.http.get("/graphql", params=parameters, headers=caller.headers)


async def test_a_query_is_asked_by_its_address(agency: Caller, world: World) -> None:
    variables = orjson.dumps({"id": world.agency.tenant.gid}).decode()
    answer = await get(agency, query=TENANT, variables=variables, operationName="Named", extensions="{}")
    assert answer.status_code == 200
    asked = await agency.ask(TENANT, id=world.agency.tenant.gid)
    assert answer.json()["data"] == asked.data
    assert answer.headers["cache-control"] == "no-store"


async def test_nothing_is_changed_by_an_address(agency: Caller, ledger: Ledger) -> None:
    before = await ledger.read()
    answer = await get(agency, query=ARCHIVE)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert answer.json()["errors"][0]["extensions"]["code"] == "METHOD_NOT_ALLOWED"
    several = await get(
        agency, query=f"query Q {VIEWER} {ARCHIVE.replace('mutation', 'mutation M')}", operationName="M"
    )
    assert several.status_code == 405
    assert await ledger.read() == before


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"query": ""},
        {"query": VIEWER, "variables": "{"},
        {"query": VIEWER, "variables": "[]"},
        {"query": VIEWER, "extensions": "0"},
    ],
)
async def test_an_address_that_asks_nothing_is_refused(agency: Caller, parameters: dict[str, str]) -> None:
    answer = await get(agency, **parameters)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "MALFORMED_REQUEST")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_other_methods_are_told_which_there_are(agency: Caller, method: str) -> None:
    answer = await agency.http.request(method, "/graphql", headers=agency.headers)
    assert answer.status_code == 405
    assert {"GET", "POST"} <= {each.strip() for each in answer.headers["allow"].split(",")}


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (RESPONSE, RESPONSE),
        (RESPONSE.upper(), RESPONSE),
        (f"{RESPONSE}; charset=utf-8, {JSON}; charset=utf-8", RESPONSE),
        (f"{JSON}, {RESPONSE}", JSON),
        (f"{JSON};q=0.8, {RESPONSE};q=0.9", RESPONSE),
        (f"{RESPONSE};q=0, */*;q=0.1", JSON),
        (f"text/html, {RESPONSE};q=0.5", RESPONSE),
        ("text/html", None),
        ("application/json;q=0", None),
        ("application/json;q=much", None),
        (f"{RESPONSE}; charset=utf-16", None),
        (",;,=", None),
        (f"{JSON};q=0, */*", RESPONSE),
        (f"{JSON};q=0.1, */*;q=0.5", RESPONSE),
        (f"{RESPONSE};q=nan, {JSON}", JSON),
        (f"{JSON};q=7", None),
    ],
)
def test_the_media_type_is_agreed_on(accept: str | None, media: str | None) -> None:
    assert answered_in(accept) == media


@pytest.mark.parametrize(
    ("accept", "streams"),
    [
        (None, False),
        ("*/*", False),
        ("text/*", False),
        (JSON, False),
        ("text/event-stream", True),
        ("Text/Event-Stream; charset=utf-8", True),
        (f"{RESPONSE}, {JSON}, text/event-stream;q=0.1", True),
        ("text/event-stream;q=0", False),
    ],
)
def test_an_event_stream_is_for_who_names_it(accept: str | None, streams: bool) -> None:
    assert takes_streams(accept) is streams


@pytest.mark.parametrize("media", [JSON, RESPONSE])
async def test_an_answer_says_what_it_is(agency: Caller, media: str) -> None:
    answer = await agency.send(orjson.dumps({"query": VIEWER}), Accept=media)
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{media}; charset=utf-8")


async def test_who_takes_neither_is_told_so(agency: Caller) -> None:
    answer = await agency.send(orjson.dumps({"query": VIEWER}), Accept="text/html")
    assert (answer.status_code, answer.headers["content-type"]) == (406, f"{JSON}; charset=utf-8")


@pytest.mark.parametrize(
    "body",
    [
        {"query": "{"},
        {"query": "{ unheardOf }"},
        {"query": TENANT},
        {"query": TENANT, "variables": {"id": 1.5}},
        {"query": TENANT, "variables": {"id": "x"}, "operationName": "Other"},
    ],
)
async def test_what_cannot_be_executed_has_no_data(agency: Caller, body: dict[str, Any]) -> None:
    """The newer media type tells it by the status, too."""
    for media, status in ((JSON, 200), (RESPONSE, 400)):
        answer = await agency.send(orjson.dumps(body), Accept=media)
        assert (answer.status_code, set(answer.json())) == (status, {"errors", "extensions"}), media


async def test_what_was_executed_has_data_though_it_failed(agency: Caller) -> None:
    for media in (JSON, RESPONSE):
        body = {"query": TENANT, "variables": {"id": "x"}}
        answer = await agency.send(orjson.dumps(body), Accept=media)
        assert (answer.status_code, answer.json()["data"]) == (200, {"tenant": None})


async def test_a_page_of_any_origin_asks_with_its_token(agency: Caller) -> None:
    """By the token alone: no cookie is sent along, so nobody can be made to ask without knowing."""
    preflight = await agency.http.options(
        "/graphql",
        headers={
            "Origin": FRONT_END,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type, traceparent",
        },
    )
    assert preflight.status_code == 200
    allowed = {each.strip().lower() for each in preflight.headers["access-control-allow-headers"].split(",")}
    assert {"authorization", "content-type"} <= allowed
    answer = await agency.send(orjson.dumps({"query": VIEWER}), Origin=FRONT_END)
    for told in (preflight, answer):
        assert told.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in told.headers


async def test_a_form_of_another_page_is_no_request(agency: Caller) -> None:
    """What a browser sends without asking first, multipart among it, is not read."""
    for media in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"):
        answer = await agency.send(orjson.dumps({"query": VIEWER}), **{"Content-Type": media})
        assert answer.status_code == 415, media
