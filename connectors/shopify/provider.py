"""Puts the parts of Shopify together."""

from datetime import timedelta

import httpx2

from connectors.limits import Budgets
from connectors.shopify.client import ShopifyClient
from connectors.shopify.mapping import ShopifyMapping
from connectors.shopify.oauth import ShopifyOAuth
from connectors.shopify.orders import OrderStream
from connectors.shopify.streams import CustomerStream, Reach, ShopStream
from connectors.shopify.webhooks import ShopifyWebhooks
from domain.ports.calls import Calls
from domain.ports.provider import Provider

NAME = "shopify"
PAGE_SIZE = 100


def shopify_provider(
    http: httpx2.AsyncClient,
    *,
    overlap: timedelta,
    lag: timedelta,
    page_size: int = PAGE_SIZE,
    budgets: Budgets | None = None,
    calls: Calls | None = None,
) -> Provider:
    """`budgets` is shared where several providers live in one process; see `Reach` for `overlap` and `lag`."""
    client = ShopifyClient(http, budgets or Budgets(), calls=calls)
    reach = Reach(overlap=overlap, lag=lag, page_size=page_size)
    return Provider(
        name=NAME,
        oauth=ShopifyOAuth(http, calls),
        streams=(ShopStream(client), CustomerStream(client, reach), OrderStream(client, reach)),
        webhooks=ShopifyWebhooks(client),
        mapping=ShopifyMapping(),
    )
