"""Everything the practice Shopify remembers while it runs."""

from datetime import date, datetime, timedelta

from sandbox.shopify.context import App
from sandbox.shopify.cost import Bucket
from sandbox.shopify.faults import Faults
from sandbox.shopify.grants import Grants
from sandbox.shopify.seed import fill
from sandbox.shopify.settings import ShopifySettings
from sandbox.shopify.store import Shop, ShopSettings, now
from sandbox.shopify.subscriptions import Registry

FIRST_SHOP_ID = 69_000_000_001
# A shop opens before its first sale.
OPENED_BEFORE = timedelta(days=30)


class ShopifyState:
    def __init__(self, settings: ShopifySettings) -> None:
        self.settings = settings
        self.apps: dict[str, App] = {app.client_id: app for app in settings.apps}
        self.shops: dict[str, Shop] = {}
        self.grants = Grants(settings.lifetimes)
        self.faults = Faults()
        self.registry = Registry()
        self.buckets: dict[tuple[str, str], Bucket] = {}
        for shop in settings.shops:
            self.open_shop(
                shop,
                last_day=settings.last_day,
                first_customer=settings.first_customer,
                last_customer=settings.last_customer,
            )

    def open_shop(
        self,
        settings: ShopSettings,
        *,
        last_day: date | None = None,
        first_customer: int = 1,
        last_customer: int | None = None,
    ) -> Shop:
        """`last_customer` 0 opens an empty shop."""
        shop = Shop(settings, identity=FIRST_SHOP_ID + len(self.shops), created_at=now())
        yesterday = datetime.now(shop.zone).date() - timedelta(days=1)
        fill(shop, last_day=last_day or yesterday, first_customer=first_customer, last_customer=last_customer)
        first_sale = min((order.created_at for order in shop.orders.records.values()), default=shop.created_at)
        shop.created_at = first_sale - OPENED_BEFORE
        self.shops[shop.domain] = shop
        return shop

    def bucket(self, client_id: str, shop: str) -> Bucket:
        limits = self.settings.limits
        return self.buckets.setdefault((client_id, shop), Bucket(limits.bucket, limits.restore_rate))
