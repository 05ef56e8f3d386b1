"""One tenant with one connection, and what it sells."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from domain.connections.models import Connection, ProviderApp
from domain.facts.recompute import Work, recompute
from domain.facts.storing import Intake, store_orders
from domain.ports.records import OrderLineRecord, OrderRecord, RefundRecord
from tenants.access.models import Organization
from tenants.clock import WallClock
from tenants.database import Database, enter
from tenants.ids import new_id
from tenants.registry.models import Tenant, TenantProfile, TenantState
from tenants.registry.profile import Profile, get_profile
from tenants.scope import Scope
from tenants.secrets.keyring import KeyRing

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)


@dataclass
class Shop:
    """One tenant with one connection, and our own idea of what its orders are."""

    database: Database
    keyring: KeyRing
    tenant_id: UUID
    connection_id: UUID
    zone: ZoneInfo
    orders: dict[str, OrderRecord] = field(default_factory=dict)

    @property
    def scope(self) -> Scope:
        return Scope.of_tenant(self.tenant_id)

    async def apply(self, *orders: OrderRecord, gone: tuple[str, ...] = ()) -> None:
        async with self.database.unit_of_work(self.scope) as session:
            profile = await get_profile(session, self.tenant_id)
            intake = Intake(profile, self.connection_id, "shopify", self.keyring.key_of(self.tenant_id), NOW)
            await store_orders(session, intake, orders=orders, gone=gone)
        for order in orders:
            self.orders[order.external_id] = order
        for external_id in gone:
            self.orders.pop(external_id, None)

    async def recompute(self, now: datetime = NOW) -> Work:
        async with self.database.unit_of_work(self.scope) as session:
            return await recompute(session, await self.profile(), now=now)

    async def profile(self) -> Profile:
        async with self.database.snapshot(self.scope) as session:
            return await get_profile(session, self.tenant_id)

    async def rows(self, sql: str) -> list[Any]:
        async with self.database.snapshot(self.scope) as session:
            return list(await session.execute(text(sql), {"t": self.tenant_id}))

    def day(self, instant: datetime) -> date:
        return instant.astimezone(self.zone).date()


async def open_shop(database: Database, keyring: KeyRing, zone: str) -> Shop:
    organization_id, tenant_id, app_id, connection_id = new_id(), new_id(), new_id(), new_id()
    keyring.create(tenant_id)
    now = WallClock().now()
    async with database.unit_of_work() as session:
        await enter(session, Scope.of_tenant(tenant_id, organization_id=organization_id))
        session.add(Organization(id=organization_id, kind="TENANT", name="Shop"))
        await session.flush()
        session.add_all(
            (
                Tenant(id=tenant_id, organization_id=organization_id),
                ProviderApp(
                    id=app_id,
                    organization_id=organization_id,
                    provider="shopify",
                    client_id=str(app_id),
                    sealed_client_secret=b"",
                    scopes=[],
                    base_url="https://{shop}",
                ),
            )
        )
        await session.flush()
        session.add_all(
            (
                TenantProfile(
                    tenant_id=tenant_id, name="Shop", currency="USD", time_zone=zone, created_at=now, updated_at=now
                ),
                TenantState(tenant_id=tenant_id, updated_at=now),
                Connection(
                    tenant_id=tenant_id,
                    id=connection_id,
                    provider="shopify",
                    provider_app_id=app_id,
                    account="x.myshopify.com",
                    status="ACTIVE",
                    scopes=[],
                    missing_scopes=[],
                ),
            )
        )
    return Shop(database, keyring, tenant_id, connection_id, ZoneInfo(zone))


def order(
    number: int,
    occurred_at: datetime,
    *,
    cents: int = 1_000,
    customer: int | None = 1,
    discount: int = 0,
    refunds: tuple[RefundRecord, ...] = (),
    channel: str = "web",
    currency: str = "USD",
    excluded: str | None = None,
) -> OrderRecord:
    return OrderRecord(
        external_id=str(number),
        customer_external_id=None if customer is None else str(customer),
        occurred_at=occurred_at,
        currency=currency,
        gross_minor=cents,
        discount_minor=discount,
        tax_minor=0,
        shipping_minor=0,
        channel=channel,
        lines=(OrderLineRecord("1", None, None, 1, cents, discount),),
        refunds=refunds,
        excluded=excluded,
    )
