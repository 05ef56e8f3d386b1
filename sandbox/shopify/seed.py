"""Fills a shop with the CDNOW panel: every row is one order of its customer."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from hashlib import blake2b
from pathlib import Path
from zoneinfo import ZoneInfo

from sandbox.shopify.records import Customer, LineItem, Order
from sandbox.shopify.store import Shop

DATA = Path(__file__).parents[1] / "data"
PANEL = DATA / "cdnow_sample_transactions.csv"
# Between breakfast and bedtime: no daylight saving change in use today falls there, so a local day never slips.
OPENING = time(8)
OPEN_SECONDS = 15 * 60 * 60 - 1
NAMES = json.loads((DATA / "names.json").read_text(encoding="utf-8"))
GIVEN_NAMES: list[str] = NAMES["given"]
FAMILY_NAMES: list[str] = NAMES["family"]
TITLES = ("Single", "Compact Disc", "Live Album", "Double Album", "Box Set")
SHELVES = 8


@dataclass(frozen=True, slots=True)
class Purchase:
    customer: int
    day: date
    quantity: int
    cents: int


@cache
def panel() -> tuple[Purchase, ...]:
    """Every row, in file order."""
    with PANEL.open(newline="", encoding="ascii") as source:
        return tuple(
            Purchase(
                customer=int(row["customer_id"]),
                day=date.fromisoformat(row["date"]),
                quantity=int(row["quantity"]),
                cents=int(Decimal(row["amount"]) * 100),
            )
            for row in csv.DictReader(source)
        )


@cache
def panel_end() -> date:
    return max(row.day for row in panel())


def draw(*parts: object, below: int) -> int:
    digest = blake2b("|".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest) % below


def moment(purchase: Purchase, day: date, occurrence: int, zone: ZoneInfo) -> datetime:
    seconds = draw(purchase.customer, purchase.day, occurrence, below=OPEN_SECONDS)
    return (datetime.combine(day, OPENING, zone) + timedelta(seconds=seconds)).astimezone(UTC)


def prices(quantity: int, cents: int) -> Iterator[tuple[int, int]]:
    """(units, unit price) pairs that sum to `cents`: an uneven amount makes some units one cent dearer."""
    floor, dearer = divmod(cents, quantity)
    yield quantity - dearer, floor
    if dearer:
        yield dearer, floor + 1


def line(shop: Shop, units: int, price: int) -> LineItem:
    shelf = draw("shelf", price, below=SHELVES)
    title = TITLES[min(price // 1000, len(TITLES) - 1)]
    product = shop.product(f"{title} {shelf + 1}", f"CD-{title[:1]}{price // 1000:02d}-{shelf + 1}")
    return LineItem(next(shop.sequences.line), product, units, price)


def person(number: int, bought_at: datetime, identity: int) -> Customer:
    given = GIVEN_NAMES[number % len(GIVEN_NAMES)]
    family = FAMILY_NAMES[number // len(GIVEN_NAMES) % len(FAMILY_NAMES)]
    address = f"{given}.{family}.{number}".lower().replace("ö", "o")
    phone = f"+1202555{100 + number % 100:04d}" if number % 3 == 0 else None
    return Customer(identity, given, family, f"{address}@example.com", phone, bought_at, bought_at)


def dated(rows: list[Purchase], shift: timedelta, zone: ZoneInfo) -> list[tuple[datetime, Purchase]]:
    seen: dict[tuple[int, date], int] = {}
    moments = []
    for row in rows:
        occurrence = seen[row.customer, row.day] = seen.get((row.customer, row.day), 0) + 1
        moments.append((moment(row, row.day + shift, occurrence, zone), row))
    return sorted(moments, key=lambda pair: (pair[0], pair[1].customer))


def fill(shop: Shop, *, last_day: date, first_customer: int = 1, last_customer: int | None = None) -> None:
    """Moves the whole panel so that its last day, whoever bought then, becomes `last_day`."""
    last = panel()[-1].customer if last_customer is None else last_customer
    rows = [row for row in panel() if first_customer <= row.customer <= last]
    customers: dict[int, Customer] = {}
    orders = []
    for instant, row in dated(rows, last_day - panel_end(), shop.zone):
        if row.customer not in customers:
            customers[row.customer] = person(row.customer, instant, next(shop.sequences.customer))
        customer = customers[row.customer]
        order = Order(
            id=next(shop.sequences.order),
            number=next(shop.sequences.number),
            customer=customer,
            created_at=instant,
            processed_at=instant,
            updated_at=instant,
            closed_at=instant,
            lines=[line(shop, units, price) for units, price in prices(row.quantity, row.cents)],
        )
        customer.updated_at = instant
        customer.order_ids.append(order.id)
        orders.append(order)
    shop.customers.load(customers.values())
    shop.orders.load(orders)
