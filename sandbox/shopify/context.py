"""What a resolver may reach during one request."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from graphql import GraphQLResolveInfo

from sandbox.shopify.access import Access
from sandbox.shopify.store import Shop


@dataclass(frozen=True, slots=True)
class App:
    """A registered app. `approved` is Shopify's approval to read protected customer data."""

    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...]
    title: str = "Practice app"
    approved: bool = True
    privacy_uri: str | None = None


class Subscriptions(Protocol):
    """The webhook subscriptions of one app in one shop."""

    def listed(self) -> list[Any]: ...
    def find(self, identity: int) -> Any | None: ...
    def create(self, topic: str, values: dict[str, Any]) -> Any: ...
    def update(self, identity: int, values: dict[str, Any]) -> Any: ...
    def delete(self, identity: int) -> bool: ...


@dataclass(slots=True)
class RequestContext:
    shop: Shop
    app: App
    access: Access
    subscriptions: Subscriptions
    depth_limit: int
    searches: list[dict[str, Any]] = field(default_factory=list)


Info = GraphQLResolveInfo[RequestContext]
