"""What an order is worth, told apart into goods, discounts, tax and shipping.

In a shop whose prices include tax every price below does too, and the tax is taken out at the end.

Goods are the lines but gift cards, which are money owed until they are redeemed, and tips. Units taken out of an order
by an edit are left out; units refunded stay in, since the refund takes them back on its own day.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from connectors.shopify.fields import Fields
from connectors.shopify.money import apportion, optional_shop_money, shop_money, shop_price


@dataclass(frozen=True, slots=True)
class Line:
    """`price` is before discounts; `paid` after all of them, off by what rounding a unit price lost."""

    fields: Fields
    units: int
    price: int
    paid: Decimal


@dataclass(frozen=True, slots=True)
class LineAmount:
    line: Line
    gross: int
    discount: int


@dataclass(frozen=True, slots=True)
class OrderAmounts:
    lines: tuple[LineAmount, ...]
    tax: int
    shipping: int

    @property
    def gross(self) -> int:
        return sum(line.gross for line in self.lines)

    @property
    def discount(self) -> int:
        return sum(line.discount for line in self.lines)


def order_amounts(order: Fields, currency: str) -> OrderAmounts:
    lines = goods(order, currency)
    paid = paid_amounts(order, lines, currency)
    shipping = shipping_charged(order, currency)
    tax = optional_shop_money(order, "totalTaxSet", currency)
    if not order.flag("taxesIncluded"):
        found = tuple(LineAmount(line, line.price, line.price - net) for line, net in zip(lines, paid, strict=True))
        return OrderAmounts(found, tax, shipping)
    # Shopify tells the tax of the whole order. Delivery is taxed like the goods it delivers, so it bears its share.
    goods_tax, shipping_tax = apportion(tax, [sum(paid), shipping])
    net_paid = apportion(sum(paid) - goods_tax, paid) if paid else []
    found = tuple(without_tax(*one) for one in zip(lines, paid, net_paid, strict=True))
    return OrderAmounts(found, tax, shipping - shipping_tax)


def without_tax(line: Line, paid: int, net: int) -> LineAmount:
    """The price before discounts shrinks as the price paid does. What was given away bore no tax."""
    gross = rounded(Decimal(line.price) * net / paid) if paid else line.price
    return LineAmount(line, gross, gross - net)


def goods(order: Fields, currency: str) -> list[Line]:
    refunded = refunded_units(order)
    lines = []
    for fields in order.child("lineItems").children("nodes"):
        ordered = fields.whole("quantity")
        removed = ordered - fields.whole("currentQuantity") - refunded.get(fields.text("id"), 0)
        units = ordered - max(0, removed)
        if units <= 0 or fields.flag("isGiftCard"):
            continue
        price = apportion(shop_money(fields, "originalTotalSet", currency), [units, ordered - units])[0]
        unit_paid = shop_price(fields, "discountedUnitPriceAfterAllDiscountsSet", currency)
        lines.append(Line(fields, units, price, min(unit_paid * units, Decimal(price))))
    return without_tip(lines, shop_money(order, "totalTipReceivedSet", currency))


def refunded_units(order: Fields) -> dict[str, int]:
    units: dict[str, int] = {}
    for refund in order.children("refunds"):
        for refunded in refund.child("refundLineItems").children("nodes"):
            line = refunded.child("lineItem").text("id")
            units[line] = units.get(line, 0) + refunded.whole("quantity")
    return units


def without_tip(lines: list[Line], tip: int) -> list[Line]:
    """A tip is a line like any other, but for having no article number and being worth what was tipped."""
    if not tip:
        return lines
    tipped = next((line for line in lines if line.price == tip and line.fields.optional_text("sku") is None), None)
    return [line for line in lines if line is not tipped]


def paid_amounts(order: Fields, lines: Sequence[Line], currency: str) -> list[int]:
    """What was paid for each line, exact to the cent.

    Shopify rounds a discounted unit price but not the subtotal. The cents between them go back where they were lost,
    at most one for each unit. A larger gap is no rounding (gift cards in the subtotal, edits): the lines are believed.
    """
    paid = [rounded(line.paid) for line in lines]
    gap = optional_shop_money(order, "subtotalPriceSet", currency) - sum(paid)
    exact = list(paid)
    for index in sorted(range(len(lines)), key=lambda index: -lines[index].units):
        line = lines[index]
        down, up = min(line.units, paid[index]), min(line.units, line.price - paid[index])
        step = max(-down, min(gap, up))
        exact[index] += step
        gap -= step
    return paid if gap else exact


def shipping_charged(order: Fields, currency: str) -> int:
    """After its own discounts: at most the listed price, and at most what the total leaves for it."""
    total = shop_money(order, "totalPriceSet", currency)
    total -= optional_shop_money(order, "subtotalPriceSet", currency)
    total -= shop_money(order, "totalTipReceivedSet", currency)
    if not order.flag("taxesIncluded"):
        total -= optional_shop_money(order, "totalTaxSet", currency)
    return max(0, min(total, shop_money(order, "totalShippingPriceSet", currency)))


def refund_amounts(order: Fields, currency: str) -> list[int]:
    """What each refund gave back for goods, without tax and shipping.

    A refund of lines is worth its lines, whatever was paid out: a restocking fee kept is other income. A refund
    without lines is a goodwill payment for the goods, but for the part of it that Shopify counts as shipping.
    """
    shipping = shop_money(order, "totalRefundedShippingSet", currency)
    refunds = [RefundParts.of(order, refund, currency) for refund in order.children("refunds")]
    for refund in refunds:
        if refund.has_lines:
            shipping -= max(0, min(shipping, refund.total - refund.with_tax))
    amounts = []
    for refund in refunds:
        if refund.has_lines:
            amounts.append(refund.goods)
        else:
            for_shipping = max(0, min(shipping, refund.total))
            shipping -= for_shipping
            amounts.append(refund.total - for_shipping)
    return amounts


@dataclass(frozen=True, slots=True)
class RefundParts:
    """`with_tax` covers all lines, `goods` those that are goods, without tax."""

    has_lines: bool
    total: int
    with_tax: int
    goods: int

    @classmethod
    def of(cls, order: Fields, refund: Fields, currency: str) -> "RefundParts":
        included = order.flag("taxesIncluded")
        lines = refund.child("refundLineItems").children("nodes")
        subtotals = [shop_money(line, "subtotalSet", currency) for line in lines]
        taxes = [shop_money(line, "totalTaxSet", currency) for line in lines]
        nets = [subtotal - tax if included else subtotal for subtotal, tax in zip(subtotals, taxes, strict=True)]
        return cls(
            has_lines=bool(lines),
            total=shop_money(refund, "totalRefundedSet", currency),
            with_tax=sum(subtotals) + (0 if included else sum(taxes)),
            goods=sum_of_goods(lines, nets),
        )


def sum_of_goods(lines: Iterable[Fields], amounts: Iterable[int]) -> int:
    pairs = zip(lines, amounts, strict=True)
    return sum(amount for line, amount in pairs if not line.child("lineItem").flag("isGiftCard"))


def rounded(amount: Decimal) -> int:
    return int(amount.to_integral_value(rounding=ROUND_HALF_EVEN))
