"""A first read finds everything, once, to the cent."""

import csv
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx2
import pytest

from connectors.limits import Budgets
from connectors.shopify.client import ShopifyClient
from connectors.shopify.orders import OrderStream
from connectors.shopify.provider import shopify_provider
from connectors.shopify.streams import CustomerStream, Reach
from domain.ports.provider import Provider
from domain.ports.records import ShopRecord
from tests.contracts.shopify.house import LAST_DAY, Installed

PANEL = Path(__file__).parents[3] / "sandbox/data/cdnow_sample_transactions.csv"
Purchase = tuple[int, date, int, int]


def panel_rows(last_customer: int = 10_000) -> Counter[Purchase]:
    """(customer, day, units, cents) of each row, moved so that the last one is on LAST_DAY."""
    with PANEL.open() as source:
        rows = [
            (int(row["customer_id"]), date.fromisoformat(row["date"]), int(row["quantity"]), Decimal(row["amount"]))
            for row in csv.DictReader(source)
        ]
    shift = LAST_DAY - max(row[1] for row in rows)
    return Counter(
        (customer, day + shift, units, int(amount * 100))
        for customer, day, units, amount in rows
        if customer <= last_customer
    )


async def read_purchases(shop: Installed) -> Counter[Purchase]:
    """The same from what the connector reads. A practice customer's number stands in their mail address."""
    shop_items, _ = await shop.whole(shop.provider.stream("shop"))
    record = shop.provider.mapping.record(shop_items[0])
    assert isinstance(record, ShopRecord)
    zone = ZoneInfo(record.time_zone)
    customers, _ = await shop.whole(shop.provider.stream("customers"))
    numbers = {one.external_id: int((one.email or "").split("@")[0].split(".")[2]) for one in shop.customers(customers)}
    items, _ = await shop.whole(shop.provider.stream("orders"))
    return Counter(
        (
            numbers[order.customer_external_id or ""],
            order.occurred_at.astimezone(zone).date(),
            sum(line.quantity for line in order.lines),
            order.gross_minor - order.discount_minor,
        )
        for order in shop.orders(items)
    )


@pytest.mark.long
async def test_the_whole_panel_is_read_to_the_cent(panel: Installed, http: httpx2.AsyncClient) -> None:
    large = shopify_provider(http, overlap=timedelta(minutes=10), lag=timedelta(0), page_size=250)
    panel.provider = large
    read = await read_purchases(panel)
    expected = panel_rows()
    assert read == expected
    assert (read.total(), sum(one[3] * times for one, times in read.items())) == (6919, 24409194)


@pytest.mark.parametrize("page_size", [7, 50])
async def test_the_size_of_a_page_changes_nothing(shop: Installed, http: httpx2.AsyncClient, page_size: int) -> None:
    shop.provider = shopify_provider(http, overlap=timedelta(0), lag=timedelta(0), page_size=page_size)
    assert await read_purchases(shop) == panel_rows(last_customer=40)


async def test_shopify_tells_how_much_there_will_be(shop: Installed) -> None:
    for name in ("customers", "orders"):
        pages = [page async for page in shop.pages(shop.provider.stream(name))]
        assert pages[0].expected == sum(len(page.items) for page in pages)
        assert all(page.expected is None for page in pages[1:])


async def test_what_changes_while_it_is_read_is_not_lost(shop: Installed) -> None:
    """An order already read, one not yet read and a new one: the increment that follows has all three."""
    numbers = await shop.ids("orders")
    orders = shop.provider.stream("orders")
    seen: dict[int, bytes | None] = {}
    cursor = orders.opening()
    async for page in shop.pages(orders):
        if not seen:
            for number in (numbers[0], numbers[-1]):
                shop.store.control("PATCH", f"/orders/{number}", {"note": "changed"})
            new = shop.store.control("POST", "/orders", {"lines": [{"unit_price": "1.00"}]})["order"]["id"]
        seen |= {int(item.external_id): item.payload for item in page.items}
        cursor = page.cursor
    changed = await shop.ids("orders", cursor)
    assert {numbers[0], numbers[-1], new} <= set(changed) | set(seen)
    assert {numbers[0], numbers[-1], new} <= set(changed)


async def test_a_pass_that_broke_off_goes_on_where_it_was(shop: Installed) -> None:
    orders = shop.provider.stream("orders")
    pages = [page async for page in shop.pages(orders)]
    again = [page async for page in shop.pages(orders, pages[0].cursor)]
    assert [item.external_id for page in again for item in page.items] == [
        item.external_id for page in pages[1:] for item in page.items
    ]


@pytest.mark.parametrize("stream", [CustomerStream, OrderStream])
async def test_shopifys_end_of_a_walk_is_not_the_end_of_the_records(
    shop: Installed, http: httpx2.AsyncClient, stream: type[CustomerStream] | type[OrderStream]
) -> None:
    """At a depth of 15 the walk must start again many times, in a first pass and in an increment alike."""
    reach = Reach(overlap=timedelta(days=900), lag=timedelta(0), page_size=5, depth=15)
    walk = stream(ShopifyClient(http, Budgets()), reach)
    everything = await shop.ids(walk.name)
    assert len(everything) > 2 * reach.depth
    items, cursor = await shop.whole(walk)
    assert [int(item.external_id) for item in items] == everything, "each once, in order"
    items, _ = await shop.whole(walk, cursor)
    assert {int(item.external_id) for item in items} == set(everything)


async def test_products_may_stay_unknown(store_without_products: Installed) -> None:
    items, _ = await store_without_products.whole(store_without_products.provider.stream("orders"))
    lines = [line for order in store_without_products.orders(items) for line in order.lines]
    assert {line.product_external_id for line in lines} == {None}
    assert all(line.sku for line in lines)


@pytest.fixture
async def store_without_products(shop: Installed, provider: Provider) -> Installed:
    return await Installed.into(shop.store, provider, ("read_orders", "read_all_orders", "read_customers"))
