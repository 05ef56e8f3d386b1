"""The webhook subscriptions we want at a shop."""

from connectors.shopify.client import ShopifyClient
from connectors.shopify.queries import SUBSCRIBE, SUBSCRIPTIONS, UNSUBSCRIBE
from domain.ports.errors import AnswerUnusable
from domain.ports.provider import Account

TOPICS = (
    "APP_UNINSTALLED",
    "CUSTOMERS_CREATE",
    "CUSTOMERS_DELETE",
    "CUSTOMERS_MERGE",
    "CUSTOMERS_UPDATE",
    "ORDERS_CREATE",
    "ORDERS_DELETE",
    "ORDERS_EDITED",
    "ORDERS_UPDATED",
    "REFUNDS_CREATE",
    "SHOP_UPDATE",
)


async def subscribe(client: ShopifyClient, account: Account, callback_url: str) -> None:
    """Creates what is missing and ends what is no longer wanted, both at our address.

    Subscriptions at other addresses are left alone: another deployment of the same app may live on them, and Shopify
    itself ends those that nobody answers.
    """
    existing = await subscribed(client, account, callback_url)
    for topic in TOPICS:
        if topic not in existing:
            await create(client, account, topic, callback_url)
    for topic, subscription in existing.items():
        if topic not in TOPICS:
            await client.query(account, UNSUBSCRIBE, {"id": subscription})


async def subscribed(client: ShopifyClient, account: Account, callback_url: str) -> dict[str, str]:
    """Ids by topic."""
    found: dict[str, str] = {}
    after: str | None = None
    while True:
        data = await client.query(account, SUBSCRIPTIONS, {"after": after})
        connection = data.child("webhookSubscriptions")
        for node in connection.children("nodes"):
            if node.text("uri") == callback_url:
                found[node.text("topic")] = node.text("id")
        page = connection.child("pageInfo")
        if not page.flag("hasNextPage"):
            return found
        after = page.text("endCursor")


async def create(client: ShopifyClient, account: Account, topic: str, callback_url: str) -> None:
    data = await client.query(account, SUBSCRIBE, {"topic": topic, "uri": callback_url})
    errors = data.child("webhookSubscriptionCreate").children("userErrors")
    # Another worker may have been faster, or an attempt of our own whose answer was lost.
    if errors and topic not in await subscribed(client, account, callback_url):
        messages = "; ".join(error.text("message") for error in errors)
        raise AnswerUnusable(f"Shopify refused the subscription to {topic}: {messages}", code="QUERY_REFUSED")
