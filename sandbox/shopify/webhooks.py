"""Sends webhooks: signed, timed out, retried with the first payload, and disturbed on request."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx2
import orjson

from sandbox.shopify.context import App
from sandbox.shopify.resolvers import SERVED_VERSION, instant
from sandbox.shopify.settings import DeliverySettings
from sandbox.shopify.signatures import webhook_hmac
from sandbox.shopify.store import Shop, now
from sandbox.shopify.subscriptions import Registry, Subscription

PRIVACY_TOPICS = ("customers/data_request", "customers/redact", "shop/redact")
ORDERS: dict[str, Callable[[list["Delivery"]], list["Delivery"]]] = {
    "as_sent": list,
    "reversed": lambda held: held[::-1],
    "shuffled": lambda held: random.Random(len(held)).sample(held, len(held)),  # noqa: S311 - repeatable disorder
}


def topic_name(topic: str) -> str:
    """ORDERS_CREATE is spelled orders/create on the wire."""
    return topic.lower().replace("_", "/", 1)


@dataclass(frozen=True, slots=True)
class Attempt:
    at: datetime
    status: int | None
    error: str | None = None

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(slots=True, eq=False)
class Delivery:
    """`id` names the delivery and stays the same on every retry; `event_id` is shared by all subscriptions."""

    id: str
    event_id: str
    shop: str
    client_id: str
    topic: str
    uri: str
    body: bytes
    headers: dict[str, str]
    subscription: Subscription | None
    state: str = "pending"
    attempts: list[Attempt] = field(default_factory=list)


class Dispatcher:
    def __init__(self, settings: DeliverySettings, registry: Registry, apps: dict[str, App]) -> None:
        self._settings = settings
        self._registry = registry
        self._apps = apps
        self._client: httpx2.AsyncClient | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._paused: set[str] = set()
        self.deliveries: dict[str, Delivery] = {}

    async def __aenter__(self) -> "Dispatcher":
        timeout = httpx2.Timeout(self._settings.total_seconds, connect=self._settings.connect_seconds)
        self._client = httpx2.AsyncClient(timeout=timeout, trust_env=False, follow_redirects=False)
        return self

    async def __aexit__(self, *_error: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    def emit(self, shop: Shop, topic: str, body: dict[str, Any]) -> list[Delivery]:
        """One delivery for every subscription to the topic, all telling of the same event."""
        own = [one for one in self._registry.all.values() if one.shop == shop.domain]
        return self.emit_to(shop, topic, body, own)

    def emit_to(
        self, shop: Shop, topic: str, body: dict[str, Any], subscriptions: Iterable[Subscription]
    ) -> list[Delivery]:
        event = str(uuid4())
        return [
            self._queue(shop, self._apps[one.client_id], topic_name(topic), one.uri, chosen(body, one), event, one)
            for one in subscriptions
            if one.topic == topic
        ]

    def emit_privacy(self, shop: Shop, app: App, topic: str, body: dict[str, Any]) -> Delivery | None:
        """The mandatory topics go to the address in the app's configuration; nobody subscribes to them."""
        if app.privacy_uri is None:
            return None
        return self._queue(shop, app, topic, app.privacy_uri, body, str(uuid4()), None)

    def _queue(
        self,
        shop: Shop,
        app: App,
        topic: str,
        uri: str,
        body: dict[str, Any],
        event: str,
        subscription: Subscription | None,
    ) -> Delivery:
        raw = orjson.dumps(body)
        identity = str(uuid4())
        headers = {
            "content-type": "application/json",
            "user-agent": "Shopify-Captain-Hook",
            "x-shopify-topic": topic,
            "x-shopify-hmac-sha256": webhook_hmac(app.client_secret, raw),
            "x-shopify-shop-domain": shop.domain,
            "x-shopify-api-version": SERVED_VERSION,
            "x-shopify-webhook-id": identity,
            "x-shopify-event-id": event,
            "x-shopify-triggered-at": instant(now()),
        }
        if subscription is not None and subscription.name:
            headers["x-shopify-name"] = subscription.name
        delivery = Delivery(identity, event, shop.domain, app.client_id, topic, uri, raw, headers, subscription)
        self.deliveries[identity] = delivery
        if shop.domain in self._paused:
            delivery.state = "held"
        else:
            self._start(self._deliver(delivery))
        return delivery

    def pause(self, shop: str) -> None:
        self._paused.add(shop)

    async def release(self, shop: str, order: str) -> list[Delivery]:
        """Sends what was held, one after the other, so that the disorder asked for is the disorder received."""
        self._paused.discard(shop)
        held = [one for one in self.deliveries.values() if one.shop == shop and one.state == "held"]
        chosen_order = ORDERS[order](held)
        for delivery in chosen_order:
            delivery.state = "pending"
            await self._attempt(delivery)
            if delivery.state == "pending":
                self._start(self._retry(delivery))
        return chosen_order

    async def resend(self, delivery: Delivery) -> Attempt:
        """The same delivery once more, id and payload unchanged."""
        return await self._attempt(delivery)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, delivery: Delivery) -> None:
        if not (await self._attempt(delivery)).succeeded:
            await self._retry(delivery)

    async def _retry(self, delivery: Delivery) -> None:
        for wait in self._settings.retry_schedule:
            await asyncio.sleep(wait)
            if (await self._attempt(delivery)).succeeded:
                return
        delivery.state = "failed"
        if delivery.subscription is not None:
            self._registry.all.pop(delivery.subscription.id, None)

    async def _attempt(self, delivery: Delivery) -> Attempt:
        assert self._client is not None, "deliveries start while the sandbox runs"
        moment = now()
        try:
            async with asyncio.timeout(self._settings.total_seconds):
                response = await self._client.post(delivery.uri, content=delivery.body, headers=delivery.headers)
            attempt = Attempt(moment, response.status_code)
        except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL) as error:
            attempt = Attempt(moment, None, type(error).__name__)
        delivery.attempts.append(attempt)
        if attempt.succeeded:
            delivery.state = "delivered"
        return attempt


def chosen(body: dict[str, Any], subscription: Subscription) -> dict[str, Any]:
    fields = subscription.include_fields
    return {key: value for key, value in body.items() if key in fields} if fields else body
