"""Resolvers of the three webhook subscription mutations and their queries."""

from typing import Any

from sandbox.shopify.connections import Connection, list_connection
from sandbox.shopify.context import Info
from sandbox.shopify.ids import parse_gid_of
from sandbox.shopify.resolvers import SERVED_VERSION, window
from sandbox.shopify.subscriptions import InvalidSubscriptionError, Subscription

MISSING = {"field": ["id"], "message": "Webhook subscription does not exist"}


def payload(subscription: Subscription | None, *errors: dict[str, Any]) -> dict[str, Any]:
    return {"webhookSubscription": subscription, "userErrors": list(errors)}


def create(_root: Any, info: Info, *, topic: str, webhookSubscription: dict[str, Any]) -> Any:  # noqa: N803
    context = info.context
    try:
        return payload(context.subscriptions.create(topic, webhookSubscription))
    except InvalidSubscriptionError as error:
        return payload(None, {"field": error.path, "message": str(error)})


def update(_root: Any, info: Info, *, id: str, webhookSubscription: dict[str, Any]) -> Any:  # noqa: N803
    context = info.context
    try:
        known = context.subscriptions.update(parse_gid_of("WebhookSubscription", id), webhookSubscription)
    except InvalidSubscriptionError as error:
        return payload(None, {"field": error.path, "message": str(error)})
    return payload(known) if known is not None else payload(None, MISSING)


def delete(_root: Any, info: Info, *, id: str) -> Any:
    context = info.context
    if context.subscriptions.delete(parse_gid_of("WebhookSubscription", id)):
        return {"deletedWebhookSubscriptionId": id, "userErrors": []}
    return {"deletedWebhookSubscriptionId": None, "userErrors": [MISSING]}


def one(_root: Any, info: Info, *, id: str) -> Any:
    return info.context.subscriptions.find(parse_gid_of("WebhookSubscription", id))


def listed(_root: Any, info: Info, **arguments: Any) -> Connection:
    context = info.context
    topics, uri, spelling = arguments.get("topics"), arguments.get("uri"), arguments.get("format")
    chosen = [
        subscription
        for subscription in context.subscriptions.listed()
        if (not topics or subscription.topic in topics)
        and (not uri or subscription.uri == uri)
        and (not spelling or subscription.format == spelling)
    ]
    return list_connection(chosen, window(arguments))


def api_version(_subscription: Any, _info: Info) -> dict[str, Any]:
    return {"handle": SERVED_VERSION, "displayName": SERVED_VERSION, "supported": True}
