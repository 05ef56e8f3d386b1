"""Shopify's records in the house's words."""

from collections.abc import Callable
from typing import Any

import orjson

from connectors.shopify.amounts import LineAmount, order_amounts, refund_amounts
from connectors.shopify.fields import Fields
from connectors.shopify.money import CURRENCY, currency_of, shop_money
from domain.ports.errors import AnswerUnusable
from domain.ports.records import (
    CustomerRecord,
    OrderLineRecord,
    OrderRecord,
    Record,
    RefundRecord,
    ShopRecord,
    SourceItem,
)

# Numbers are ids of apps that sell elsewhere; Shopify's own storefront app is one of them.
CHANNELS = {
    "580111": "web",
    "android": "pos",
    "iphone": "pos",
    "mobile_app": "app",
    "pos": "pos",
    "shopify_draft_order": "draft",
    "subscription_contract": "subscription",
    "subscription_contract_checkout_one": "subscription",
    "web": "web",
}


class ShopifyMapping:
    """An order counts from the moment it was placed, paid or not, as it does in Shopify's own reports.

    Left out are test orders (TEST), orders cancelled before any money came (CANCELLED_UNPAID) and orders of nothing
    but gift cards (GIFT_CARDS_ONLY). An order cancelled after payment stays: its refund takes it back on its own day.
    """

    def record(self, item: SourceItem) -> Record | None:
        if item.deleted:
            return None
        if item.stream not in MAKERS:
            raise AnswerUnusable(f"Shopify has no stream {item.stream}")
        return MAKERS[item.stream](Fields.of(loaded(item), item.stream))


def loaded(item: SourceItem) -> Any:
    try:
        return orjson.loads(item.payload or b"")
    except orjson.JSONDecodeError:
        raise AnswerUnusable(f"the payload of {item.stream} {item.external_id} is not JSON") from None


def shop(fields: Fields) -> ShopRecord:
    currency = fields.text("currencyCode")
    if CURRENCY.fullmatch(currency) is None:
        raise fields.unusable("currencyCode", "an ISO 4217 currency")
    return ShopRecord(
        external_id=fields.number_of("id"),
        name=fields.text("name"),
        currency=currency,
        time_zone=fields.text("ianaTimezone"),
    )


def customer(fields: Fields) -> CustomerRecord:
    """Shopify's display name falls back to an address or a phone number, which are no names: hence the parts."""
    names = [fields.optional_text("firstName"), fields.optional_text("lastName")]
    email = fields.optional_child("defaultEmailAddress")
    phone = fields.optional_child("defaultPhoneNumber")
    return CustomerRecord(
        external_id=fields.text("legacyResourceId"),
        since=fields.instant("createdAt"),
        name=" ".join(name for name in names if name) or None,
        email=email.optional_text("emailAddress") if email else None,
        phone=phone.optional_text("phoneNumber") if phone else None,
    )


def order(fields: Fields) -> OrderRecord:
    currency = currency_of(fields, "totalPriceSet")
    amounts = order_amounts(fields, currency)
    buyer = fields.optional_child("customer")
    return OrderRecord(
        external_id=fields.text("legacyResourceId"),
        customer_external_id=buyer.text("legacyResourceId") if buyer else None,
        occurred_at=fields.instant("processedAt"),
        currency=currency,
        gross_minor=amounts.gross,
        discount_minor=amounts.discount,
        tax_minor=amounts.tax,
        shipping_minor=amounts.shipping,
        channel=channel(fields.optional_text("sourceName")),
        lines=tuple(order_line(line) for line in amounts.lines),
        refunds=refunds(fields, currency),
        excluded=excluded(fields, currency),
    )


def order_line(amount: LineAmount) -> OrderLineRecord:
    fields = amount.line.fields
    product = fields.child("product").text("legacyResourceId") if fields.has("product") else None
    return OrderLineRecord(
        external_id=fields.number_of("id"),
        product_external_id=product,
        sku=fields.optional_text("sku"),
        quantity=amount.line.units,
        gross_minor=amount.gross,
        discount_minor=amount.discount,
    )


def refunds(fields: Fields, currency: str) -> tuple[RefundRecord, ...]:
    pairs = zip(fields.children("refunds"), refund_amounts(fields, currency), strict=True)
    return tuple(
        RefundRecord(
            external_id=refund.text("legacyResourceId"),
            # Very old refunds have no time of creation.
            occurred_at=refund.instant("createdAt" if refund.has("createdAt") else "processedAt"),
            amount_minor=amount,
        )
        for refund, amount in pairs
    )


def excluded(fields: Fields, currency: str) -> str | None:
    if fields.flag("test"):
        return "TEST"
    if fields.has("cancelledAt") and shop_money(fields, "totalReceivedSet", currency) == 0:
        return "CANCELLED_UNPAID"
    lines = fields.child("lineItems").children("nodes")
    return "GIFT_CARDS_ONLY" if lines and all(line.flag("isGiftCard") for line in lines) else None


def channel(source: str | None) -> str:
    return CHANNELS.get((source or "").lower(), "other")


MAKERS: dict[str, Callable[[Fields], Record]] = {"shop": shop, "customers": customer, "orders": order}
