"""Webhook subscriptions an app makes through the API."""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from sandbox.shopify.store import now

FIRST_ID = 1_611_000_000_001


@dataclass(slots=True, eq=False)
class Subscription:
    id: int
    client_id: str
    shop: str
    topic: str
    uri: str
    created_at: datetime
    updated_at: datetime
    format: str = "JSON"
    filter: str | None = None
    name: str | None = None
    include_fields: list[str] = field(default_factory=list)
    metafield_namespaces: list[str] = field(default_factory=list)


class InvalidSubscriptionError(Exception):
    def __init__(self, message: str, *path: str) -> None:
        super().__init__(message)
        self.path = ["webhookSubscription", *path]


class AppSubscriptions:
    """The subscriptions of one app in one shop; a view on the registry."""

    def __init__(self, registry: "Registry", client_id: str, shop: str) -> None:
        self._registry = registry
        self._client_id = client_id
        self._shop = shop

    def listed(self) -> list[Subscription]:
        wanted = (self._client_id, self._shop)
        return [one for one in self._registry.all.values() if (one.client_id, one.shop) == wanted]

    def find(self, identity: int) -> Subscription | None:
        return next((one for one in self.listed() if one.id == identity), None)

    def create(self, topic: str, values: dict[str, Any]) -> Subscription:
        self._check(topic, values, values.get("uri"), other_than=None)
        moment = now()
        made = Subscription(
            id=next(self._registry.sequence),
            client_id=self._client_id,
            shop=self._shop,
            topic=topic,
            uri=values["uri"],
            created_at=moment,
            updated_at=moment,
        )
        self._registry.all[made.id] = made
        assign(made, values)
        return made

    def update(self, identity: int, values: dict[str, Any]) -> Subscription | None:
        known = self.find(identity)
        if known is not None:
            self._check(known.topic, values, values.get("uri", known.uri), other_than=known)
            assign(known, values)
            known.updated_at = now()
        return known

    def delete(self, identity: int) -> bool:
        if self.find(identity) is None:
            return False
        del self._registry.all[identity]
        return True

    def _check(self, topic: str, values: dict[str, Any], uri: str | None, *, other_than: Subscription | None) -> None:
        """Real Shopify insists on https; a practice app listens on loopback, where there is no certificate."""
        if not uri:
            raise InvalidSubscriptionError("Address can't be blank", "uri")
        if urlsplit(uri).scheme not in ("http", "https") or not urlsplit(uri).hostname:
            raise InvalidSubscriptionError("Address protocol is not supported", "uri")
        if values.get("filter"):
            raise InvalidSubscriptionError("The sandbox does not practice filters", "filter")
        if values.get("format") == "XML":
            raise InvalidSubscriptionError("The sandbox sends JSON only", "format")
        if any(one.topic == topic and one.uri == uri and one is not other_than for one in self.listed()):
            raise InvalidSubscriptionError("Address for this topic has already been taken", "uri")


class Registry:
    def __init__(self) -> None:
        self.all: dict[int, Subscription] = {}
        self.sequence = count(FIRST_ID)

    def of(self, client_id: str, shop: str) -> AppSubscriptions:
        return AppSubscriptions(self, client_id, shop)


def assign(subscription: Subscription, values: dict[str, Any]) -> None:
    names = {"includeFields": "include_fields", "metafieldNamespaces": "metafield_namespaces"}
    for name, value in values.items():
        if value is not None or name in ("filter", "name"):
            setattr(subscription, names.get(name, name), value)
