"""What the shop sells is what the panel says: every row one order, to the cent and to the day."""

import csv
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sandbox.shopify.seed import PANEL, prices
from tests.sandbox.client import Desk, Store

NEW_YORK = ZoneInfo("America/New_York")
SHIFT = date(2026, 11, 21) - date(1998, 6, 30)

PURCHASES = """query($first: Int!, $after: String) { orders(first: $first, after: $after, sortKey: PROCESSED_AT) {
    pageInfo { hasNextPage endCursor } nodes { id processedAt customer { id } totalPriceSet { shopMoney { amount } }
    lineItems(first: 5) { nodes { quantity originalUnitPriceSet { shopMoney { amount } } } } } } }"""


def rows(path: Path = PANEL) -> list[tuple[str, date, int, Decimal]]:
    with path.open(newline="") as source:
        return [
            (row["customer_id"], date.fromisoformat(row["date"]), int(row["quantity"]), Decimal(row["amount"]))
            for row in csv.DictReader(source)
        ]


def test_paging_through_the_shop_gives_the_panel(whole_shop: Store) -> None:
    spent: dict[str, Decimal] = defaultdict(Decimal)
    days: dict[str, Counter[date]] = defaultdict(Counter)
    units = 0
    seen: set[str] = set()
    for page in whole_shop.pages(PURCHASES):
        for order in page:
            seen.add(order["id"])
            total = Decimal(order["totalPriceSet"]["shopMoney"]["amount"])
            lines = order["lineItems"]["nodes"]
            assert total == sum(
                line["quantity"] * Decimal(line["originalUnitPriceSet"]["shopMoney"]["amount"]) for line in lines
            )
            local = datetime.fromisoformat(order["processedAt"]).astimezone(NEW_YORK)
            assert 8 <= local.hour < 23
            customer = order["customer"]["id"]
            spent[customer] += total
            days[customer][local.date() - SHIFT] += 1
            units += sum(line["quantity"] for line in lines)

    expected_spent: dict[str, Decimal] = defaultdict(Decimal)
    expected_days: dict[str, Counter[date]] = defaultdict(Counter)
    for customer, day, _quantity, amount in rows():
        expected_spent[customer] += amount
        expected_days[customer][day] += 1
    assert len(seen) == 6919
    assert units == sum(quantity for _, _, quantity, _ in rows())

    def shape(amounts: dict[str, Decimal], bought: dict[str, Counter[date]]) -> list[tuple[object, ...]]:
        return sorted((sorted(bought[one].items()), amounts[one]) for one in amounts)

    assert shape(spent, days) == shape(expected_spent, expected_days)


def test_names_follow_the_calendar(whole_shop: Store) -> None:
    first = whole_shop.data("{ orders(first: 3, sortKey: PROCESSED_AT) { nodes { name processedAt } } }")["orders"]
    last = whole_shop.data("{ orders(first: 1, sortKey: PROCESSED_AT, reverse: true) { nodes { name processedAt } } }")
    assert [order["name"] for order in first["nodes"]] == ["#1001", "#1002", "#1003"]
    assert last["orders"]["nodes"][0]["name"] == f"#{1000 + 6919}"
    moment = datetime.fromisoformat(last["orders"]["nodes"][0]["processedAt"])
    assert moment.astimezone(NEW_YORK).date() == date(2026, 11, 21)


def test_a_customer_begins_with_the_first_purchase(shop: Store) -> None:
    nodes = shop.data(
        "{ customers(first: 250) { nodes { createdAt numberOfOrders amountSpent { amount } displayName"
        " defaultEmailAddress { emailAddress } orders(first: 250, sortKey: PROCESSED_AT) {"
        " nodes { processedAt totalPriceSet { shopMoney { amount } } } } } } }"
    )["customers"]["nodes"]
    assert nodes
    for customer in nodes:
        orders = customer["orders"]["nodes"]
        assert customer["createdAt"] == orders[0]["processedAt"]
        assert int(customer["numberOfOrders"]) == len(orders)
        spent = sum(Decimal(order["totalPriceSet"]["shopMoney"]["amount"]) for order in orders)
        assert Decimal(customer["amountSpent"]["amount"]) == spent
        assert customer["defaultEmailAddress"]["emailAddress"].endswith("@example.com")


def test_two_starts_hold_the_same_shop(sandbox: Desk) -> None:
    twins = [
        sandbox.open_shop(f"twin-{name}.myshopify.com", last_customer=25).control("GET", "/orders") for name in "ab"
    ]
    assert twins[0] == twins[1]
    assert twins[0]["orders"]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Marquesas", "Asia/Kathmandu", "America/Santiago"])
def test_the_local_day_is_the_panels_day_in_every_zone(sandbox: Desk, zone: str) -> None:
    store = sandbox.open_shop(f"{zone.split('/')[1].lower()}.myshopify.com", time_zone=zone, last_customer=60)
    orders = store.control("GET", "/orders?fields=processed_at,total")["orders"]
    bought = Counter(
        (datetime.fromisoformat(order["processed_at"]).astimezone(ZoneInfo(zone)).date() - SHIFT, order["total"])
        for order in orders
    )
    assert bought == Counter((day, int(amount * 100)) for customer, day, _, amount in rows() if int(customer) <= 60)


def test_the_panel_ends_yesterday_unless_told_otherwise(sandbox: Desk) -> None:
    sandbox.call("POST", "/shops", {"domain": "usual.myshopify.com"})
    orders = sandbox.store("usual.myshopify.com").control("GET", "/orders?fields=processed_at")["orders"]
    last = max(datetime.fromisoformat(order["processed_at"]) for order in orders).astimezone(NEW_YORK).date()
    assert datetime.now(NEW_YORK).date() - last == timedelta(days=1)


@pytest.mark.parametrize(("quantity", "cents"), [(1, 0), (3, 100), (2, 2933), (40, 39), (7, 7), (6, 9999)])
def test_prices_keep_every_cent(quantity: int, cents: int) -> None:
    lines = list(prices(quantity, cents))
    assert sum(units * price for units, price in lines) == cents
    assert sum(units for units, _ in lines) == quantity
    assert all(units > 0 for units, _ in lines)
