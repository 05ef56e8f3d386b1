"""Webhook bodies. They have the shape of the old REST resources: numeric ids, money strings, the shop's local time."""

from datetime import datetime
from typing import Any

from sandbox.shopify.ids import gid
from sandbox.shopify.money import convert, rest_amount
from sandbox.shopify.records import Customer, LineItem, Order, Refund, RefundLine
from sandbox.shopify.store import Shop

Json = dict[str, Any]


def local(moment: datetime | None, shop: Shop) -> str | None:
    return moment.astimezone(shop.zone).isoformat(timespec="seconds") if moment else None


def amount(minor: int, shop: Shop) -> str:
    return rest_amount(minor, shop.currency)


def money_set(minor: int, order: Order, shop: Shop) -> Json:
    in_shop = {"amount": amount(minor, shop), "currency_code": shop.currency}
    if order.presentment is None:
        return {"shop_money": in_shop, "presentment_money": dict(in_shop)}
    currency = order.presentment.currency
    paid = rest_amount(convert(minor, shop.currency, order.presentment), currency)
    return {"shop_money": in_shop, "presentment_money": {"amount": paid, "currency_code": currency}}


def priced(name: str, minor: int, order: Order, shop: Shop) -> Json:
    return {name: amount(minor, shop), f"{name}_set": money_set(minor, order, shop)}


def order_body(order: Order, shop: Shop) -> Json:
    customer = order.customer
    return {
        "id": order.id,
        "admin_graphql_api_id": gid("Order", order.id),
        "name": order.name,
        "number": order.number - 1000,
        "order_number": order.number,
        "created_at": local(order.created_at, shop),
        "processed_at": local(order.processed_at, shop),
        "updated_at": local(order.updated_at, shop),
        "closed_at": local(order.closed_at, shop),
        "cancelled_at": local(order.cancelled_at, shop),
        "cancel_reason": order.cancel_reason.lower() if order.cancel_reason else None,
        "confirmed": True,
        "test": order.test,
        "note": order.note,
        "tags": ", ".join(order.tags),
        "email": customer.email if customer else "",
        "contact_email": customer.email if customer else None,
        "source_name": order.source_name,
        "financial_status": order.financial_status.lower(),
        "fulfillment_status": "fulfilled" if order.fulfillment_status == "FULFILLED" else None,
        "payment_gateway_names": ["bogus"] if order.test else ["shopify_payments"],
        "taxes_included": order.taxes_included,
        "discount_codes": [],
        "note_attributes": [],
        "customer": customer_body(customer, shop) if customer else None,
        "line_items": [line_body(line, shop) for line in order.lines],
        "refunds": [refund_body(refund, shop) for refund in order.refunds],
        **order_amounts(order, shop),
    }


def order_amounts(order: Order, shop: Shop) -> Json:
    list_price = sum(line.unit_price * line.ordered_quantity for line in order.lines)
    return {
        "currency": shop.currency,
        "presentment_currency": order.presentment.currency if order.presentment else shop.currency,
        **priced("subtotal_price", order.subtotal, order, shop),
        **priced("current_subtotal_price", order.current_subtotal, order, shop),
        **priced("total_price", order.total, order, shop),
        **priced("current_total_price", order.current_total, order, shop),
        **priced("total_tax", order.tax, order, shop),
        **priced("current_total_tax", order.current_tax, order, shop),
        **priced("total_discounts", order.discounts, order, shop),
        **priced("current_total_discounts", order.current_discounts, order, shop),
        **priced("total_line_items_price", list_price, order, shop),
        "total_shipping_price_set": money_set(order.shipping, order, shop),
        "total_outstanding": amount(max(0, order.total - order.received), shop),
    }


def line_body(line: LineItem, shop: Shop) -> Json:
    assert line.order is not None, "a line belongs to an order"
    return {
        "id": line.id,
        "admin_graphql_api_id": gid("LineItem", line.id),
        "name": line.name,
        "title": line.product.title,
        "variant_title": None,
        "sku": line.product.sku,
        "vendor": line.product.vendor,
        "product_id": line.product.id,
        "variant_id": line.product.variant_id,
        "product_exists": True,
        "gift_card": False,
        "taxable": line.tax > 0,
        "requires_shipping": True,
        "quantity": line.quantity,
        "current_quantity": line.current_quantity,
        **priced("price", line.unit_price, line.order, shop),
        **priced("total_discount", line.discount, line.order, shop),
        "tax_lines": [{"title": "Tax", "price": amount(line.tax, shop)}] if line.tax else [],
        "properties": [],
    }


def refund_line_body(refunded: RefundLine, order: Order, shop: Shop) -> Json:
    return {
        "id": refunded.id,
        "line_item_id": refunded.line.id,
        "quantity": refunded.quantity,
        "restock_type": refunded.restock_type.lower(),
        **priced("subtotal", refunded.subtotal, order, shop),
        **priced("total_tax", refunded.tax, order, shop),
        "line_item": line_body(refunded.line, shop),
    }


def refund_body(refund: Refund, shop: Shop) -> Json:
    order = refund.order
    discrepancy = {
        "id": refund.id + 1,
        "order_id": order.id,
        "refund_id": refund.id,
        "kind": "refund_discrepancy",
        "reason": "Refund discrepancy",
        **priced("amount", -refund.adjustment, order, shop),
    }
    return {
        "id": refund.id,
        "admin_graphql_api_id": gid("Refund", refund.id),
        "order_id": order.id,
        "created_at": local(refund.created_at, shop),
        "processed_at": local(refund.created_at, shop),
        "note": refund.note,
        "restock": any(line.restock_type == "RETURN" for line in refund.lines),
        "refund_line_items": [refund_line_body(line, order, shop) for line in refund.lines],
        "order_adjustments": [discrepancy] if refund.adjustment else [],
        "transactions": [
            {
                "id": refund.id + 2,
                "order_id": order.id,
                "kind": "refund",
                "status": "success",
                "gateway": "bogus" if order.test else "shopify_payments",
                "created_at": local(refund.created_at, shop),
                "test": order.test,
                "amount": amount(refund.total, shop),
                "currency": shop.currency,
            }
        ],
    }


def customer_body(customer: Customer, shop: Shop) -> Json:
    last = max(customer.order_ids, default=None)
    return {
        "id": customer.id,
        "admin_graphql_api_id": gid("Customer", customer.id),
        "created_at": local(customer.created_at, shop),
        "updated_at": local(customer.updated_at, shop),
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "email": customer.email,
        "phone": customer.phone,
        "verified_email": customer.email is not None,
        "state": customer.state.lower(),
        "note": customer.note,
        "tags": ", ".join(customer.tags),
        "tax_exempt": False,
        "currency": shop.currency,
        "orders_count": len(customer.order_ids),
        "total_spent": amount(shop.spent(customer), shop),
        "last_order_id": last,
        "last_order_name": shop.orders.records[last].name if last in shop.orders.records else None,
        "addresses": [],
    }


def shop_body(shop: Shop) -> Json:
    return {
        "id": shop.id,
        "name": shop.settings.name,
        "email": shop.settings.email,
        "domain": shop.domain,
        "myshopify_domain": shop.domain,
        "created_at": local(shop.created_at, shop),
        "currency": shop.currency,
        "iana_timezone": shop.settings.time_zone,
        "taxes_included": shop.settings.taxes_included,
        "plan_name": "advanced",
    }
