"""What a merchant or a customer can do to a shop, on request of the control endpoint."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.shopify.inputs import Inputs, InvalidInputError
from sandbox.shopify.records import Customer, LineItem, Order, Refund, RefundLine
from sandbox.shopify.store import Shop

CANCEL_REASONS = ("CUSTOMER", "DECLINED", "FRAUD", "INVENTORY", "OTHER", "STAFF")
CUSTOMER_STATES = ("DECLINED", "DISABLED", "ENABLED", "INVITED")
ORDER_FIELDS = (
    "customer_id",
    "processed_at",
    "created_at",
    "updated_at",
    "lines",
    "shipping",
    "taxes_included",
    "test",
    "note",
    "tags",
    "source_name",
    "presentment",
    "webhook",
)
LINE_FIELDS = ("title", "sku", "quantity", "unit_price", "discount", "tax")
CUSTOMER_FIELDS = ("first_name", "last_name", "email", "phone", "state", "note", "tags", "updated_at", "webhook")


def find_customer(shop: Shop, identity: int) -> Customer:
    try:
        return shop.customers.records[identity]
    except KeyError:
        raise InvalidInputError("customer_id", "no such customer") from None


def new_line(shop: Shop, content: Mapping[str, Any]) -> LineItem:
    inputs = Inputs(content, LINE_FIELDS)
    title = inputs.text("title", "Compact Disc") or "Compact Disc"
    sku = inputs.text("sku") or f"SKU-{title.upper().replace(' ', '-')}"
    made = LineItem(
        id=next(shop.sequences.line),
        product=shop.product(title, sku),
        quantity=inputs.number("quantity", 1, least=1),
        unit_price=inputs.money("unit_price", shop.currency),
        discount=inputs.money("discount", shop.currency),
        tax=inputs.money("tax", shop.currency),
    )
    if made.discount > made.original_total:
        raise InvalidInputError("lines.discount", "is more than the line is worth")
    return made


def create_order(shop: Shop, content: Mapping[str, Any]) -> Order:
    inputs = Inputs(content, ORDER_FIELDS)
    lines = inputs.objects("lines")
    if not lines:
        raise InvalidInputError("lines", "is required")
    processed = inputs.instant("processed_at")
    created = inputs.instant("created_at", processed)
    customer = find_customer(shop, inputs.number("customer_id")) if "customer_id" in inputs else None
    order = Order(
        id=next(shop.sequences.order),
        number=next(shop.sequences.number),
        customer=customer,
        created_at=created,
        processed_at=processed,
        updated_at=inputs.instant("updated_at"),
        lines=[new_line(shop, line) for line in lines],
        shipping=inputs.money("shipping", shop.currency),
        taxes_included=inputs.flag("taxes_included", default=shop.settings.taxes_included),
        test=inputs.flag("test", default=False),
        note=inputs.text("note"),
        tags=inputs.strings("tags"),
        source_name=inputs.text("source_name", "web") or "web",
        presentment=inputs.presentment("presentment"),
    )
    if customer is not None:
        customer.order_ids.append(order.id)
        customer.updated_at = order.updated_at
        shop.customers.put(customer)
    shop.orders.put(order)
    return order


def update_order(shop: Shop, order: Order, content: Mapping[str, Any]) -> None:
    """Lines are named by id; a new `quantity` is what should remain, so fewer units are removed, not refunded."""
    inputs = Inputs(content, ("note", "tags", "test", "processed_at", "lines", "updated_at", "webhook"))
    edits = [edit_of(shop, order, Inputs(line, ("id", "quantity", "unit_price"))) for line in inputs.objects("lines")]
    note = inputs.text("note", order.note)
    tags = inputs.strings("tags") if "tags" in inputs else order.tags
    test = inputs.flag("test", default=order.test)
    processed = inputs.instant("processed_at", order.processed_at)
    updated = inputs.instant("updated_at")
    order.note, order.tags, order.test, order.processed_at = note, tags, test, processed
    for line, quantity, price in edits:
        line.unit_price = price
        line.quantity = max(line.quantity, quantity + line.refunded)
        line.removed = line.quantity - quantity - line.refunded
        order.edited = True
    touch(shop, order, updated)


def edit_of(shop: Shop, order: Order, inputs: Inputs) -> tuple[LineItem, int, int]:
    line = find_line(order, inputs.number("id"))
    price = inputs.money("unit_price", shop.currency) if "unit_price" in inputs else line.unit_price
    if price != line.unit_price and line.refunded:
        raise InvalidInputError("lines.unit_price", "a line with refunds keeps its price")
    quantity = inputs.number("quantity", line.current_quantity)
    if line.discount > price * max(line.quantity, quantity + line.refunded):
        raise InvalidInputError("lines.unit_price", "is less than the discount on the line")
    return line, quantity, price


def find_line(order: Order, identity: int) -> LineItem:
    line = next((line for line in order.lines if line.id == identity), None)
    if line is None:
        raise InvalidInputError("lines.id", "no such line in this order")
    return line


def touch(shop: Shop, order: Order, moment: datetime) -> None:
    order.updated_at = moment
    shop.orders.put(order)


def refund_order(shop: Shop, order: Order, content: Mapping[str, Any]) -> Refund:
    """By lines, by a plain amount, or both; with neither, everything that is left."""
    inputs = Inputs(content, ("lines", "amount", "note", "created_at", "restock", "webhook"))
    moment = inputs.instant("created_at")
    restock = "RETURN" if inputs.flag("restock", default=True) else "NO_RESTOCK"
    wanted = [refund_wish(order, Inputs(line, ("id", "quantity"))) for line in inputs.objects("lines")]
    if len({line.id for line, _ in wanted}) < len(wanted):
        raise InvalidInputError("lines.id", "names a line twice")
    adjustment = inputs.money("amount", shop.currency)
    if not wanted and "amount" not in inputs:
        wanted = [(line, line.current_quantity) for line in order.lines if line.current_quantity]
        adjustment = order.current_total - order.current_subtotal - (0 if order.taxes_included else order.current_tax)
    lines = [refund_line(shop, line, quantity, restock) for line, quantity in wanted]
    refund = Refund(next(shop.sequences.refund), moment, lines, order, adjustment, inputs.text("note"))
    if not 0 < refund.total <= order.current_total:
        raise InvalidInputError("amount", "must be above zero and no more than is left")
    next(shop.sequences.refund), next(shop.sequences.refund)  # numbers of its adjustment and its transaction
    for line, quantity in wanted:
        line.refunded += quantity
    order.refunds.append(refund)
    touch(shop, order, moment)
    return refund


def refund_wish(order: Order, inputs: Inputs) -> tuple[LineItem, int]:
    line = find_line(order, inputs.number("id"))
    quantity = inputs.number("quantity", 1, least=1)
    if quantity > line.current_quantity:
        raise InvalidInputError("lines.quantity", "is more than the line still has")
    return line, quantity


def refund_line(shop: Shop, line: LineItem, quantity: int, restock: str) -> RefundLine:
    left = line.current_quantity
    return RefundLine(
        id=next(shop.sequences.refund),
        line=line,
        quantity=quantity,
        subtotal=line.net(left) - line.net(left - quantity),
        tax=line.tax_of(left) - line.tax_of(left - quantity),
        restock_type=restock,
    )


def cancel_order(shop: Shop, order: Order, content: Mapping[str, Any]) -> Refund | None:
    inputs = Inputs(content, ("reason", "refund", "cancelled_at", "webhook"))
    if order.cancelled_at is not None:
        raise InvalidInputError("order", "is cancelled already")
    reason = inputs.one_of("reason", CANCEL_REASONS, "CUSTOMER")
    moment = inputs.instant("cancelled_at")
    refund = None
    if inputs.flag("refund", default=True) and order.current_total:
        refund = refund_order(shop, order, {"created_at": moment.isoformat()})
    order.cancelled_at = order.closed_at = moment
    order.cancel_reason = reason
    touch(shop, order, moment)
    return refund


def delete_order(shop: Shop, order: Order) -> None:
    shop.orders.remove(order.id)
    if order.customer is not None:
        order.customer.order_ids.remove(order.id)


def create_customer(shop: Shop, content: Mapping[str, Any]) -> Customer:
    inputs = Inputs(content, (*CUSTOMER_FIELDS, "created_at"))
    created = inputs.instant("created_at")
    customer = Customer(next(shop.sequences.customer), None, None, None, None, created, created)
    customer.updated_at = inputs.instant("updated_at", created)
    assign(customer, inputs)
    shop.customers.put(customer)
    return customer


def update_customer(shop: Shop, customer: Customer, content: Mapping[str, Any]) -> None:
    inputs = Inputs(content, CUSTOMER_FIELDS)
    updated = inputs.instant("updated_at")
    assign(customer, inputs)
    customer.updated_at = updated
    shop.customers.put(customer)


def assign(customer: Customer, inputs: Inputs) -> None:
    state = inputs.one_of("state", CUSTOMER_STATES, customer.state)
    tags = inputs.strings("tags") if "tags" in inputs else customer.tags
    names = {
        name: inputs.text(name) for name in ("first_name", "last_name", "email", "phone", "note") if name in inputs
    }
    for name, value in names.items():
        setattr(customer, name, value)
    customer.state = state
    customer.tags = tags


def delete_customer(shop: Shop, customer: Customer) -> None:
    """Shopify keeps the orders of a deleted person and forgets whose they were."""
    shop.customers.remove(customer.id)
    for identity in customer.order_ids:
        shop.orders.records[identity].customer = None
