"""What may be sent at all: bytes, types and sizes, before any document is looked at."""

import asyncio
import json
import urllib.error
import urllib.request

import httpx2
import pytest

from tests.integration.api.client import Caller

VIEWER = "{ viewer { clientId } }"
MEGABYTE = 1_000_000


def code_of(answer: httpx2.Response) -> str:
    body = answer.json()
    assert set(body) == {"errors", "extensions"}
    assert body["extensions"]["requestId"]
    assert len(body["errors"]) == 1
    return str(body["errors"][0]["extensions"]["code"])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "MALFORMED_JSON"),
        (b"{", "MALFORMED_JSON"),
        (b"{} {}", "MALFORMED_JSON"),
        (b"\xff\xfe\x00", "MALFORMED_JSON"),
        ('{"query": "{viewer{clientId}}"}'.encode("utf-16"), "MALFORMED_JSON"),
        (b'{"query": "{viewer{clientId}}", "variables": {"a": NaN}}', "MALFORMED_JSON"),
        (b'{"query": "{viewer{clientId}}", "variables": {"a": "\\ud800"}}', "MALFORMED_JSON"),
        (b'{"query": "{viewer{clientId}}", "variables": {"a": "\xed\xa0\x80"}}', "MALFORMED_JSON"),
        (b'{"query": "{viewer{clientId}}", "variables": {"a": ' + b"[" * 5000 + b"]" * 5000 + b"}}", "MALFORMED_JSON"),
        (b"null", "MALFORMED_REQUEST"),
        (b"[]", "MALFORMED_REQUEST"),
        (b'[{"query": "{viewer{clientId}}"}]', "MALFORMED_REQUEST"),
        (b'"{viewer{clientId}}"', "MALFORMED_REQUEST"),
        (b"{}", "MALFORMED_REQUEST"),
        (b'{"query": null}', "MALFORMED_REQUEST"),
        (b'{"query": ""}', "MALFORMED_REQUEST"),
        (b'{"query": " \\n"}', "MALFORMED_REQUEST"),
        (b'{"query": ["{viewer{clientId}}"]}', "MALFORMED_REQUEST"),
        (b'{"query": "{viewer{clientId}}", "variables": []}', "MALFORMED_REQUEST"),
        (b'{"query": "{viewer{clientId}}", "variables": 0}', "MALFORMED_REQUEST"),
        (b'{"query": "{viewer{clientId}}", "variables": "{}"}', "MALFORMED_REQUEST"),
        (b'{"query": "{viewer{clientId}}", "operationName": []}', "MALFORMED_REQUEST"),
        (b'{"query": "{viewer{clientId}}", "operationName": 0}', "MALFORMED_REQUEST"),
    ],
)
async def test_a_body_that_is_no_request_is_refused(agency: Caller, content: bytes, code: str) -> None:
    answer = await agency.send(content)
    assert (answer.status_code, code_of(answer)) == (400, code)
    assert answer.headers["cache-control"] == "no-store"


async def test_what_may_be_left_out_may_be_null(agency: Caller) -> None:
    answer = await agency.post({"query": VIEWER, "variables": None, "operationName": None, "extensions": {}})
    assert answer.status_code == 200
    assert answer.json()["data"]["viewer"]["clientId"]


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/graphql", "application/x-www-form-urlencoded"])
async def test_only_json_is_read(agency: Caller, media_type: str) -> None:
    """A form could be sent from a stranger's page without the browser asking first."""
    content = json.dumps({"query": VIEWER}).encode()
    answer = await agency.send(content, **{"Content-Type": media_type})
    assert (answer.status_code, code_of(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_the_media_type_may_have_parameters(agency: Caller) -> None:
    answer = await agency.send(
        json.dumps({"query": VIEWER}).encode(), **{"Content-Type": "Application/JSON; charset=utf-8"}
    )
    assert answer.status_code == 200


async def test_a_body_of_the_greatest_size_is_read(agency: Caller) -> None:
    empty = len(json.dumps({"query": VIEWER, "padding": ""}))
    largest = json.dumps({"query": VIEWER, "padding": "x" * (MEGABYTE - empty)}).encode()
    assert (await agency.send(largest)).status_code == 200
    answer = await agency.send(largest + b" ")
    assert (answer.status_code, code_of(answer)) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("length", ["Content-Length: 10000000000", "Transfer-Encoding: chunked"])
async def test_a_body_beyond_it_is_not_read_to_its_end(agency: Caller, length: str) -> None:
    """Neither one that announces its length nor one that does not."""
    url = agency.http.base_url
    _, writer = await asyncio.open_connection(url.host, url.port)
    head = f"POST /graphql HTTP/1.1\r\nHost: {url.host}\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Authorization: Bearer {agency.token}\r\n{length}\r\n\r\n".encode())
    sent, chunk = 0, b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    try:
        while sent < 100 * MEGABYTE:
            writer.write(chunk)
            sent += len(chunk)
            async with asyncio.timeout(5):
                await writer.drain()
    except ConnectionError:
        pass  # closed at the other end: this is what is wanted
    writer.close()
    assert sent < 20 * MEGABYTE


async def test_who_sends_everything_first_is_told(agency: Caller) -> None:
    """As most clients do, this one announcing that it asks nothing more: a connection cut would be all they know."""
    content = b"x" * (10 * MEGABYTE)
    headers = {"Content-Type": "application/json", **agency.headers}
    asked = urllib.request.Request(f"{agency.http.base_url}/graphql", content, headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        await asyncio.to_thread(urllib.request.urlopen, asked, timeout=10)
    with refused.value as answer:
        assert answer.code == 413
        assert json.load(answer)["errors"][0]["extensions"]["code"] == "BODY_TOO_LARGE"


async def test_who_waits_for_the_refusal_is_told(agency: Caller) -> None:
    url = agency.http.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = f"POST /graphql HTTP/1.1\r\nHost: {url.host}\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Authorization: Bearer {agency.token}\r\nContent-Length: 20000000\r\n\r\n".encode())
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"BODY_TOO_LARGE" in answer
    writer.close()
