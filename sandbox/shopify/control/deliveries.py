"""Webhooks late, twice, and out of order."""

import json

from sandbox.shopify.control.call import Call, Content, NotHereError
from sandbox.shopify.resolvers import instant
from sandbox.shopify.webhooks import ORDERS, Delivery


def shown(delivery: Delivery) -> Content:
    return {
        "id": delivery.id,
        "event_id": delivery.event_id,
        "topic": delivery.topic,
        "uri": delivery.uri,
        "state": delivery.state,
        "body": json.loads(delivery.body),
        "attempts": [
            {"at": instant(attempt.at), "status": attempt.status, "error": attempt.error}
            for attempt in delivery.attempts
        ],
    }


def list_deliveries(call: Call) -> Content:
    domain = call.shop.domain
    return {"deliveries": [shown(one) for one in call.dispatcher.deliveries.values() if one.shop == domain]}


def pause(call: Call) -> Content:
    call.dispatcher.pause(call.shop.domain)
    return {}


async def release(call: Call) -> Content:
    order = call.inputs("order").one_of("order", tuple(ORDERS), "as_sent")
    return {"deliveries": [shown(one) for one in await call.dispatcher.release(call.shop.domain, order)]}


async def resend(call: Call) -> Content:
    delivery = call.dispatcher.deliveries.get(call.path["delivery"])
    if delivery is None or delivery.shop != call.shop.domain:
        raise NotHereError("no such delivery")
    await call.dispatcher.resend(delivery)
    return shown(delivery)
