"""Orders with all their lines and refunds."""

from collections.abc import Mapping
from typing import Any

from connectors.shopify.fields import Fields
from connectors.shopify.queries import (
    FULL_PAGE,
    OLDEST_ORDER,
    ORDER_BY_ID,
    ORDER_LINES_REST,
    ORDER_REFUNDS_ALL,
    ORDERS,
    REFUND_LINES_REST,
    REFUNDS,
    Document,
)
from connectors.shopify.shops import may
from connectors.shopify.streams import PagedStream
from domain.ports.errors import AnswerUnusable, ScopeMissing
from domain.ports.provider import Account

ALL_ORDERS = "read_all_orders"
# 250 a page: an order of more lines than this would take longer to read than a page may.
MAX_PAGES = 40


class OrderStream(PagedStream):
    """Without `read_all_orders` Shopify shows the last 60 days only, and hides the rest as if it were not there."""

    name = "orders"
    kind = "Order"
    listing = ORDERS
    single = ORDER_BY_ID

    def _extra(self, account: Account) -> dict[str, Any]:
        """Products are a convenience: an app that does not ask for them still reads orders."""
        return {"products": may(account.app, "read_products")}

    async def _whole(self, account: Account, node: Fields) -> Fields:
        """Cursors of inner lists are left out of what is kept: they say nothing about the order."""
        identity = {"id": node.text("id")}
        lines = await self._all_nodes(
            account, node.child("lineItems"), ORDER_LINES_REST, identity | self._extra(account), "order", "lineItems"
        )
        refunds = [await self._whole_refund(account, refund) for refund in await self._refunds(account, node)]
        parts = {"lineItems": {"nodes": lines}, "refunds": refunds}
        return Fields({**node.values, **parts}, node.path)

    async def _refunds(self, account: Account, node: Fields) -> list[Fields]:
        """A plain list cut off at its size: a full one may be a cut one."""
        refunds = node.children("refunds")
        if len(refunds) < REFUNDS:
            return refunds
        data = await self._client.query(account, ORDER_REFUNDS_ALL, {"id": node.text("id")})
        refunds = data.child("order").children("refunds")
        if len(refunds) >= FULL_PAGE:
            raise AnswerUnusable(f"{node.path} has more refunds than Shopify hands out", code="PARTIAL_ANSWER")
        return refunds

    async def _whole_refund(self, account: Account, refund: Fields) -> Mapping[str, Any]:
        lines = await self._all_nodes(
            account,
            refund.child("refundLineItems"),
            REFUND_LINES_REST,
            {"id": refund.text("id")},
            "node",
            "refundLineItems",
        )
        return {**refund.values, "refundLineItems": {"nodes": lines}}

    async def _all_nodes(
        self, account: Account, connection: Fields, rest: Document, variables: dict[str, Any], *path: str
    ) -> list[Mapping[str, Any]]:
        """Raises PARTIAL_ANSWER when the owner of the list has gone meanwhile; the page is then read again."""
        nodes = [node.values for node in connection.children("nodes")]
        for _ in range(MAX_PAGES):
            page = connection.child("pageInfo")
            if not page.flag("hasNextPage"):
                return nodes
            data = await self._client.query(account, rest, {**variables, "after": page.text("endCursor")})
            for name in path:
                if not data.has(name):
                    raise AnswerUnusable(f"{connection.path} ended before its end", code="PARTIAL_ANSWER")
                data = data.child(name)
            connection = data
            nodes += [node.values for node in connection.children("nodes")]
        raise AnswerUnusable(f"{connection.path} does not end", code="PARTIAL_ANSWER")

    async def _prove_gone(self, account: Account, external_id: str) -> None:
        """An order older than what the consent shows is hidden, not deleted: a tombstone would take back revenue."""
        if ALL_ORDERS in account.app.scopes:
            return
        data = await self._client.query(account, OLDEST_ORDER)
        shown = [int(order.text("legacyResourceId")) for order in data.child("orders").children("nodes")]
        if not shown or int(external_id) < min(shown):
            raise ScopeMissing(f"order {external_id} may be older than the consent shows", scopes=(ALL_ORDERS,))
