"""How this practice Shopify behaves."""

from dataclasses import dataclass, field
from datetime import date

from sandbox.shopify.context import App
from sandbox.shopify.store import ShopSettings

DAY = 24 * 60 * 60
# Eight retries within four hours.
RETRY_SCHEDULE = (10.0, 30.0, 120.0, 600.0, 1200.0, 2400.0, 3600.0, 6000.0)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Seconds. `reuse` bounds how long a refresh token still works after its first use."""

    code: float = 60
    access: float = 60 * 60
    refresh: float = 90 * DAY
    reuse: float = 30 * DAY


@dataclass(frozen=True, slots=True)
class Limits:
    """`depth` is how many objects one connection can be paged through."""

    bucket: int = 4000
    restore_rate: int = 200
    query_cost: int = 1000
    depth: int = 25_000


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    connect_seconds: float = 1.0
    total_seconds: float = 5.0
    retry_schedule: tuple[float, ...] = RETRY_SCHEDULE


@dataclass(frozen=True, slots=True)
class ShopifySettings:
    """`last_day` None means yesterday in each shop's own zone."""

    shops: tuple[ShopSettings, ...] = (ShopSettings("first-light.myshopify.com"),)
    apps: tuple[App, ...] = ()
    last_day: date | None = None
    first_customer: int = 1
    last_customer: int | None = None
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    limits: Limits = field(default_factory=Limits)
    deliveries: DeliverySettings = field(default_factory=DeliverySettings)
