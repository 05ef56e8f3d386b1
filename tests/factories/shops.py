"""Orders of a connected shop, taken in and computed as the worker does it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.connections.apps import register_provider_app
from domain.connections.models import Connection, StreamState
from domain.facts.intake import take_in
from domain.facts.storing import Intake
from domain.kpis.recompute import renew
from domain.ports.records import OrderRecord, Record, RefundRecord, SourceItem
from tenants.database import Database
from tenants.ids import new_id
from tenants.scope import Scope
from tenants.secrets.keyring import KeyRing
from tests.factories.tenants import Tenancy

PROVIDER = "shopify"
STREAMS = ("customers", "orders")


def order(
    number: int,
    occurred_at: datetime,
    gross: int,
    *,
    discount: int = 0,
    customer: str | None = None,
    currency: str = "EUR",
    channel: str = "web",
    refunds: Sequence[tuple[datetime, int]] = (),
) -> OrderRecord:
    """Money in minor units of `currency`."""
    return OrderRecord(
        external_id=str(number),
        customer_external_id=customer,
        occurred_at=occurred_at,
        currency=currency,
        gross_minor=gross,
        discount_minor=discount,
        tax_minor=0,
        shipping_minor=0,
        channel=channel,
        lines=(),
        refunds=tuple(RefundRecord(f"{number}-{at}", day, amount) for at, (day, amount) in enumerate(refunds)),
    )


async def new_provider_app(
    database: Database, keyring: KeyRing, organization_id: UUID, *, shared: bool = False
) -> UUID:
    async with database.unit_of_work(Scope(organization_id=organization_id)) as session:
        app = await register_provider_app(
            session,
            keyring=keyring,
            organization_id=organization_id,
            provider=PROVIDER,
            client_id=f"client-{new_id()}",
            client_secret="the-secret-of-the-provider-app",
            scopes=["read_orders", "read_customers"],
            base_url="https://{shop}",
            shared=shared,
        )
    return app.id


@dataclass(frozen=True)
class Said:
    """A provider's mapping that reads every record as it was dictated."""

    records: dict[str, OrderRecord]

    def record(self, item: SourceItem) -> Record | None:
        return None if item.deleted else self.records[item.external_id]


@dataclass(frozen=True)
class Shop:
    """An active connection of a tenant."""

    database: Database
    keyring: KeyRing
    tenant: Tenancy
    connection_id: UUID

    async def sell(self, *orders: OrderRecord, now: datetime | None = None) -> None:
        """Takes the orders in and recomputes, both at `now`."""
        instant = now or datetime.now(UTC)
        items = [SourceItem("orders", each.external_id, instant, b"{}") for each in orders]
        await self._take(items, Said({each.external_id: each for each in orders}), instant)

    async def stand(self, status: str) -> None:
        """From now on."""
        mine = (Connection.tenant_id == self.tenant.id, Connection.id == self.connection_id)
        async with self.database.unit_of_work(self.tenant.scope) as session:
            await session.execute(update(Connection).where(*mine).values(status=status))

    async def lose(self, *numbers: int, now: datetime | None = None) -> None:
        """The provider deletes the orders."""
        instant = now or datetime.now(UTC)
        items = [SourceItem("orders", str(number), instant, None, deleted=True) for number in numbers]
        await self._take(items, Said({}), instant)

    async def _take(self, items: list[SourceItem], said: Said, now: datetime) -> None:
        key = self.keyring.key_of(self.tenant.id)
        intake = Intake(self.tenant.profile, self.connection_id, PROVIDER, key, now)
        # A dictated record has no payload of its own that could differ: the digest follows what was dictated.
        told = [
            replace(item, payload=None if item.deleted else repr(said.records[item.external_id]).encode())
            for item in items
        ]
        async with self.database.unit_of_work(self.tenant.scope) as session:
            await take_in(session, intake, said, stream="orders", items=told)
        async with self.database.unit_of_work(self.tenant.scope) as session:
            await renew(session, self.tenant.profile, now=now)


async def new_shop(
    database: Database,
    keyring: KeyRing,
    tenant: Tenancy,
    *,
    provider_app_id: UUID,
    account: str | None = None,
    phase: str = "INCREMENT",
) -> Shop:
    """Connected, with both streams read as far as `phase` says."""
    connection_id = new_id()
    async with database.unit_of_work(tenant.scope) as session:
        session.add(
            Connection(
                id=connection_id,
                tenant_id=tenant.id,
                provider=PROVIDER,
                provider_app_id=provider_app_id,
                account=account or f"shop-{connection_id}.myshopify.com",
                status="ACTIVE",
                scopes=["read_orders"],
                missing_scopes=[],
            )
        )
        await session.flush()
        _open_streams(session, tenant, connection_id, phase)
    return Shop(database, keyring, tenant, connection_id)


def _open_streams(session: AsyncSession, tenant: Tenancy, connection_id: UUID, phase: str) -> None:
    now = datetime.now(UTC)
    session.add_all(
        StreamState(
            tenant_id=tenant.id,
            connection_id=connection_id,
            stream=stream,
            phase=phase,
            cursor={},
            as_of=now,
            updated_at=now,
        )
        for stream in STREAMS
    )
