"""Reads a shop: the account itself, its customers, its orders."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from connectors.shopify.client import ShopifyClient
from connectors.shopify.cursor import BACKFILL, INCREMENT, deeper, parse
from connectors.shopify.cursor import Cursor as Position
from connectors.shopify.fields import Fields
from connectors.shopify.queries import CUSTOMER_BY_ID, CUSTOMERS, SHOP, Document
from domain.ports.errors import AnswerUnusable
from domain.ports.provider import Account, Cursor, Page
from domain.ports.records import SourceItem

# Shopify ends the walk along one connection here.
DEPTH = 25_000


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a stream looks. `overlap` is read again by each increment and `lag` left for the next one, because
    the search index trails what was written; both are safe, since a record read twice is kept once."""

    overlap: timedelta
    lag: timedelta
    page_size: int
    depth: int = DEPTH


def source_item(stream: str, external_id: str, node: Fields) -> SourceItem:
    payload = orjson.dumps(node.values, option=orjson.OPT_SORT_KEYS)
    return SourceItem(stream, external_id, node.instant("updatedAt"), payload)


def global_id(kind: str, external_id: str) -> str:
    if not (external_id.isascii() and external_id.isdigit()):
        raise AnswerUnusable(f"{external_id!r} is not the number of a {kind}")
    return f"gid://shopify/{kind}/{external_id}"


class ShopStream:
    """One record, read whole each time."""

    name = "shop"

    def __init__(self, client: ShopifyClient) -> None:
        self._client = client

    def opening(self) -> Cursor:
        return {"phase": BACKFILL}

    async def fetch(self, account: Account, cursor: Cursor, *, now: datetime) -> Page:
        item = await self._read(account)
        return Page(items=[item], cursor={"phase": INCREMENT}, done=True, expected=1)

    async def fetch_one(self, account: Account, external_id: str, *, now: datetime) -> SourceItem:
        item = await self._read(account)
        if item.external_id != external_id:
            raise AnswerUnusable(f"shop {item.external_id} answered for shop {external_id}")
        return item

    async def _read(self, account: Account) -> SourceItem:
        shop = (await self._client.query(account, SHOP)).child("shop")
        return source_item(self.name, shop.number_of("id"), shop)


class PagedStream:
    """Walks a connection: a first pass by id, then passes over what has changed, by time of change.

    By id the first pass is stable: what changes or is new while it runs cannot move behind the walker.
    """

    name: str
    kind: str
    listing: Document
    single: Document

    def __init__(self, client: ShopifyClient, reach: Reach) -> None:
        self._client = client
        self._reach = reach

    def opening(self) -> Cursor:
        return Position(phase=BACKFILL, above=0).to_json()

    async def fetch(self, account: Account, cursor: Cursor, *, now: datetime) -> Page:
        position = self._begun(parse(cursor), now)
        data = await self._client.query(account, self.listing, self._variables(account, position))
        connection = data.child(self.name)
        nodes = [await self._whole(account, node) for node in connection.children("nodes")]
        items = [source_item(self.name, node.text("legacyResourceId"), node) for node in nodes]
        position = self._marked(position, items)
        expected = exact_count(data, f"{self.name}Count") if position.phase == BACKFILL else None
        page = connection.child("pageInfo")
        if not page.flag("hasNextPage"):
            return Page(items, position.next_increment().to_json(), done=True, expected=expected)
        after = page.text("endCursor")
        if after == position.after:
            raise AnswerUnusable(f"{connection.path} goes on without going forward")
        following = deeper(
            position,
            after=after,
            count=len(items),
            last_id=int(items[-1].external_id) if items else position.above or 0,
            depth=self._reach.depth,
            page_size=self._reach.page_size,
        )
        return Page(items, following.to_json(), done=False, expected=expected)

    async def fetch_one(self, account: Account, external_id: str, *, now: datetime) -> SourceItem:
        variables = {"id": global_id(self.kind, external_id), **self._extra(account)}
        data = await self._client.query(account, self.single, variables)
        node = data.optional_child(self.kind.lower())
        if node is None:
            await self._prove_gone(account, external_id)
            return SourceItem(self.name, external_id, version=now, payload=None, deleted=True)
        return source_item(self.name, node.text("legacyResourceId"), await self._whole(account, node))

    def _begun(self, position: Position, now: datetime) -> Position:
        """At the first page of a pass its bounds are fixed, once for all its pages."""
        edge = now - self._reach.lag
        if position.phase == BACKFILL:
            return position if position.mark else replace(position, mark=edge)
        return position if position.upper else replace(position, upper=edge)

    def _marked(self, position: Position, items: Sequence[SourceItem]) -> Position:
        """Only an increment moves the mark, and never past its window: what is later may still have gaps."""
        if position.phase == BACKFILL or position.upper is None:
            return position
        seen = [item.version for item in items if item.version <= position.upper]
        return replace(position, mark=max([*seen, *([position.mark] if position.mark else [])], default=None))

    def _variables(self, account: Account, position: Position) -> dict[str, Any]:
        counting = position.phase == BACKFILL and position.at_start
        return {
            "first": self._reach.page_size,
            "after": position.after,
            "query": " AND ".join(self._terms(position)) or None,
            "sortKey": "UPDATED_AT" if position.above is None else "ID",
            "count": counting,
            **self._extra(account),
        }

    def _terms(self, position: Position) -> list[str]:
        terms = [f"id:>{position.above}"] if position.above else []
        if position.since is not None and position.upper is not None:
            terms += self._window(position.since - self._reach.overlap, position.upper)
        return terms

    def _window(self, since: datetime, upper: datetime) -> list[str]:
        return [f"updated_at:>='{since:%Y-%m-%dT%H:%M:%SZ}'", f"updated_at:<='{upper:%Y-%m-%dT%H:%M:%SZ}'"]

    def _extra(self, account: Account) -> dict[str, Any]:
        """Variables that this stream's documents take besides."""
        return {}

    async def _whole(self, account: Account, node: Fields) -> Fields:
        """The record with all its parts: an inner list may go on beyond what came with it."""
        return node

    async def _prove_gone(self, account: Account, external_id: str) -> None:
        """Raises when a record that was not found may exist all the same."""


def exact_count(data: Fields, name: str) -> int | None:
    if not data.has(name):
        return None
    count = data.child(name)
    return count.whole("count") if count.text("precision") == "EXACT" else None


class CustomerStream(PagedStream):
    name = "customers"
    kind = "Customer"
    listing = CUSTOMERS
    single = CUSTOMER_BY_ID

    def _window(self, since: datetime, upper: datetime) -> list[str]:
        """Shopify compares customers by whole days, of which zone is not said: half a day earlier, `since` lies
        inside the day named in every zone there is. There is no upper bound a day could express."""
        return [f"updated_at:>='{since - timedelta(hours=12):%Y-%m-%d}'"]
