"""Bad weather, ordered through the control desk and met by the next requests."""

import json
import time

import httpx2
import pytest

from tests.sandbox.client import IDS, Store


def order(shop: Store, kind: str, **extra: object) -> None:
    shop.control("POST", "/faults", {"kind": kind, **extra})


@pytest.mark.parametrize("status", [402, 423, 429, 500, 502])
def test_an_http_error_comes_as_often_as_ordered(shop: Store, status: int) -> None:
    order(shop, f"http_{status}", times=2, seconds=1.5)
    answers = [shop.post(IDS, {"first": 2}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert ("retry-after" in answers[0].headers) == (status == 429)
    if status == 429:
        assert answers[0].headers["retry-after"] == "1.5"


def test_throttled_though_the_bucket_was_full(shop: Store) -> None:
    order(shop, "throttled")
    body = shop.post(IDS, {"first": 2}).json()
    assert body["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert body["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] < 10
    time.sleep(0.01)
    assert "errors" not in shop.post(IDS, {"first": 2}).json()


def test_an_internal_error(shop: Store) -> None:
    order(shop, "internal_error")
    body = shop.post(IDS, {"first": 2}).json()
    assert body["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "data" not in body


def test_a_partial_page_looks_like_a_whole_one_but_for_its_errors(shop: Store) -> None:
    whole = shop.data(IDS, {"first": 10})["orders"]
    order(shop, "partial")
    answer = shop.post(IDS, {"first": 10})
    assert answer.status_code == 200
    body = answer.json()
    assert body["data"]["orders"]["nodes"] == whole["nodes"][:5]
    assert body["data"]["orders"]["pageInfo"] == whole["pageInfo"]
    assert body["errors"][0]["path"] == ["orders", "nodes", 5]


def test_json_that_ends_too_early(shop: Store) -> None:
    order(shop, "malformed_json")
    answer = shop.post(IDS, {"first": 2})
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_a_connection_that_breaks_inside_the_body(shop: Store) -> None:
    order(shop, "cut_body")
    with pytest.raises(httpx2.RemoteProtocolError):
        shop.post(IDS, {"first": 50})
    assert shop.post(IDS, {"first": 50}).status_code == 200


def test_an_answer_that_does_not_come(shop: Store) -> None:
    order(shop, "hang", seconds=0.4)
    started = time.monotonic()
    with pytest.raises(httpx2.RemoteProtocolError):
        shop.post(IDS, {"first": 2})
    assert time.monotonic() - started >= 0.4


def test_another_version_than_the_one_asked_for(shop: Store) -> None:
    order(shop, "other_version")
    answer = shop.post(IDS, {"first": 2})
    assert answer.headers["x-shopify-api-version"] == "2026-07"
    assert answer.json()["data"]


def test_the_search_index_may_lag_behind_a_change(shop: Store) -> None:
    """The order exists and can be read, but a list by `updated_at` shows it only later: a cursor must look back."""
    shop.control("POST", "/index-lag", {"seconds": 0.5})
    made = shop.control("POST", "/orders", {"lines": [{"unit_price": "3.00"}]})["order"]
    gid = f"gid://shopify/Order/{made['id']}"
    assert gid not in shop.ids()
    assert shop.data(f'{{ order(id: "{gid}") {{ id }} }}')["order"]["id"] == gid
    time.sleep(0.6)
    assert shop.ids(f"updated_at:>='{made['updated_at']}'") == [gid]


def test_expired_access_asks_for_a_refresh(shop: Store) -> None:
    shop.control("POST", "/tokens/expire", {"client_id": "practice-client"})
    assert shop.post("{ shop { name } }").status_code == 401
    shop.tokens = shop.refresh(shop.tokens["refresh_token"]).json()
    assert shop.post("{ shop { name } }").status_code == 200


def test_faults_can_be_called_off(shop: Store) -> None:
    order(shop, "http_500", times=5)
    assert shop.control("GET", "/faults") == {"graphql": ["http_500"] * 5}
    shop.control("DELETE", "/faults")
    assert shop.post("{ shop { name } }").status_code == 200


def test_faults_stay_in_their_shop(shop: Store, whole_shop: Store) -> None:
    order(shop, "http_500")
    assert whole_shop.post("{ shop { name } }").status_code == 200
    assert shop.post("{ shop { name } }").status_code == 500


def test_requests_are_counted(shop: Store) -> None:
    shop.post("{ shop { name } }")
    shop.post("{ nothing }")
    order(shop, "http_500")
    shop.post("{ shop { name } }")
    shop.refresh(shop.tokens["refresh_token"])
    counted = shop.control("GET", "/counters")
    assert counted == {"exchanges": 1, "graphql": 3, "undefinedField": 1, "faults": 1, "refreshes": 1}
