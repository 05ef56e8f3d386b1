"""After the first read only what changed is read, and nothing that changed is missed."""

from datetime import timedelta

import httpx2
import pytest

from connectors.shopify.provider import shopify_provider
from domain.ports.errors import ScopeMissing
from domain.ports.provider import Provider
from tests.contracts.shopify.house import Installed, Store, utcnow

NEW_ORDER = {"lines": [{"unit_price": "10.00"}]}


async def test_a_quiet_shop_has_nothing_new(shop: Installed) -> None:
    _, cursor = await shop.whole(shop.provider.stream("orders"))
    assert await shop.ids("orders", cursor) == []


async def test_new_changed_and_refunded_orders_are_read_again(shop: Installed) -> None:
    orders = shop.provider.stream("orders")
    numbers = await shop.ids("orders")
    _, cursor = await shop.whole(orders)
    new = shop.store.control("POST", "/orders", NEW_ORDER)["order"]["id"]
    shop.store.control("PATCH", f"/orders/{numbers[3]}", {"note": "changed"})
    shop.store.control("POST", f"/orders/{numbers[5]}/refunds", {"amount": "1.00"})
    items, cursor = await shop.whole(orders, cursor)
    assert {int(item.external_id) for item in items} == {new, numbers[3], numbers[5]}
    assert {int(item.external_id) for item in items} == set(await shop.ids("orders", cursor)), "the overlap, again"


async def test_customers_of_the_day_are_read_again(shop: Installed) -> None:
    customers = shop.provider.stream("customers")
    items, cursor = await shop.whole(customers)
    first = items[0].external_id
    shop.store.control("PATCH", f"/customers/{first}", {"email": "new@example.com"})
    changed, cursor = await shop.whole(customers, cursor)
    record = next(one for one in shop.customers(changed) if one.external_id == first)
    assert record.email == "new@example.com"
    assert len(changed) < len(items)
    assert first in [item.external_id for item in (await shop.whole(customers, cursor))[0]]


async def test_what_the_index_shows_late_is_found_by_the_overlap(shop: Installed) -> None:
    """The second change is visible first in no list; the mark has moved on when it at last appears."""
    orders = shop.provider.stream("orders")
    numbers = await shop.ids("orders")
    _, cursor = await shop.whole(orders)
    late = (utcnow() - timedelta(minutes=5)).isoformat()
    shop.store.control("PATCH", f"/orders/{numbers[0]}", {"note": "on time"})
    items, cursor = await shop.whole(orders, cursor)
    assert [int(item.external_id) for item in items] == [numbers[0]]
    shop.store.control("PATCH", f"/orders/{numbers[1]}", {"note": "late", "updated_at": late})
    assert numbers[1] in await shop.ids("orders", cursor)


async def test_the_window_ends_before_what_is_still_being_written(shop: Installed, http: httpx2.AsyncClient) -> None:
    shop.provider = shopify_provider(http, overlap=timedelta(0), lag=timedelta(hours=1))
    orders = shop.provider.stream("orders")
    _, cursor = await shop.whole(orders)
    shop.store.control("POST", "/orders", NEW_ORDER)
    items, cursor = await shop.whole(orders, cursor)
    assert items == []
    later = await orders.fetch(shop.account, cursor, now=utcnow() + timedelta(hours=2))
    assert len(later.items) == 1


async def test_one_record_can_be_read_again(shop: Installed) -> None:
    for name in ("shop", "customers", "orders"):
        stream = shop.provider.stream(name)
        listed = (await stream.fetch(shop.account, stream.opening(), now=utcnow())).items[0]
        assert await stream.fetch_one(shop.account, listed.external_id, now=utcnow()) == listed


async def test_a_deleted_record_is_known_as_gone(shop: Installed) -> None:
    number = (await shop.ids("orders"))[-1]
    shop.store.control("DELETE", f"/orders/{number}")
    now = utcnow()
    item = await shop.provider.stream("orders").fetch_one(shop.account, str(number), now=now)
    assert (item.deleted, item.version, item.payload) == (True, now, None)


async def test_an_order_hidden_by_its_age_is_not_known_as_gone(store: Store, provider: Provider) -> None:
    """The panel's first order is far older than sixty days."""
    full = await Installed.into(store, provider)
    oldest = (await full.ids("orders"))[0]
    recent = await Installed.into(store, provider, ("read_orders", "read_customers"))
    new = recent.store.control("POST", "/orders", NEW_ORDER)["order"]["id"]
    orders = provider.stream("orders")
    with pytest.raises(ScopeMissing) as caught:
        await orders.fetch_one(recent.account, str(oldest), now=utcnow())
    assert caught.value.scopes == ("read_all_orders",)
    recent.store.control("DELETE", f"/orders/{new}")
    assert (await orders.fetch_one(recent.account, str(new), now=utcnow())).deleted
