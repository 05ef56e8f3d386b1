"""Callers that are gone before they said all: their own affair, and no alarm in the log."""

import asyncio
import logging
from uuid import uuid4

import pytest

from tests.integration.api.client import Caller

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
PLACES = {
    "webhook": (f"/webhooks/shopify/{uuid4()}", JSON),
    "token": ("/oauth/token", FORM),
    "consent": ("/oauth/authorize", FORM),
    "graphql": ("/graphql", JSON),
    "graphql, too much": ("/graphql", JSON),
}


@pytest.mark.parametrize("place", PLACES)
async def test_who_hangs_up_while_sending_leaves_no_error(
    agency: Caller, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path, media_type = PLACES[place]
    length = 5_000_000 if place.endswith("too much") else 1000
    url = agency.http.base_url
    _, writer = await asyncio.open_connection(url.host, url.port)
    head = f"POST {path} HTTP/1.1\r\nHost: {url.host}\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n"
    writer.write(f"{head}Authorization: Bearer {agency.token}\r\n\r\nhalf of it".encode())
    await writer.drain()
    await asyncio.sleep(0.1)  # until it is read
    writer.close()
    await writer.wait_closed()
    for _ in range(500):
        if _told(caplog):
            break
        await asyncio.sleep(0.01)
    assert [(each.levelno <= logging.INFO, each.exc_info) for each in _told(caplog)] == [(True, None)]


def _told(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [each for each in caplog.records if each.name == "api.http.faults" or each.levelno > logging.INFO]
