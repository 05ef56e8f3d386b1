"""The little of the house a connector needs: it keeps tokens and cursors, and asks page by page."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.ports.provider import Account, AppCredentials, Cursor, Page, Provider, Stream, TokenSet
from domain.ports.records import CustomerRecord, OrderRecord, SourceItem
from tests.sandbox.client import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, SCOPES, Desk, Store

# Far enough back that none of the panel's orders lies within an overlap or the present day of any zone.
LAST_DAY = datetime.now(UTC).date() - timedelta(days=3)


def utcnow() -> datetime:
    return datetime.now(UTC)


def credentials(desk: Desk, scopes: tuple[str, ...] = SCOPES, secret: str = CLIENT_SECRET) -> AppCredentials:
    return AppCredentials(CLIENT_ID, secret, scopes, f"{desk.url}/shops/{{shop}}")


async def consented(provider: Provider, store: Store, scopes: tuple[str, ...] = SCOPES) -> TokenSet:
    """The merchant says yes on the practice consent page; the rest is the connector's."""
    app = credentials(store.desk, scopes)
    query = list(store.consent(scopes, state="st4te").items())
    consent = provider.oauth.verify_callback(app, query, now=utcnow())
    assert (consent.account, consent.state) == (store.domain, "st4te")
    return await provider.oauth.exchange(app, consent.account, consent.code, now=utcnow())


@dataclass
class Keeper:
    """A TokenSource that refreshes for real."""

    provider: Provider
    app: AppCredentials
    account: str
    tokens: TokenSet
    renewals: int = 0

    async def current(self) -> str:
        return self.tokens.access_token

    async def renewed(self, rejected: str) -> str:
        assert rejected == self.tokens.access_token
        assert self.tokens.refresh_token is not None
        self.renewals += 1
        self.tokens = await self.provider.oauth.refresh(self.app, self.account, self.tokens.refresh_token, now=utcnow())
        return self.tokens.access_token


@dataclass
class Installed:
    """A practice shop with the connector's app in it."""

    store: Store
    provider: Provider
    keeper: Keeper

    @classmethod
    async def into(cls, store: Store, provider: Provider, scopes: tuple[str, ...] = SCOPES) -> "Installed":
        tokens = await consented(provider, store, scopes)
        return cls(store, provider, Keeper(provider, credentials(store.desk, scopes), store.domain, tokens))

    @property
    def account(self) -> Account:
        return Account(self.keeper.app, self.store.domain, self.keeper)

    async def pages(self, stream: Stream, cursor: Cursor | None = None) -> AsyncIterator[Page]:
        """One pass. Every cursor goes through JSON, as it does on its way into the database."""
        cursor = stream.opening() if cursor is None else cursor
        while True:
            page = await stream.fetch(self.account, json.loads(json.dumps(cursor)), now=utcnow())
            yield page
            cursor = page.cursor
            if page.done:
                return

    async def whole(self, stream: Stream, cursor: Cursor | None = None) -> tuple[list[SourceItem], Cursor]:
        items: list[SourceItem] = []
        async for page in self.pages(stream, cursor):
            items += page.items
            cursor = page.cursor
        assert cursor is not None
        return items, cursor

    async def ids(self, name: str, cursor: Cursor | None = None) -> list[int]:
        items, _ = await self.whole(self.provider.stream(name), cursor)
        return [int(item.external_id) for item in items]

    async def order(self, number: int) -> OrderRecord:
        item = await self.provider.stream("orders").fetch_one(self.account, str(number), now=utcnow())
        record = self.provider.mapping.record(item)
        assert isinstance(record, OrderRecord)
        return record

    def orders(self, items: list[SourceItem]) -> list[OrderRecord]:
        records = [self.provider.mapping.record(item) for item in items]
        return [record for record in records if isinstance(record, OrderRecord)]

    def customers(self, items: list[SourceItem]) -> list[CustomerRecord]:
        records = [self.provider.mapping.record(item) for item in items]
        return [record for record in records if isinstance(record, CustomerRecord)]

    def fault(self, kind: str, *, endpoint: str = "graphql", times: int = 1, seconds: float = 0.2) -> None:
        self.store.control("POST", "/faults", {"endpoint": endpoint, "kind": kind, "times": times, "seconds": seconds})

    def requests(self, name: str = "graphql") -> int:
        return int(self.store.control("GET", "/counters").get(name, 0))


__all__ = [
    "LAST_DAY",
    "REDIRECT_URI",
    "SCOPES",
    "Desk",
    "Installed",
    "Keeper",
    "Store",
    "consented",
    "credentials",
    "utcnow",
]
