"""Answers that Shopify really gave, read by our client. They are other apps' queries: only the envelope is ours."""

import json
import os
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connectors.shopify.answers import cost_of
from connectors.shopify.queries import API_VERSION, SHOP
from domain.ports.errors import AnswerUnusable, ScopeMissing
from tests.unit.connectors.shopify.stage import Wire, account, client

REFERENCE = os.environ.get("AZIMUTH_REFERENCE")
FOLDER = Path(REFERENCE or "/nowhere") / "provider-data/shopify/http"
RECORDINGS = {path.name.removesuffix(".json"): path for path in sorted(FOLDER.glob("*.json"))}

pytestmark = pytest.mark.skipif(not RECORDINGS, reason="AZIMUTH_REFERENCE does not name the reference material")


def replayed(name: str, *, version: str | None = None) -> httpx2.Response:
    response: dict[str, Any] = json.loads(RECORDINGS[name].read_text())["response"]
    headers = response["headers"] | ({"x-shopify-api-version": version} if version else {})
    return httpx2.Response(response["status"], json=response["body"], headers=headers)


def graphql() -> list[str]:
    """All but one: a REST answer has no data at all."""
    return [name for name, path in RECORDINGS.items() if "data" in json.loads(path.read_text())["response"]["body"]]


def with_errors(name: str) -> bool:
    return "errors" in json.loads(RECORDINGS[name].read_text())["response"]["body"]


async def test_every_whole_answer_is_read() -> None:
    whole = [name for name in graphql() if not with_errors(name)]
    assert len(whole) >= 30
    for name in whole:
        data = await client(Wire(replayed(name, version=API_VERSION))).query(account(), SHOP)
        assert data.values, name


async def test_every_refusal_is_a_missing_permission() -> None:
    refused = [name for name in graphql() if with_errors(name)]
    assert len(refused) >= 5
    for name in refused:
        with pytest.raises(ScopeMissing) as caught:
            await client(Wire(replayed(name, version=API_VERSION))).query(account(), SHOP)
        approval_missing = "protected customer data" in str(caught.value)
        assert approval_missing is (name != "list-url-redirects.0"), "which was refused for want of a scope"


async def test_an_answer_by_another_version_is_not_read() -> None:
    """Asked for 2025-01, Shopify answered by 2025-07 and called it a warning."""
    with pytest.raises(AnswerUnusable, match="by version 2025-07") as caught:
        await client(Wire(replayed("get-shop.0"))).query(account(), SHOP)
    assert caught.value.code == "WRONG_API_VERSION"


async def test_a_rest_answer_is_no_graphql_answer() -> None:
    with pytest.raises(AnswerUnusable):
        await client(Wire(replayed("list-url-redirects.1", version=API_VERSION))).query(account(), SHOP)


def test_recorded_costs_are_understood() -> None:
    cost = cost_of(replayed("markets.0").json())
    assert cost is not None
    assert (cost.requested, cost.status.maximum, cost.status.restore_rate) == (53, 4000, 200)
    assert 3900 < cost.status.available < 4000
