"""What a provider folder implements. Everything it may know of the house stands in `domain.ports`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from domain.ports.records import Record, SourceItem

Cursor = Mapping[str, Any]
"""JSON-able; opaque to all but the stream that made it."""


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """Our registration at the provider. `base_url` is a template such as `https://{shop}`."""

    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...]
    base_url: str


@dataclass(frozen=True, slots=True)
class TokenSet:
    access_token: str = field(repr=False)
    access_expires_at: datetime | None
    refresh_token: str | None = field(repr=False)
    refresh_expires_at: datetime | None
    scopes: tuple[str, ...]


class TokenSource(Protocol):
    """Hands out the access token of one connection; refreshing is single-flight over all processes."""

    async def current(self) -> str: ...

    async def renewed(self, rejected: str) -> str:
        """A token other than `rejected`. Raises ReauthRequired when there can be none."""
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """One connected account: which app speaks for whom, with whose token."""

    app: AppCredentials
    name: str
    tokens: TokenSource


@dataclass(frozen=True, slots=True)
class Page:
    """A whole page, or none at all: a partial answer is an AnswerUnusable, never a Page.

    `cursor` continues after this page. `done` says the pass is over; `cursor` then opens the next increment.
    `expected` is the provider's own count for the whole pass, where it tells one.
    """

    items: Sequence[SourceItem]
    cursor: Cursor
    done: bool
    expected: int | None = None


class Stream(Protocol):
    name: str

    def opening(self) -> Cursor:
        """The cursor of a first backfill."""
        ...

    async def fetch(self, account: Account, cursor: Cursor, *, now: datetime) -> Page: ...

    async def fetch_one(self, account: Account, external_id: str, *, now: datetime) -> SourceItem:
        """The record as it stands; a deletion when the provider has it no more."""
        ...


@dataclass(frozen=True, slots=True)
class Consent:
    """A callback that passed every check but the state, which only the house knows."""

    account: str
    code: str
    state: str


class OAuth(Protocol):
    def account_name(self, text: str) -> str:
        """The canonical account name. Raises ValueError with words for the user."""
        ...

    def authorize_url(self, app: AppCredentials, account: str, *, state: str, redirect_uri: str) -> str: ...

    def state_of(self, query: Sequence[tuple[str, str]]) -> str:
        """The state a callback names, before anything is believed. Raises ConsentRefused when there is none."""
        ...

    def verify_callback(self, app: AppCredentials, query: Sequence[tuple[str, str]], *, now: datetime) -> Consent:
        """Raises ConsentRefused."""
        ...

    async def exchange(self, app: AppCredentials, account: str, code: str, *, now: datetime) -> TokenSet: ...

    async def refresh(self, app: AppCredentials, account: str, refresh_token: str, *, now: datetime) -> TokenSet:
        """Raises ReauthRequired when the provider says the token is dead."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook whose signature holds. `delivery_id` is the same on every retry."""

    account: str
    topic: str
    delivery_id: str
    event_id: str | None
    triggered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Hint:
    """What a delivery is about: which record to read again. `uninstalled` says the consent is gone."""

    stream: str | None = None
    external_id: str | None = None
    version: datetime | None = None
    deleted: bool = False
    uninstalled: bool = False


class Webhooks(Protocol):
    def verify(self, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, *, now: datetime) -> Delivery:
        """On the raw bytes, before anything is parsed. Raises SignatureRefused."""
        ...

    def hint(self, topic: str, body: bytes) -> Hint: ...

    async def subscribe(self, account: Account, *, callback_url: str) -> None:
        """Makes the wanted subscriptions exist at the provider; idempotent."""
        ...


class MappingRules(Protocol):
    def record(self, item: SourceItem) -> Record | None:
        """Our words for the provider's; None for a deletion. Raises AnswerUnusable for a payload it cannot read."""
        ...


@dataclass(frozen=True, slots=True)
class Provider:
    """Everything about one provider, put together by the wiring. Streams are in the order they are first read."""

    name: str
    oauth: OAuth
    streams: tuple[Stream, ...]
    webhooks: Webhooks
    mapping: MappingRules

    def stream(self, name: str) -> Stream:
        return next(stream for stream in self.streams if stream.name == name)
