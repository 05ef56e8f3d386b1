"""Installing an app, and keeping it installed."""

import json
import time
from pathlib import Path

import httpx2
import pytest

from sandbox.shopify.signatures import callback_hmac, webhook_hmac
from tests.sandbox.client import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, Desk, Store
from tests.sandbox.conftest import Starter


def test_signatures_match_the_published_vectors(reference: Path) -> None:
    vectors = json.loads((reference / "provider-data/shopify/signatures.json").read_text())
    by_kind = {vector["kind"]: vector for vector in vectors}
    callback, webhook = by_kind["oauth_callback_hmac_hex"], by_kind["webhook_hmac_b64"]
    assert callback_hmac(callback["secret"], callback["params"]) == callback["expected"]
    assert webhook_hmac(webhook["secret"], webhook["body"].encode()) == webhook["expected"]


def test_a_person_sees_who_asks_for_what(shop: Store) -> None:
    page = shop.desk.plain.get(shop.authorize_url())
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert shop.domain in page.text
    for word in ("Practice app", "read_orders", "read_customers", 'value="install"', 'value="cancel"'):
        assert word in page.text


def test_the_page_cannot_be_used_to_inject_markup(shop: Store) -> None:
    page = shop.desk.plain.get(shop.authorize_url(scope="<script>alert(1)</script>"))
    assert "<script>" not in page.text


def test_the_redirect_is_signed(shop: Store) -> None:
    query = shop.consent(state="odd & state=ü+ ")
    signature = query.pop("hmac")
    assert signature == callback_hmac(CLIENT_SECRET, query)
    assert query["shop"] == shop.domain
    assert query["state"] == "odd & state=ü+ "
    assert abs(int(query["timestamp"]) - time.time()) < 5
    assert query.keys() == {"code", "host", "shop", "state", "timestamp"}
    query["shop"] = "other.myshopify.com"
    assert signature != callback_hmac(CLIENT_SECRET, query)


def test_a_merchant_may_refuse(shop: Store) -> None:
    query = shop.consent(decision="cancel")
    assert query["error"] == "access_denied"
    assert query["state"] == "state-1"
    assert "code" not in query
    assert query.pop("hmac") == callback_hmac(CLIENT_SECRET, query)


def test_a_merchant_may_grant_less_than_was_asked(shop: Store) -> None:
    response = shop.desk.plain.post(shop.authorize_url(), data={"decision": "install", "scope": ["read_orders"]})
    code = response.next_request.url.params["code"] if response.next_request else ""
    assert shop.token_request(code=code, expiring="1").json()["scope"] == "read_orders"


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "stranger"},
        {"redirect_uri": "https://evil.example.com/callback"},
        {"redirect_uri": REDIRECT_URI + "/more"},
        {"redirect_uri": REDIRECT_URI + "?next=x"},
        {"scope": ""},
    ],
)
def test_a_wrong_request_never_redirects(shop: Store, change: dict[str, str]) -> None:
    url = shop.authorize_url(**change)
    assert shop.desk.plain.get(url).status_code == 400
    assert shop.desk.plain.post(url, data={"decision": "install", "scope": ["read_orders"]}).status_code == 400


def test_a_code_becomes_expiring_tokens_once(shop: Store) -> None:
    code = shop.consent()["code"]
    issued = shop.token_request(code=code, expiring="1")
    assert issued.status_code == 200
    body = issued.json()
    assert body["expires_in"] == 3600
    assert body["refresh_token_expires_in"] == 90 * 24 * 3600
    assert body["scope"] == "read_orders,read_all_orders,read_customers,read_products"
    again = shop.token_request(code=code, expiring="1")
    assert again.status_code == 400
    assert again.json()["error"] == "invalid_request"


def test_the_token_endpoint_takes_forms_too_and_legacy_apps_get_a_lasting_token(shop: Store) -> None:
    form = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "code": shop.consent()["code"]}
    issued = shop.desk.plain.post(f"{shop.base}/oauth/access_token", data=form)
    assert issued.json().keys() == {"access_token", "scope"}
    shop.tokens = issued.json()
    assert shop.data("{ shop { myshopifyDomain } }")["shop"]["myshopifyDomain"] == shop.domain


def test_a_code_is_good_only_for_its_shop_and_its_app(sandbox: Desk, shop: Store) -> None:
    code = shop.consent()["code"]
    other = sandbox.open_shop("neighbor.myshopify.com", last_customer=2)
    assert other.token_request(code=code, expiring="1").status_code == 400
    assert shop.token_request(code=shop.consent()["code"], client_secret="wrong").json()["error"] == "invalid_client"


def test_refreshing_rotates(shop: Store) -> None:
    first = shop.tokens["refresh_token"]
    second = shop.refresh(first).json()
    assert second["refresh_token"] != first
    assert second["access_token"] != shop.tokens["access_token"]
    third = shop.refresh(second["refresh_token"])
    assert third.status_code == 200
    replay = shop.refresh(first)
    assert replay.status_code == 400
    assert replay.json()["error"] == "invalid_grant"


def test_an_answer_lost_on_the_way_does_not_lose_the_shop(shop: Store) -> None:
    shop.control("POST", "/faults", {"endpoint": "token", "kind": "lose_answer"})
    old = shop.tokens["refresh_token"]
    with pytest.raises(httpx2.RemoteProtocolError):
        shop.refresh(old)
    retried = shop.refresh(old)
    assert retried.status_code == 200
    shop.tokens = retried.json()
    assert shop.data("{ shop { name } }")["shop"]["name"]
    assert shop.refresh(shop.tokens["refresh_token"]).status_code == 200
    assert shop.refresh(old).status_code == 400


def test_tokens_expire(start_sandbox: Starter) -> None:
    desk = start_sandbox("--seed-customers", "3", "--access-token-seconds", "0.6", "--refresh-token-seconds", "1.2")
    store = desk.store("first-light.myshopify.com").install()
    old = dict(store.tokens)
    assert store.post("{ shop { name } }").status_code == 200
    time.sleep(0.7)
    assert store.post("{ shop { name } }").status_code == 401
    store.tokens = store.refresh(old["refresh_token"]).json()
    assert store.post("{ shop { name } }").status_code == 200
    time.sleep(1.3)
    assert store.refresh(store.tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_token_opens_its_own_shop_only(sandbox: Desk, shop: Store) -> None:
    other = sandbox.open_shop("stranger.myshopify.com", last_customer=2)
    other.tokens = shop.tokens
    refused = other.post("{ shop { name } }")
    assert refused.status_code == 401
    assert "Invalid API key or access token" in refused.json()["errors"]


def test_revoked_tokens_are_dead(shop: Store) -> None:
    assert shop.control("POST", "/tokens/revoke", {"client_id": CLIENT_ID})["revoked"] == 2
    assert shop.post("{ shop { name } }").status_code == 401
    assert shop.refresh(shop.tokens["refresh_token"]).status_code == 400


def test_a_shop_is_found_by_its_host_name_too(shop: Store) -> None:
    headers = {"host": shop.domain, "x-shopify-access-token": shop.tokens["access_token"]}
    query = {"query": "{ shop { myshopifyDomain } }"}
    answer = shop.desk.plain.post("/admin/api/2026-10/graphql.json", json=query, headers=headers)
    assert answer.json()["data"]["shop"]["myshopifyDomain"] == shop.domain
    nobody = {**headers, "host": "nobody.myshopify.com"}
    assert shop.desk.plain.post("/admin/api/2026-10/graphql.json", json=query, headers=nobody).status_code == 404
    assert shop.desk.plain.get("/shops/nobody.myshopify.com/admin/oauth/authorize").status_code == 404
