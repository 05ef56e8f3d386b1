"""One control call and what it may reach."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.shopify.context import App
from sandbox.shopify.inputs import Inputs, InvalidInputError
from sandbox.shopify.records import Customer, Order
from sandbox.shopify.state import ShopifyState
from sandbox.shopify.store import Shop
from sandbox.shopify.webhooks import Dispatcher

Content = dict[str, Any]


class NotHereError(Exception):
    """The path names a shop or a record that does not exist."""


@dataclass(frozen=True, slots=True)
class Call:
    state: ShopifyState
    dispatcher: Dispatcher
    path: Mapping[str, Any]
    query: Mapping[str, str]
    content: Content

    @property
    def shop(self) -> Shop:
        domain = self.path["shop"].lower()
        if domain not in self.state.shops:
            raise NotHereError(f"no shop {domain}")
        return self.state.shops[domain]

    @property
    def order(self) -> Order:
        order = self.shop.orders.records.get(self.path["id"])
        if order is None:
            raise NotHereError("no such order")
        return order

    @property
    def customer(self) -> Customer:
        customer = self.shop.customers.records.get(self.path["id"])
        if customer is None:
            raise NotHereError("no such customer")
        return customer

    def inputs(self, *known: str) -> Inputs:
        return Inputs(self.content, known)

    def app(self, inputs: Inputs) -> App:
        client_id = inputs.required("client_id")
        if client_id not in self.state.apps:
            raise InvalidInputError("client_id", "no such app")
        return self.state.apps[client_id]

    def tell(self, topics: tuple[str, ...], body: Content) -> list[str]:
        """Ids of the deliveries; `"webhook": false` in the call keeps the change quiet, as a lost webhook would."""
        if self.content.get("webhook", True) is False:
            return []
        return [delivery.id for topic in topics for delivery in self.dispatcher.emit(self.shop, topic, body)]

    def fields(self, known: Mapping[str, Any]) -> list[str]:
        wanted = self.query.get("fields")
        names = wanted.split(",") if wanted else list(known)
        for name in names:
            if name not in known:
                raise InvalidInputError("fields", f"{name} is unknown; known are {', '.join(known)}")
        return names
