"""Which record a delivery is about. Its body is an old copy by the time it is read: only the id and time are taken."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from connectors.shopify.fields import Fields
from domain.ports.errors import AnswerUnusable
from domain.ports.provider import Hint

# Orders to act, not news of a record: whoever guards people's data answers them.
PRIVACY = ("customers/data_request", "customers/redact", "shop/redact")


def hint(topic: str, body: bytes) -> Hint:
    """Empty for a topic we do not know. Raises AnswerUnusable for a body that is not what its topic says."""
    topic = topic.lower()
    resource, _, action = topic.partition("/")
    if topic == "app/uninstalled":
        return Hint(uninstalled=True)
    if resource not in READERS or topic in PRIVACY:
        return Hint()
    return READERS[resource](action, Fields.of(loaded(topic, body), topic))


def order(action: str, body: Fields) -> Hint:
    if action == "edited":
        return Hint(stream="orders", external_id=number(body.child("order_edit"), "order_id"))
    if body.has("order_id"):
        return Hint(stream="orders", external_id=number(body, "order_id"))
    return record("orders", action, body)


def refund(_action: str, body: Fields) -> Hint:
    """Without a version: the refund's time says nothing about how new a copy of its order is."""
    return Hint(stream="orders", external_id=number(body, "order_id"))


def customer(action: str, body: Fields) -> Hint:
    """Of a merge, the customer who is no more; the one who stays gets an update of their own."""
    if action == "merge":
        return Hint(stream="customers", external_id=body.number_of("admin_graphql_api_customer_deleted_id"))
    return record("customers", action, body)


def shop(action: str, body: Fields) -> Hint:
    return record("shop", action, body)


READERS: dict[str, Callable[[str, Fields], Hint]] = {
    "customers": customer,
    "orders": order,
    "refunds": refund,
    "shop": shop,
}


def record(stream: str, action: str, body: Fields) -> Hint:
    return Hint(stream, number(body, "id"), version=version(body), deleted=action == "delete")


def version(body: Fields) -> datetime | None:
    """In the shop's own offset, as all times of deliveries are; a deletion has none."""
    return body.instant("updated_at") if body.has("updated_at") else None


def number(body: Fields, name: str) -> str:
    return str(body.whole(name))


def loaded(topic: str, body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise AnswerUnusable(f"the body of {topic} is not JSON") from None
