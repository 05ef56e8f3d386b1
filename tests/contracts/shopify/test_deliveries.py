"""Subscriptions made at the practice shop, and the deliveries they bring."""

import httpx2
import pytest

from connectors.limits import Budgets
from connectors.shopify.client import ShopifyClient
from connectors.shopify.queries import SUBSCRIPTIONS
from connectors.shopify.subscriptions import create, wanted
from domain.ports.errors import AnswerUnusable, SignatureRefused
from domain.ports.provider import Delivery, Hint
from tests.contracts.shopify.house import Installed, utcnow
from tests.sandbox.client import CLIENT_SECRET
from tests.sandbox.receiver import Received, Receiver

NEW_ORDER = {"lines": [{"unit_price": "10.00"}]}


def subscribed(shop: Installed) -> list[tuple[str, str]]:
    shop.store.tokens = {"access_token": shop.keeper.tokens.access_token}
    nodes = shop.store.data(SUBSCRIPTIONS.text)["webhookSubscriptions"]["nodes"]
    return sorted((node["topic"], node["uri"]) for node in nodes)


def taken(shop: Installed, received: Received) -> tuple[Delivery, Hint]:
    webhooks = shop.provider.webhooks
    delivery = webhooks.verify([CLIENT_SECRET], received.headers, received.body, now=utcnow())
    return delivery, webhooks.hint(delivery.topic, received.body)


async def test_subscribing_twice_is_subscribing_once(shop: Installed) -> None:
    address = "http://127.0.0.1:9/webhooks/shopify/app"
    await shop.provider.webhooks.subscribe(shop.account, callback_url=address)
    once = subscribed(shop)
    assert once == [(topic, address) for topic in wanted(shop.keeper.app)]
    await shop.provider.webhooks.subscribe(shop.account, callback_url=address)
    assert subscribed(shop) == once


async def test_what_is_missing_is_added_what_is_stale_ended_and_what_is_anothers_left(shop: Installed) -> None:
    ours, theirs = "http://127.0.0.1:9/ours", "http://127.0.0.1:9/theirs"
    mutation = (
        "mutation Create($topic: WebhookSubscriptionTopic!, $uri: String!) {"
        " webhookSubscriptionCreate(topic: $topic, webhookSubscription: {uri: $uri}) { userErrors { message } } }"
    )
    shop.store.tokens = {"access_token": shop.keeper.tokens.access_token}
    for topic, uri in (("ORDERS_CREATE", ours), ("CARTS_UPDATE", ours), ("CARTS_UPDATE", theirs)):
        shop.store.ask(mutation, {"topic": topic, "uri": uri})
    await shop.provider.webhooks.subscribe(shop.account, callback_url=ours)
    assert subscribed(shop) == sorted([*((topic, ours) for topic in wanted(shop.keeper.app)), ("CARTS_UPDATE", theirs)])


async def test_a_lost_answer_to_a_subscription_does_no_harm(shop: Installed, http: httpx2.AsyncClient) -> None:
    """The subscription is made and the answer cut off; the second attempt is told that it exists already."""
    address = "http://127.0.0.1:9/webhooks"
    shop.fault("cut_body")
    await create(ShopifyClient(http, Budgets()), shop.account, "ORDERS_CREATE", address)
    assert subscribed(shop) == [("ORDERS_CREATE", address)]


async def test_a_refused_subscription_is_told(shop: Installed) -> None:
    with pytest.raises(AnswerUnusable, match="APP_UNINSTALLED: Address protocol") as caught:
        await shop.provider.webhooks.subscribe(shop.account, callback_url="ftp://127.0.0.1/webhooks")
    assert caught.value.code == "QUERY_REFUSED"


async def test_a_sale_is_heard_of_and_read(shop: Installed, receiver: Receiver) -> None:
    await shop.provider.webhooks.subscribe(shop.account, callback_url=receiver.url)
    number = shop.store.control("POST", "/orders", NEW_ORDER)["order"]["id"]
    delivery, hint = taken(shop, receiver.wait(1)[0])
    assert (delivery.account, delivery.topic) == (shop.store.domain, "orders/create")
    assert delivery.triggered_at is not None
    assert abs((utcnow() - delivery.triggered_at).total_seconds()) < 10
    assert (hint.stream, hint.external_id, hint.deleted) == ("orders", str(number), False)
    item = await shop.provider.stream("orders").fetch_one(shop.account, str(number), now=utcnow())
    assert item.version == hint.version, "told in the shop's offset, compared in UTC"


async def test_refunds_deletions_and_customers_are_heard_of(shop: Installed, receiver: Receiver) -> None:
    await shop.provider.webhooks.subscribe(shop.account, callback_url=receiver.url)
    first, second = (await shop.ids("orders"))[:2]
    customer = (await shop.ids("customers"))[0]
    shop.store.control("POST", f"/orders/{first}/refunds", {"amount": "1.00"})
    shop.store.control("DELETE", f"/orders/{second}")
    shop.store.control("PATCH", f"/customers/{customer}", {"first_name": "Ada"})
    heard = {
        (delivery.topic, hint.stream, hint.external_id, hint.deleted)
        for delivery, hint in (taken(shop, received) for received in receiver.wait(4))
    }
    assert heard == {
        ("refunds/create", "orders", str(first), False),
        ("orders/updated", "orders", str(first), False),
        ("orders/delete", "orders", str(second), True),
        ("customers/update", "customers", str(customer), False),
    }


async def test_a_repeated_delivery_has_the_same_id(shop: Installed, receiver: Receiver) -> None:
    await shop.provider.webhooks.subscribe(shop.account, callback_url=receiver.url)
    receiver.answers = [500]
    shop.store.control("POST", "/orders", NEW_ORDER)
    first, second = (taken(shop, received)[0] for received in receiver.wait(2)[:2])
    assert first.delivery_id == second.delivery_id
    assert first.event_id == second.event_id


async def test_an_uninstall_is_heard_of(shop: Installed, receiver: Receiver) -> None:
    await shop.provider.webhooks.subscribe(shop.account, callback_url=receiver.url)
    shop.store.control("POST", "/uninstall", {"client_id": shop.keeper.app.client_id})
    _, hint = taken(shop, receiver.wait(1)[0])
    assert hint == Hint(uninstalled=True)


async def test_a_delivery_changed_on_its_way_is_refused(shop: Installed, receiver: Receiver) -> None:
    await shop.provider.webhooks.subscribe(shop.account, callback_url=receiver.url)
    shop.store.control("POST", "/orders", NEW_ORDER)
    received = receiver.wait(1)[0]
    with pytest.raises(SignatureRefused):
        shop.provider.webhooks.verify([CLIENT_SECRET], received.headers, received.body + b" ", now=utcnow())
