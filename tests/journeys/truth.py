"""What the figures must be, worked out from the purchases in plain Python. It shares no code with the product.

A shop sells the panel moved as a whole, so that the panel's last day becomes `last_day`; a row is an order.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

PANEL = Path(__file__).parents[2] / "sandbox" / "data" / "cdnow_sample_transactions.csv"
MONEY = ("net_revenue", "gross_revenue", "average_order_value", "customer_lifetime_value_revenue")
LOOKING_BACK = ("retention_rate", "revenue_growth", "customer_lifetime_value_revenue")

Figures = dict[str, Fraction | None]


@dataclass(frozen=True)
class Purchase:
    customer: int
    day: date
    cents: int


@dataclass(frozen=True)
class Span:
    """Both ends included."""

    start: date
    end: date


def panel(last_day: date, *, customers: int | None = None, file: Path = PANEL) -> list[Purchase]:
    """Of the first `customers` customers only, where that is given."""
    with file.open(newline="", encoding="ascii") as source:
        rows = [
            (int(row["customer_id"]), date.fromisoformat(row["date"]), Decimal(row["amount"]))
            for row in csv.DictReader(source)
        ]
    shift = last_day - max(day for _, day, _ in rows)
    return [
        Purchase(customer, day + shift, int(amount * 100))
        for customer, day, amount in rows
        if customers is None or customer <= customers
    ]


class Ledger:
    def __init__(self, purchases: Iterable[Purchase]) -> None:
        self.purchases = list(purchases)
        self.first_day = min(one.day for one in self.purchases)
        self.first_of: dict[int, date] = {}
        for one in self.purchases:
            self.first_of[one.customer] = min(one.day, self.first_of.get(one.customer, one.day))

    @property
    def customers(self) -> int:
        return len(self.first_of)

    @property
    def cents(self) -> int:
        return sum(one.cents for one in self.purchases)

    def within(self, span: Span) -> list[Purchase]:
        return [one for one in self.purchases if span.start <= one.day <= span.end]

    def figures(self, span: Span, before: Span) -> Figures:
        """Every metric over `span`, money in dollars. `before` is the period of the same kind right before it.

        None where nothing can be said: before the first order, without a period to compare with, or divided by nought.
        """
        if span.end < self.first_day:
            return dict.fromkeys(KEYS)
        sold, sold_before = self.within(span), self.within(before)
        orders_of = Counter(one.customer for one in sold)
        buyers, buyers_before = set(orders_of), {one.customer for one in sold_before}
        revenue, revenue_before = dollars(sold), dollars(sold_before)
        average = ratio(revenue, len(sold))
        frequency = ratio(len(sold), len(buyers))
        retention = ratio(len(buyers & buyers_before), len(buyers_before))
        figures: Figures = {
            "net_revenue": revenue,
            "gross_revenue": revenue,
            "orders": Fraction(len(sold)),
            "average_order_value": average,
            "refund_rate": ratio(0, revenue),
            "active_customers": Fraction(len(buyers)),
            "new_customers": Fraction(sum(span.start <= first <= span.end for first in self.first_of.values())),
            "repeat_purchase_rate": ratio(sum(count > 1 for count in orders_of.values()), len(buyers)),
            "retention_rate": retention,
            "revenue_growth": ratio(revenue - revenue_before, revenue_before),
            "orders_per_customer": frequency,
            "customer_lifetime_value_revenue": lifetime_value(average, frequency, retention),
        }
        if before.end < self.first_day:
            figures |= dict.fromkeys(LOOKING_BACK)
        return figures


KEYS = (
    "net_revenue",
    "gross_revenue",
    "orders",
    "average_order_value",
    "refund_rate",
    "active_customers",
    "new_customers",
    "repeat_purchase_rate",
    "retention_rate",
    "revenue_growth",
    "orders_per_customer",
    "customer_lifetime_value_revenue",
)


def dollars(sold: list[Purchase]) -> Fraction:
    return Fraction(sum(one.cents for one in sold), 100)


def ratio(above: Fraction | int, below: Fraction | int) -> Fraction | None:
    return Fraction(above) / below if below else None


def lifetime_value(average: Fraction | None, frequency: Fraction | None, retention: Fraction | None) -> Fraction | None:
    """What a customer brings in a period, times the 1 / (1 - retention) periods that they stay."""
    if average is None or frequency is None or retention is None or retention == 1:
        return None
    return average * frequency / (1 - retention)


def months(today: date, count: int) -> list[tuple[Span, Span]]:
    """The last `count` months, today's last, each with the month before it."""
    first = today.replace(day=1)
    starts = [first]
    for _ in range(count):
        first = (first - timedelta(days=1)).replace(day=1)
        starts.append(first)
    starts.reverse()
    following = [*starts[1:], (starts[-1] + timedelta(days=31)).replace(day=1)]
    spans = [Span(start, after - timedelta(days=1)) for start, after in zip(starts, following, strict=True)]
    return list(zip(spans[1:], spans, strict=False))


def weeks(today: date, count: int) -> list[tuple[Span, Span]]:
    monday = today - timedelta(days=today.weekday())
    starts = [monday - timedelta(weeks=back) for back in range(count - 1, -1, -1)]
    return [(stretch(start, 7), stretch(start - timedelta(days=7), 7)) for start in starts]


def days(today: date, count: int) -> list[tuple[Span, Span]]:
    dates = [today - timedelta(days=back) for back in range(count - 1, -1, -1)]
    return [(Span(day, day), Span(day - timedelta(days=1), day - timedelta(days=1))) for day in dates]


def calendar_years(today: date, count: int) -> list[tuple[Span, Span]]:
    years = [today.year - back for back in range(count - 1, -1, -1)]
    return [(year(one), year(one - 1)) for one in years]


def year(number: int) -> Span:
    return Span(date(number, 1, 1), date(number, 12, 31))


def stretch(start: date, length: int) -> Span:
    return Span(start, start + timedelta(days=length - 1))


def trailing(today: date, length: int) -> tuple[Span, Span]:
    """The `length` days up to yesterday, and as many before them."""
    start = today - timedelta(days=length)
    return stretch(start, length), stretch(start - timedelta(days=length), length)


def shown(key: str, value: Fraction | None) -> Decimal | None:
    """As the API writes it: ratios to ten places, money to the ten-thousandth of a cent; halves to even."""
    if value is None:
        return None
    rounded = round(value, 6 if key in MONEY else 10)
    return (Decimal(rounded.numerator) / Decimal(rounded.denominator)).normalize()


def told(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value).normalize()


def differences(expected: Mapping[str, Fraction | None], answered: Mapping[str, str | None]) -> dict[str, str]:
    """What the product says otherwise, by metric."""
    found: dict[str, str] = defaultdict(str)
    for key, value in expected.items():
        if shown(key, value) != told(answered[key]):
            found[key] = f"{told(answered[key])} and not {shown(key, value)}"
    return dict(found)
