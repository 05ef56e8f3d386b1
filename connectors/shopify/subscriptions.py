"""The webhook subscriptions we want at a shop."""

from connectors.shopify.client import ShopifyClient
from connectors.shopify.queries import SUBSCRIBE, SUBSCRIPTIONS, UNSUBSCRIBE
from connectors.shopify.shops import may
from domain.ports.errors import AnswerUnusable
from domain.ports.provider import Account, AppCredentials

# The scope each topic needs: Shopify refuses a subscription to what the app may not read.
TOPICS = {
    "APP_UNINSTALLED": None,
    "CUSTOMERS_CREATE": "read_customers",
    "CUSTOMERS_DELETE": "read_customers",
    "CUSTOMERS_MERGE": "read_customer_merge",
    "CUSTOMERS_UPDATE": "read_customers",
    "ORDERS_CREATE": "read_orders",
    "ORDERS_DELETE": "read_orders",
    "ORDERS_EDITED": "read_orders",
    "ORDERS_UPDATED": "read_orders",
    "REFUNDS_CREATE": "read_orders",
    "SHOP_UPDATE": None,
}


def wanted(app: AppCredentials) -> list[str]:
    return [topic for topic, scope in TOPICS.items() if scope is None or may(app, scope)]


async def subscribe(client: ShopifyClient, account: Account, callback_url: str) -> None:
    """Creates what is missing and ends what is no longer wanted, both at our address.

    Subscriptions at other addresses are left alone: another deployment of the same app may live on them, and Shopify
    itself ends those that nobody answers.
    """
    topics = wanted(account.app)
    existing = await subscribed(client, account, callback_url)
    for topic in topics:
        if topic not in existing:
            await create(client, account, topic, callback_url)
    for topic, subscription in existing.items():
        if topic not in topics:
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
