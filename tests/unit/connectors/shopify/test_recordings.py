"""Answers that Shopify really gave, read by our client. They are other apps' queries: only the envelope is ours."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connectors.shopify.answers import cost_of
from connectors.shopify.queries import API_VERSION, SHOP
from domain.ports.errors import AnswerUnusable, ScopeMissing
from tests.unit.connectors.shopify.stage import Wire, account, client

Recordings = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def recordings(reference: Path) -> Recordings:
    paths = sorted((reference / "provider-data/shopify/http").glob("*.json"))
    return {path.name.removesuffix(".json"): json.loads(path.read_text())["response"] for path in paths}


def replayed(response: dict[str, Any], *, version: str | None = API_VERSION) -> httpx2.Response:
    headers = response["headers"] | ({"x-shopify-api-version": version} if version else {})
    return httpx2.Response(response["status"], json=response["body"], headers=headers)


def graphql(recordings: Recordings, *, refused: bool) -> Recordings:
    """All but one: a REST answer has no data at all."""
    return {
        name: response
        for name, response in recordings.items()
        if "data" in response["body"] and ("errors" in response["body"]) is refused
    }


async def test_every_whole_answer_is_read(recordings: Recordings) -> None:
    whole = graphql(recordings, refused=False)
    assert len(whole) >= 30
    for name, response in whole.items():
        data = await client(Wire(replayed(response))).query(account(), SHOP)
        assert data.values, name


async def test_every_refusal_is_a_missing_permission(recordings: Recordings) -> None:
    refused = graphql(recordings, refused=True)
    assert len(refused) >= 5
    for name, response in refused.items():
        with pytest.raises(ScopeMissing) as caught:
            await client(Wire(replayed(response))).query(account(), SHOP)
        approval_missing = "protected customer data" in str(caught.value)
        assert approval_missing is (name != "list-url-redirects.0"), "which was refused for want of a scope"


async def test_an_answer_by_another_version_is_not_read(recordings: Recordings) -> None:
    """Asked for 2025-01, Shopify answered by 2025-07 and called it a warning."""
    reply = replayed(recordings["get-shop.0"], version=None)
    with pytest.raises(AnswerUnusable, match="by version 2025-07") as caught:
        await client(Wire(reply)).query(account(), SHOP)
    assert caught.value.code == "WRONG_API_VERSION"


async def test_a_rest_answer_is_no_graphql_answer(recordings: Recordings) -> None:
    with pytest.raises(AnswerUnusable):
        await client(Wire(replayed(recordings["list-url-redirects.1"]))).query(account(), SHOP)


def test_recorded_costs_are_understood(recordings: Recordings) -> None:
    cost = cost_of(recordings["markets.0"]["body"])
    assert cost is not None
    assert (cost.requested, cost.status.maximum, cost.status.restore_rate) == (53, 4000, 200)
    assert 3900 < cost.status.available < 4000
