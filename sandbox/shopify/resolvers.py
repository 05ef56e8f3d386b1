"""Answers for the fields that are not simply an attribute of a record."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.shopify.access import TYPE_SCOPES
from sandbox.shopify.connections import Connection, Window, page
from sandbox.shopify.context import Info, RequestContext
from sandbox.shopify.ids import gid, parse_gid, parse_gid_of
from sandbox.shopify.index import Index
from sandbox.shopify.money import convert, graphql_amount
from sandbox.shopify.records import Customer, LineItem, Order, Product, Refund, RefundLine
from sandbox.shopify.search import SearchField, Test, parse
from sandbox.shopify.store import ORDER_KEYS, ORDER_LAZY_KEYS, Shop, now

Resolver = Callable[..., Any]
SUPPORTED_VERSIONS = ("2026-01", "2026-04", "2026-07", "2026-10")
SERVED_VERSION = "2026-10"


@dataclass(frozen=True, slots=True)
class ProductVariant:
    product: Product


def text_of(order: Order) -> str:
    customer = order.customer
    return f"{order.name} {customer.display_name} {customer.email}" if customer else order.name


def order_status(order: Order) -> str:
    return "cancelled" if order.cancelled_at else "closed" if order.closed_at else "open"


ORDER_SEARCH = {
    "created_at": SearchField("time", lambda order: order.created_at),
    "customer_id": SearchField("number", lambda order: order.customer.id if order.customer else 0),
    "email": SearchField("text", lambda order: order.customer and order.customer.email),
    "financial_status": SearchField("text", lambda order: order.financial_status),
    "fulfillment_status": SearchField("text", lambda order: order.fulfillment_status),
    "id": SearchField("number", lambda order: order.id),
    "name": SearchField("text", lambda order: order.name),
    "processed_at": SearchField("time", lambda order: order.processed_at),
    "sku": SearchField("tags", lambda order: [line.product.sku for line in order.lines]),
    "status": SearchField("text", order_status),
    "tag": SearchField("tags", lambda order: order.tags),
    "test": SearchField("boolean", lambda order: order.test),
    "updated_at": SearchField("time", lambda order: order.updated_at),
}
CUSTOMER_SEARCH = {
    "customer_date": SearchField("time", lambda customer: customer.created_at),
    "email": SearchField("text", lambda customer: customer.email),
    "first_name": SearchField("text", lambda customer: customer.first_name),
    "id": SearchField("number", lambda customer: customer.id),
    "last_name": SearchField("text", lambda customer: customer.last_name),
    "orders_count": SearchField("number", lambda customer: len(customer.order_ids)),
    "phone": SearchField("text", lambda customer: customer.phone),
    "state": SearchField("text", lambda customer: customer.state),
    "tag": SearchField("tags", lambda customer: customer.tags),
    "updated_at": SearchField("day", lambda customer: customer.updated_at),
}


def found(info: Info, query: str | None, fields: dict[str, SearchField]) -> Test:
    context = info.context
    search = parse(query, fields, context.shop.zone)
    if search.warnings:
        context.searches.append({"path": info.path.as_list(), "query": query, "warnings": search.warnings})
    return search.test


def settled(records: Index[Any], lag: float, test: Test) -> Test:
    """Lists and counts come from a search index, which may lag behind what a read by id shows."""
    hidden = records.unsettled(lag)
    return (lambda record: record.id not in hidden and test(record)) if hidden else test


def visible(context: RequestContext, test: Test) -> Test:
    """Without read_all_orders an app sees the last sixty days only."""
    oldest = context.access.oldest_order(now())
    if oldest is None:
        return test
    return lambda order: order.created_at >= oldest and test(order)


def listed_orders(info: Info, query: str | None) -> Test:
    shop = info.context.shop
    return settled(shop.orders, shop.index_lag, visible(info.context, found(info, query, ORDER_SEARCH)))


def listed_customers(info: Info, query: str | None) -> Test:
    shop = info.context.shop
    return settled(shop.customers, shop.index_lag, found(info, query, CUSTOMER_SEARCH))


def window(arguments: dict[str, Any]) -> Window:
    names = ("first", "last", "after", "before", "reverse")
    return Window(**{name: arguments[name] for name in names if name in arguments})


def orders(_root: Any, info: Info, *, query: str | None = None, **arguments: Any) -> Connection:
    context = info.context
    test = listed_orders(info, query)
    return page(context.shop.orders, arguments["sortKey"], window(arguments), test, depth_limit=context.depth_limit)


def customers(_root: Any, info: Info, *, query: str | None = None, **arguments: Any) -> Connection:
    context = info.context
    test = listed_customers(info, query)
    return page(context.shop.customers, arguments["sortKey"], window(arguments), test, depth_limit=context.depth_limit)


def customer_orders(customer: Customer, info: Info, **arguments: Any) -> Connection:
    context, sort_key = info.context, arguments["sortKey"]
    own: Index[Order] = Index({sort_key: (ORDER_KEYS | ORDER_LAZY_KEYS)[sort_key]}, {})
    own.load(context.shop.orders.records[identity] for identity in customer.order_ids)
    test = visible(context, found(info, arguments.get("query"), ORDER_SEARCH))
    return page(own, sort_key, window(arguments), test, depth_limit=context.depth_limit)


def last_order(customer: Customer, info: Info) -> Order | None:
    identity = max(customer.order_ids, default=None)
    return order_by_id(info.context, identity) if identity else None


def counted(records: Index[Any], test: Test, limit: int | None) -> dict[str, Any]:
    total = sum(map(test, records.records.values()))
    if limit is not None and total > limit:
        return {"count": limit, "precision": "AT_LEAST"}
    return {"count": total, "precision": "EXACT"}


def orders_count(_root: Any, info: Info, *, limit: int | None = None, query: str | None = None) -> Any:
    return counted(info.context.shop.orders, listed_orders(info, query), limit)


def customers_count(_root: Any, info: Info, *, limit: int | None = None, query: str | None = None) -> Any:
    return counted(info.context.shop.customers, listed_customers(info, query), limit)


def order_by_id(context: RequestContext, identity: int) -> Order | None:
    order = context.shop.orders.records.get(identity)
    return order if order is not None and visible(context, lambda _order: True)(order) else None


def order(_root: Any, info: Info, *, id: str) -> Order | None:
    return order_by_id(info.context, parse_gid_of("Order", id))


def customer(_root: Any, info: Info, *, id: str) -> Customer | None:
    return info.context.shop.customers.records.get(parse_gid_of("Customer", id))


def lookup(info: Info, gid_text: str) -> Any | None:
    """A global id opens no door that its type keeps shut."""
    kind, identity = parse_gid(gid_text)
    context = info.context
    if kind in TYPE_SCOPES:
        context.access.check(TYPE_SCOPES[kind], kind, info.field_name)
    shop = context.shop
    finders: dict[str, Callable[[int], Any | None]] = {
        "Order": lambda number: order_by_id(context, number),
        "Customer": shop.customers.records.get,
        "Shop": lambda number: shop if number == shop.id else None,
        "WebhookSubscription": context.subscriptions.find,
        "Product": lambda number: next((one for one in shop.products.values() if one.id == number), None),
        "ProductVariant": lambda number: next(
            (ProductVariant(one) for one in shop.products.values() if one.variant_id == number), None
        ),
        "LineItem": lambda number: next(
            (line for one in shop.orders.records.values() for line in one.lines if line.id == number), None
        ),
        "Refund": lambda number: next(
            (refund for one in shop.orders.records.values() for refund in one.refunds if refund.id == number), None
        ),
    }
    return finders[kind](identity) if kind in finders else None


def node(_root: Any, info: Info, *, id: str) -> Any | None:
    return lookup(info, id)


def nodes(_root: Any, info: Info, *, ids: list[str]) -> list[Any | None]:
    return [lookup(info, one) for one in ids]


def money(shop: Shop, minor: int) -> dict[str, str]:
    return {"amount": graphql_amount(minor, shop.currency), "currencyCode": shop.currency}


def bag(shop: Shop, order: Order, minor: int) -> dict[str, Any]:
    in_shop = money(shop, minor)
    if order.presentment is None:
        return {"shopMoney": in_shop, "presentmentMoney": in_shop}
    paid = convert(minor, shop.currency, order.presentment)
    currency = order.presentment.currency
    return {
        "shopMoney": in_shop,
        "presentmentMoney": {"amount": graphql_amount(paid, currency), "currencyCode": currency},
    }


def order_bag(minor: Callable[[Order], int]) -> Resolver:
    return lambda order, info: bag(info.context.shop, order, minor(order))


def line_bag(minor: Callable[[LineItem], int]) -> Resolver:
    return lambda line, info, **_arguments: bag(info.context.shop, line.order, minor(line))


def refund_line_bag(minor: Callable[[RefundLine], int]) -> Resolver:
    return lambda refunded, info: bag(info.context.shop, refunded.line.order, minor(refunded))


def refund_total(refund: Refund, info: Info) -> dict[str, Any]:
    return bag(info.context.shop, refund.order, refund.total)


def global_id(kind: str) -> Resolver:
    return lambda record, _info: gid(kind, record.id)


def legacy_id(record: Any, _info: Info) -> str:
    return str(record.id)


def instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
