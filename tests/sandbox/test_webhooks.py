"""Webhooks: true headers and bodies, retries, and disorder on request."""

import json
import time
from datetime import datetime
from typing import Any

import pytest

from sandbox.shopify.signatures import webhook_hmac
from tests.sandbox.client import CLIENT_ID, CLIENT_SECRET, Store, number
from tests.sandbox.receiver import Receiver

CREATE = (
    "mutation($topic: WebhookSubscriptionTopic!, $webhook: WebhookSubscriptionInput!) {"
    " webhookSubscriptionCreate(topic: $topic, webhookSubscription: $webhook) {"
    " webhookSubscription { id topic uri format includeFields apiVersion { handle } } userErrors { field message } } }"
)
ORDER = {"lines": [{"title": "Compact Disc", "quantity": 2, "unit_price": "9.95"}]}


def subscribe(shop: Store, topic: str, uri: str, **extra: Any) -> dict[str, Any]:
    variables = {"topic": topic, "webhook": {"uri": uri, **extra}}
    return dict(shop.data(CREATE, variables)["webhookSubscriptionCreate"])


def topics(receiver: Receiver) -> list[str]:
    return [one.headers["x-shopify-topic"] for one in receiver.received]


def test_a_sale_is_told_signed_and_in_the_shops_own_time(shop: Store, receiver: Receiver) -> None:
    subscribe(shop, "ORDERS_CREATE", receiver.url, name="sales")
    customer = shop.control("GET", "/customers?fields=id,email")["customers"][0]
    content = {**ORDER, "customer_id": customer["id"], "processed_at": "2026-07-04T23:30:00-07:00"}
    made = shop.control("POST", "/orders", content)
    (told,) = receiver.wait(1)
    assert told.headers["x-shopify-hmac-sha256"] == webhook_hmac(CLIENT_SECRET, told.body)
    assert told.headers["x-shopify-topic"] == "orders/create"
    assert told.headers["x-shopify-shop-domain"] == shop.domain
    assert told.headers["x-shopify-api-version"] == "2026-10"
    assert told.headers["x-shopify-webhook-id"] == made["deliveries"][0]
    assert told.headers["x-shopify-event-id"]
    assert told.headers["x-shopify-name"] == "sales"
    assert datetime.fromisoformat(told.headers["x-shopify-triggered-at"]).tzinfo
    body = json.loads(told.body)
    assert body["id"] == made["order"]["id"]
    assert body["admin_graphql_api_id"] == f"gid://shopify/Order/{body['id']}"
    assert body["processed_at"] == "2026-07-05T02:30:00-04:00"
    assert body["total_price"] == body["current_total_price"] == "19.90"
    assert body["total_price_set"]["shop_money"] == {"amount": "19.90", "currency_code": "USD"}
    assert body["customer"]["email"] == customer["email"]
    assert body["line_items"][0]["price"] == "9.95"


def test_the_bodies_have_the_fields_of_the_rest_resources(shop: Store, receiver: Receiver) -> None:
    """Named in Shopify's own fixtures of order, refund and customer."""
    for topic in ("ORDERS_UPDATED", "REFUNDS_CREATE", "CUSTOMERS_UPDATE", "ORDERS_DELETE", "CUSTOMERS_DELETE"):
        subscribe(shop, topic, receiver.url)
    order = shop.control("GET", "/orders?fields=id,customer_id")["orders"][0]
    shop.control("POST", f"/orders/{order['id']}/refunds")
    shop.control("PATCH", f"/customers/{order['customer_id']}", {"first_name": "Ada", "tags": ["VIP"]})
    shop.control("DELETE", f"/orders/{order['id']}")
    shop.control("DELETE", f"/customers/{order['customer_id']}")
    receiver.wait(5)
    bodies = {one.headers["x-shopify-topic"]: json.loads(one.body) for one in receiver.received}
    updated = bodies["orders/updated"]
    assert updated.keys() >= {"id", "name", "order_number", "created_at", "updated_at", "test", "currency", "tags"}
    assert (updated["financial_status"], updated["current_total_price"]) == ("refunded", "0.00")
    refund = bodies["refunds/create"]
    assert refund.keys() >= {"id", "order_id", "created_at", "note", "refund_line_items", "transactions"}
    assert refund["order_id"] == order["id"]
    assert refund["transactions"][0]["kind"] == "refund"
    assert {line["line_item_id"] for line in refund["refund_line_items"]} == {
        line["id"] for line in updated["line_items"]
    }
    customer = bodies["customers/update"]
    assert (customer["first_name"], customer["tags"]) == ("Ada", "VIP")
    assert customer.keys() >= {"orders_count", "total_spent", "state", "verified_email", "last_order_id"}
    assert bodies["orders/delete"] == {"id": order["id"]}
    assert bodies["customers/delete"]["id"] == order["customer_id"]


def test_subscriptions_are_kept_listed_changed_and_ended(shop: Store, receiver: Receiver) -> None:
    made = subscribe(shop, "ORDERS_CREATE", receiver.url)["webhookSubscription"]
    assert made["apiVersion"]["handle"] == "2026-10"
    assert made["format"] == "JSON"
    taken = subscribe(shop, "ORDERS_CREATE", receiver.url)
    assert taken["webhookSubscription"] is None
    assert taken["userErrors"] == [
        {"field": ["webhookSubscription", "uri"], "message": "Address for this topic has already been taken"}
    ]
    subscribe(shop, "ORDERS_UPDATED", receiver.url)
    listed = shop.data(
        "{ webhookSubscriptions(first: 10, topics: [ORDERS_CREATE]) { nodes { id topic uri } edges { cursor } } }"
    )["webhookSubscriptions"]["nodes"]
    assert listed == [{"id": made["id"], "topic": "ORDERS_CREATE", "uri": receiver.url}]
    change = (
        "mutation($id: ID!, $webhook: WebhookSubscriptionInput!) { webhookSubscriptionUpdate(id: $id,"
        " webhookSubscription: $webhook) { webhookSubscription { includeFields } userErrors { message } } }"
    )
    shop.data(change, {"id": made["id"], "webhook": {"includeFields": ["id", "updated_at"]}})
    shop.control("POST", "/orders", ORDER)
    assert json.loads(receiver.wait(1)[0].body).keys() == {"id", "updated_at"}
    end = (
        "mutation($id: ID!) { webhookSubscriptionDelete(id: $id) {"
        " deletedWebhookSubscriptionId userErrors { message } } }"
    )
    ended, again = (shop.data(end, {"id": made["id"]})["webhookSubscriptionDelete"] for _ in range(2))
    assert ended["deletedWebhookSubscriptionId"] == made["id"]
    assert again["userErrors"] == [{"message": "Webhook subscription does not exist"}]
    assert shop.control("POST", "/orders", ORDER)["deliveries"] == []


@pytest.mark.parametrize(
    "webhook",
    [
        {},
        {"uri": ""},
        {"uri": "ftp://127.0.0.1/x"},
        {"uri": "http://"},
        {"uri": "http://127.0.0.1:9/", "filter": "id:1"},
    ],
)
def test_a_subscription_that_cannot_work_is_refused(shop: Store, webhook: dict[str, str]) -> None:
    refused = shop.data(CREATE, {"topic": "ORDERS_CREATE", "webhook": webhook})["webhookSubscriptionCreate"]
    assert refused["webhookSubscription"] is None
    assert refused["userErrors"][0]["field"][0] == "webhookSubscription"


def test_one_event_reaches_every_subscription_once(shop: Store, receiver: Receiver) -> None:
    for path in ("one", "two"):
        subscribe(shop, "ORDERS_CREATE", f"{receiver.url}/{path}")
    shop.control("POST", "/orders", ORDER)
    told = receiver.wait(2)
    assert {one.path for one in told} == {"/webhooks/one", "/webhooks/two"}
    assert len({one.headers["x-shopify-event-id"] for one in told}) == 1
    assert len({one.headers["x-shopify-webhook-id"] for one in told}) == 2


def test_a_failed_delivery_comes_again_unchanged(shop: Store, receiver: Receiver) -> None:
    subscribe(shop, "ORDERS_UPDATED", receiver.url)
    receiver.answers = [500, 404]
    order = shop.ids(first=1)[0]
    made = shop.control("PATCH", f"/orders/{number(order)}", {"note": "first"})
    receiver.wait(1)
    shop.control("PATCH", f"/orders/{number(order)}", {"note": "second", "webhook": False})
    told = receiver.wait(3)
    assert len({one.body for one in told}) == 1
    assert {one.headers["x-shopify-webhook-id"] for one in told} == set(made["deliveries"])
    assert len({one.headers["x-shopify-triggered-at"] for one in told}) == 1
    time.sleep(0.05)
    (delivery,) = shop.control("GET", "/deliveries")["deliveries"]
    assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 404, 200]
    assert delivery["state"] == "delivered"


def test_an_address_that_never_answers_loses_its_subscription(shop: Store, receiver: Receiver) -> None:
    subscribe(shop, "ORDERS_CREATE", receiver.url)
    receiver.answers = [500] * 9
    shop.control("POST", "/orders", ORDER)
    receiver.wait(4)
    time.sleep(0.1)
    (delivery,) = shop.control("GET", "/deliveries")["deliveries"]
    assert delivery["state"] == "failed"
    assert shop.data("{ webhookSubscriptions(first: 5) { nodes { id } } }")["webhookSubscriptions"]["nodes"] == []


def test_an_address_where_nobody_listens_is_an_error_not_a_crash(shop: Store) -> None:
    subscribe(shop, "ORDERS_CREATE", "http://127.0.0.1:9/closed")
    shop.control("POST", "/orders", ORDER)
    time.sleep(0.3)
    (delivery,) = shop.control("GET", "/deliveries")["deliveries"]
    assert delivery["attempts"][0]["error"] == "ConnectError"


def test_a_delivery_can_come_twice(shop: Store, receiver: Receiver) -> None:
    subscribe(shop, "ORDERS_CREATE", receiver.url)
    (delivery,) = shop.control("POST", "/orders", ORDER)["deliveries"]
    receiver.wait(1)
    shop.control("POST", f"/deliveries/{delivery}/resend")
    first, second = receiver.wait(2)
    assert first.headers["x-shopify-webhook-id"] == second.headers["x-shopify-webhook-id"]
    assert first.body == second.body


@pytest.mark.parametrize("order", ["as_sent", "reversed", "shuffled"])
def test_deliveries_can_be_held_and_let_go_in_any_order(shop: Store, receiver: Receiver, order: str) -> None:
    subscribe(shop, "ORDERS_UPDATED", receiver.url)
    target = number(shop.ids(first=1)[0])
    shop.control("POST", "/deliveries/pause")
    for note in ("a", "b", "c", "d", "e"):
        shop.control("PATCH", f"/orders/{target}", {"note": note})
    assert receiver.received == []
    shop.control("POST", "/deliveries/release", {"order": order})
    notes = [json.loads(one.body)["note"] for one in receiver.wait(5)]
    assert sorted(notes) == ["a", "b", "c", "d", "e"]
    assert (notes == ["a", "b", "c", "d", "e"]) == (order == "as_sent")
    assert (notes == ["e", "d", "c", "b", "a"]) == (order == "reversed")
    shop.control("PATCH", f"/orders/{target}", {"note": "f"})
    assert json.loads(receiver.wait(6)[-1].body)["note"] == "f"


def test_a_change_can_stay_untold(shop: Store, receiver: Receiver) -> None:
    subscribe(shop, "ORDERS_CREATE", receiver.url)
    made = shop.control("POST", "/orders", {**ORDER, "webhook": False})
    assert made["deliveries"] == []
    assert made["order"]["id"] in [number(gid) for gid in shop.ids()]


def test_uninstalling_is_told_and_ends_everything(shop: Store, receiver: Receiver) -> None:
    subscribe(shop, "APP_UNINSTALLED", receiver.url)
    subscribe(shop, "ORDERS_CREATE", receiver.url)
    shop.control("POST", "/uninstall", {"client_id": CLIENT_ID})
    (told,) = receiver.wait(1)
    assert told.headers["x-shopify-topic"] == "app/uninstalled"
    assert json.loads(told.body)["myshopify_domain"] == shop.domain
    assert shop.post("{ shop { name } }").status_code == 401
    assert shop.control("POST", "/orders", ORDER)["deliveries"] == []
    assert shop.install().data("{ webhookSubscriptions(first: 5) { nodes { id } } }")["webhookSubscriptions"] == {
        "nodes": []
    }


def test_privacy_requests_reach_the_address_of_the_app(shop: Store, receiver: Receiver) -> None:
    app = {"client_id": f"private-{shop.domain}", "client_secret": "quiet", "privacy_uri": receiver.url}
    shop.desk.call("POST", "/apps", {**app, "redirect_uris": []})
    customer = shop.control("GET", "/customers?fields=id,email")["customers"][0]
    for topic in ("customers/redact", "shop/redact"):
        content = {"client_id": app["client_id"], "topic": topic, "customer_id": customer["id"]}
        shop.control("POST", "/privacy", content)
    told = {one.headers["x-shopify-topic"]: one for one in receiver.wait(2)}
    redact = told["customers/redact"]
    assert redact.headers["x-shopify-hmac-sha256"] == webhook_hmac("quiet", redact.body)
    body = json.loads(redact.body)
    assert body["shop_domain"] == shop.domain
    assert body["customer"] == {"id": customer["id"], "email": customer["email"], "phone": None}
    assert body["orders_to_redact"]
    assert "customer" not in json.loads(told["shop/redact"].body)
