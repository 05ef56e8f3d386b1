"""Which resolver answers which field of the schema."""

from datetime import datetime
from typing import Any

from sandbox.shopify import mutations
from sandbox.shopify import resolvers as answer
from sandbox.shopify.connections import list_connection
from sandbox.shopify.ids import gid
from sandbox.shopify.resolvers import Resolver, global_id, line_bag, order_bag, refund_line_bag

WEB = {"displayName": "Online Store", "handle": "web"}


def offset(shop: Any) -> str:
    return datetime.now(shop.zone).strftime("%z")


def offset_minutes(shop: Any) -> int:
    difference = datetime.now(shop.zone).utcoffset()
    return int(difference.total_seconds() // 60) if difference else 0


FIELDS: dict[str, dict[str, Resolver]] = {
    "QueryRoot": {
        "currentAppInstallation": lambda _root, info: info.context,
        "customer": answer.customer,
        "customers": answer.customers,
        "customersCount": answer.customers_count,
        "node": answer.node,
        "nodes": answer.nodes,
        "order": answer.order,
        "orders": answer.orders,
        "ordersCount": answer.orders_count,
        "publicApiVersions": lambda _root, _info: [
            {"handle": version, "displayName": version, "supported": True} for version in answer.SUPPORTED_VERSIONS
        ],
        "shop": lambda _root, info: info.context.shop,
        "webhookSubscription": mutations.one,
        "webhookSubscriptions": mutations.listed,
    },
    "Mutation": {
        "webhookSubscriptionCreate": mutations.create,
        "webhookSubscriptionDelete": mutations.delete,
        "webhookSubscriptionUpdate": mutations.update,
    },
    "App": {
        "apiKey": lambda app, _info: app.client_id,
        "id": lambda app, _info: gid("App", int.from_bytes(app.client_id.encode()[:5])),
    },
    "AppInstallation": {
        "accessScopes": lambda context, _info: [
            {"handle": scope, "description": scope.replace("_", " ").capitalize()}
            for scope in sorted(context.access.scopes)
        ],
        "app": lambda context, _info: context.app,
        "id": lambda context, _info: gid("AppInstallation", context.shop.id),
    },
    "Customer": {
        "amountSpent": lambda customer, info: answer.money(info.context.shop, info.context.shop.spent(customer)),
        "defaultEmailAddress": lambda customer, _info: (
            customer.email and {"emailAddress": customer.email, "marketingState": "NOT_SUBSCRIBED", "validFormat": True}
        ),
        "defaultPhoneNumber": lambda customer, _info: customer.phone and {"phoneNumber": customer.phone},
        "id": global_id("Customer"),
        "lastOrder": answer.last_order,
        "legacyResourceId": answer.legacy_id,
        "locale": lambda _customer, _info: "en",
        "numberOfOrders": lambda customer, _info: str(len(customer.order_ids)),
        "orders": answer.customer_orders,
        "taxExempt": lambda _customer, _info: False,
        "verifiedEmail": lambda customer, _info: customer.email is not None,
    },
    "LineItem": {
        "discountedTotalSet": line_bag(lambda line: line.net_total),
        "discountedUnitPriceAfterAllDiscountsSet": line_bag(lambda line: line.net_total // (line.quantity or 1)),
        "discountedUnitPriceSet": line_bag(lambda line: line.net_total // (line.quantity or 1)),
        "id": global_id("LineItem"),
        "isGiftCard": lambda _line, _info: False,
        "originalTotalSet": line_bag(lambda line: line.original_total),
        "originalUnitPriceSet": line_bag(lambda line: line.unit_price),
        "refundableQuantity": lambda line, _info: line.current_quantity,
        "requiresShipping": lambda _line, _info: True,
        "sku": lambda line, _info: line.product.sku,
        "taxable": lambda line, _info: line.tax > 0,
        "title": lambda line, _info: line.product.title,
        "totalDiscountSet": line_bag(lambda line: line.discount),
        "variant": lambda line, _info: answer.ProductVariant(line.product),
        "variantTitle": lambda _line, _info: None,
        "vendor": lambda line, _info: line.product.vendor,
    },
    "Order": {
        "app": lambda _order, _info: {"id": gid("App", 580111), "name": "Online Store"},
        "attribution": lambda order, _info: WEB if order.source_name == "web" else None,
        "closed": lambda order, _info: order.closed_at is not None,
        "confirmed": lambda _order, _info: True,
        "currencyCode": lambda _order, info: info.context.shop.currency,
        "currentShippingPriceSet": order_bag(lambda order: order.shipping),
        "currentSubtotalLineItemsQuantity": lambda order, _info: sum(line.current_quantity for line in order.lines),
        "currentSubtotalPriceSet": order_bag(lambda order: order.current_subtotal),
        "currentTotalDiscountsSet": order_bag(lambda order: order.current_discounts),
        "currentTotalPriceSet": order_bag(lambda order: order.current_total),
        "currentTotalTaxSet": order_bag(lambda order: order.current_tax),
        "discountCodes": lambda _order, _info: [],
        "displayFinancialStatus": lambda order, _info: order.financial_status,
        "displayFulfillmentStatus": lambda order, _info: order.fulfillment_status,
        "email": lambda order, _info: order.customer and order.customer.email,
        "fullyPaid": lambda order, _info: order.financial_status != "VOIDED",
        "id": global_id("Order"),
        "legacyResourceId": answer.legacy_id,
        "lineItems": lambda order, _info, **arguments: list_connection(order.lines, answer.window(arguments)),
        "netPaymentSet": order_bag(lambda order: order.received - order.refunded),
        "originalTotalPriceSet": order_bag(lambda order: order.original_total),
        "paymentGatewayNames": lambda order, _info: ["bogus"] if order.test else ["shopify_payments"],
        "presentmentCurrencyCode": lambda order, info: (
            order.presentment.currency if order.presentment else info.context.shop.currency
        ),
        "refundDiscrepancySet": order_bag(lambda order: order.adjustments),
        "refundable": lambda order, _info: order.current_total > 0 and not order.cancelled_at,
        "refunds": lambda order, _info, first=None: order.refunds[:first],
        "returnStatus": lambda order, _info: "RETURNED" if order.refunds else "NO_RETURN",
        "sourceIdentifier": lambda _order, _info: None,
        "subtotalLineItemsQuantity": lambda order, _info: sum(line.ordered_quantity for line in order.lines),
        "subtotalPriceSet": order_bag(lambda order: order.subtotal),
        "totalDiscountsSet": order_bag(lambda order: order.discounts),
        "totalOutstandingSet": order_bag(lambda order: max(0, order.total - order.received)),
        "totalPriceSet": order_bag(lambda order: order.total),
        "totalReceivedSet": order_bag(lambda order: order.received),
        "totalRefundedSet": order_bag(lambda order: order.refunded),
        "totalRefundedShippingSet": order_bag(lambda _order: 0),
        "totalShippingPriceSet": order_bag(lambda order: order.shipping),
        "totalTaxSet": order_bag(lambda order: order.tax),
        "totalTipReceivedSet": order_bag(lambda _order: 0),
        "unpaid": lambda order, _info: order.total > order.received,
    },
    "Product": {"id": global_id("Product"), "legacyResourceId": answer.legacy_id},
    "ProductVariant": {
        "id": lambda variant, _info: gid("ProductVariant", variant.product.variant_id),
        "legacyResourceId": lambda variant, _info: str(variant.product.variant_id),
        "sku": lambda variant, _info: variant.product.sku,
        "title": lambda _variant, _info: "Default Title",
    },
    "Refund": {
        "id": global_id("Refund"),
        "legacyResourceId": answer.legacy_id,
        "processedAt": lambda refund, _info: refund.created_at,
        "refundLineItems": lambda refund, _info, **arguments: list_connection(refund.lines, answer.window(arguments)),
        "totalRefundedSet": answer.refund_total,
        "updatedAt": lambda refund, _info: refund.created_at,
    },
    "RefundLineItem": {
        "id": global_id("RefundLineItem"),
        "lineItem": lambda refunded, _info: refunded.line,
        "priceSet": refund_line_bag(lambda refunded: refunded.line.unit_price),
        "restocked": lambda refunded, _info: refunded.restock_type == "RETURN",
        "subtotalSet": refund_line_bag(lambda refunded: refunded.subtotal),
        "totalTaxSet": refund_line_bag(lambda refunded: refunded.tax),
    },
    "Shop": {
        "contactEmail": lambda shop, _info: shop.settings.email,
        "currencyCode": lambda shop, _info: shop.currency,
        "email": lambda shop, _info: shop.settings.email,
        "enabledPresentmentCurrencies": lambda shop, _info: [shop.currency],
        "ianaTimezone": lambda shop, _info: shop.settings.time_zone,
        "id": global_id("Shop"),
        "myshopifyDomain": lambda shop, _info: shop.domain,
        "name": lambda shop, _info: shop.settings.name,
        "orderNumberFormatPrefix": lambda _shop, _info: "#",
        "plan": lambda _shop, _info: {
            "publicDisplayName": "Advanced",
            "partnerDevelopment": False,
            "shopifyPlus": False,
        },
        "shopOwnerName": lambda _shop, _info: "Practice Owner",
        "taxesIncluded": lambda shop, _info: shop.settings.taxes_included,
        "timezoneAbbreviation": lambda shop, _info: datetime.now(shop.zone).strftime("%Z"),
        "timezoneOffset": lambda shop, _info: offset(shop),
        "timezoneOffsetMinutes": lambda shop, _info: offset_minutes(shop),
        "updatedAt": lambda shop, _info: shop.created_at,
        "url": lambda shop, _info: f"https://{shop.domain}",
    },
    "WebhookSubscription": {
        "apiVersion": mutations.api_version,
        "id": global_id("WebhookSubscription"),
        "legacyResourceId": answer.legacy_id,
    },
}
