"""Bad weather at the provider: what passes is sat out, what does not says what to do, and no half page is a page."""

import asyncio
import time
from datetime import timedelta

import httpx2
import pytest

from connectors.limits import Budgets
from connectors.shopify.client import ShopifyClient, Sleep
from connectors.shopify.orders import OrderStream
from connectors.shopify.streams import Reach
from domain.ports.errors import (
    AccountGone,
    AnswerUnusable,
    ProviderError,
    ProviderUnavailable,
    ReauthRequired,
    ScopeMissing,
    Throttled,
)
from domain.ports.provider import Page, Provider, Stream
from tests.contracts.shopify.house import Installed, Store, utcnow


async def first_page(shop: Installed, orders: Stream | None = None) -> Page:
    orders = orders or shop.provider.stream("orders")
    return await orders.fetch(shop.account, orders.opening(), now=utcnow())


async def hurry(seconds: float) -> None:
    """Waits a hundredth, for trouble that does not depend on how long one waits."""
    await asyncio.sleep(seconds / 100)


def orders_of(http: httpx2.AsyncClient, *, page_size: int = 50, sleep: Sleep = hurry) -> OrderStream:
    reach = Reach(overlap=timedelta(0), lag=timedelta(0), page_size=page_size)
    return OrderStream(ShopifyClient(http, Budgets(), sleep=sleep), reach)


@pytest.mark.parametrize("kind", ["http_429", "http_500", "http_502", "internal_error", "cut_body", "hang"])
async def test_trouble_that_passes_is_sat_out(shop: Installed, http: httpx2.AsyncClient, kind: str) -> None:
    expected = (await first_page(shop)).items
    before = shop.requests()
    shop.fault(kind)
    assert (await first_page(shop, orders_of(http))).items == expected
    assert shop.requests() == before + 2


async def test_an_empty_bucket_is_waited_for(shop: Installed) -> None:
    """The connector learns of it from the refusal, and then waits just long enough."""
    shop.store.control("POST", "/bucket", {"client_id": shop.keeper.app.client_id, "available": 0})
    began = time.monotonic()
    page = await first_page(shop)
    assert len(page.items) == 50
    assert time.monotonic() - began > 0.05
    assert shop.requests("THROTTLED") == 1


async def test_a_tiny_bucket_slows_a_backfill_down_and_throttles_nothing(
    shop: Installed, http: httpx2.AsyncClient
) -> None:
    """After the first answer the connector knows price and level, so it asks only when it can pay."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(seconds)

    orders = orders_of(http, page_size=10, sleep=sleep)
    await first_page(shop, orders)
    shop.store.control("POST", "/bucket", {"client_id": shop.keeper.app.client_id, "available": 0})
    items, _ = await shop.whole(orders)
    assert len(items) > 100
    assert shop.requests("THROTTLED") <= 1
    assert waits


async def test_a_long_throttle_is_handed_back(shop: Installed) -> None:
    shop.fault("http_429", seconds=30)
    with pytest.raises(Throttled) as caught:
        await first_page(shop)
    assert caught.value.retry_after == 30


async def test_an_expired_token_is_renewed_once_in_passing(shop: Installed) -> None:
    expected = (await first_page(shop)).items
    shop.store.control("POST", "/tokens/expire", {"client_id": shop.keeper.app.client_id})
    assert (await first_page(shop)).items == expected
    assert shop.keeper.renewals == 1
    assert shop.requests("refreshes") == 1


async def test_an_uninstalled_app_needs_the_owner(shop: Installed) -> None:
    shop.store.control("POST", "/uninstall", {"client_id": shop.keeper.app.client_id})
    with pytest.raises(ReauthRequired):
        await first_page(shop)


@pytest.mark.parametrize(
    ("kind", "error", "code"),
    [
        ("partial", AnswerUnusable, "PARTIAL_ANSWER"),
        ("other_version", AnswerUnusable, "WRONG_API_VERSION"),
        ("malformed_json", AnswerUnusable, "MALFORMED_ANSWER"),
        ("http_402", AccountGone, "ACCOUNT_FROZEN"),
        ("http_423", AccountGone, "ACCOUNT_LOCKED"),
    ],
)
async def test_no_page_is_made_of_an_answer_that_is_not_whole(
    shop: Installed, kind: str, error: type[ProviderError], code: str
) -> None:
    before = shop.requests()
    shop.fault(kind)
    with pytest.raises(error) as caught:
        await first_page(shop)
    assert caught.value.code == code
    assert shop.requests() == before + 1, "asking again at once would not help"
    assert shop.keeper.tokens.access_token not in str(caught.value)
    assert len((await first_page(shop)).items) == 50, "and the next pass is whole again"


async def test_a_lasting_outage_is_told(shop: Installed, http: httpx2.AsyncClient) -> None:
    shop.fault("http_500", times=5)
    with pytest.raises(ProviderUnavailable):
        await first_page(shop, orders_of(http))


async def test_a_shop_that_is_gone_is_gone(shop: Installed) -> None:
    shop.store.domain = "never-was.myshopify.com"
    with pytest.raises(AccountGone) as caught:
        await first_page(shop)
    assert caught.value.code == "ACCOUNT_GONE"


@pytest.mark.parametrize(
    ("granted", "stream", "missing"),
    [(("read_orders",), "customers", "read_customers"), (("read_customers",), "orders", "read_orders")],
)
async def test_a_missing_scope_is_named(
    store: Store, provider: Provider, granted: tuple[str, ...], stream: str, missing: str
) -> None:
    shop = await Installed.into(store, provider, granted)
    with pytest.raises(ScopeMissing) as caught:
        await shop.ids(stream)
    assert caught.value.scopes == (missing,)


async def test_an_app_that_shopify_has_not_approved_is_told_so(shop: Installed) -> None:
    """Without the approval for personal data the scopes alone open nothing."""
    app = {
        "client_id": "unapproved",
        "client_secret": "practice-secret",
        "redirect_uris": ["http://127.0.0.1:9/oauth/callback"],
        "approved": False,
    }
    shop.store.desk.call("POST", "/apps", app)
    query = shop.store.consent(client_id="unapproved")
    own = type(shop.keeper.app)("unapproved", "practice-secret", shop.keeper.app.scopes, shop.keeper.app.base_url)
    tokens = await shop.provider.oauth.exchange(own, shop.store.domain, query["code"], now=utcnow())
    shop.keeper.app, shop.keeper.tokens = own, tokens
    with pytest.raises(ScopeMissing, match="protected customer data"):
        await first_page(shop)
