"""Orders as the API gives them. Amounts are strings of the shop's currency."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from domain.ports.records import SourceItem

Json = dict[str, Any]


def money(amount: str, currency: str = "USD") -> Json:
    return {"shopMoney": {"amount": amount, "currencyCode": currency}}


def line(number: int, price: str, **changes: Any) -> Json:
    """One unit of a product, without a discount."""
    paid = changes.pop("paid", price)
    currency = changes.pop("currency", "USD")
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "title": f"Record {number}",
        "sku": f"CD-{number}",
        "quantity": 1,
        "currentQuantity": 1,
        "isGiftCard": False,
        "product": {"legacyResourceId": "77"},
        "originalTotalSet": money(price, currency),
        "discountedUnitPriceAfterAllDiscountsSet": money(paid, currency),
    } | changes


def refund_line(number: int, subtotal: str, *, tax: str = "0.0", quantity: int = 1, gift_card: bool = False) -> Json:
    return {
        "quantity": quantity,
        "lineItem": {"id": f"gid://shopify/LineItem/{number}", "isGiftCard": gift_card},
        "subtotalSet": money(subtotal),
        "totalTaxSet": money(tax),
    }


def refund(number: int, total: str, lines: Sequence[Json] = (), **changes: Any) -> Json:
    return {
        "id": f"gid://shopify/Refund/{number}",
        "legacyResourceId": str(number),
        "createdAt": "2026-11-20T08:00:00Z",
        "processedAt": "2026-11-20T08:00:01Z",
        "totalRefundedSet": money(total),
        "refundLineItems": {"nodes": list(lines)},
    } | changes


def order(lines: Sequence[Json], refunds: Sequence[Json] = (), /, *, currency: str = "USD", **changes: Any) -> Json:
    """Amounts default to nothing but the subtotal; give those the test is about as plain strings."""
    amounts = {
        "subtotalPriceSet": "0.0",
        "totalTaxSet": "0.0",
        "totalShippingPriceSet": "0.0",
        "totalTipReceivedSet": "0.0",
        "totalReceivedSet": "1.0",
        "totalRefundedShippingSet": "0.0",
        "totalPriceSet": "0.0",
    }
    amounts |= {name: changes.pop(name) for name in amounts if name in changes}
    return {
        "id": "gid://shopify/Order/1001",
        "legacyResourceId": "1001",
        "name": "#1",
        "createdAt": "2026-11-01T10:00:00Z",
        "updatedAt": "2026-11-02T10:00:00Z",
        "processedAt": "2026-11-01T09:59:00Z",
        "cancelledAt": None,
        "test": False,
        "sourceName": "web",
        "taxesIncluded": False,
        "displayFinancialStatus": "PAID",
        "customer": {"legacyResourceId": "501"},
        "lineItems": {"nodes": list(lines)},
        "refunds": list(refunds),
        **{name: amount and money(amount, currency) for name, amount in amounts.items()},
    } | changes


def item(stream: str, payload: Json) -> SourceItem:
    return SourceItem(stream, "1001", datetime(2026, 11, 2, 10, tzinfo=UTC), orjson.dumps(payload))
