"""An agency at work: it opens tenants, connects practice shops, and does what a worker does, one job at a time."""

import asyncio
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import httpx2

from api.demo.client import ApiClient
from api.ids import decode
from connectors.shopify.provider import shopify_provider
from domain.connections.apps import register_provider_app
from domain.connections.house import House
from domain.connections.inbox import process
from domain.connections.sync import Reading, open_reading, read_stream, sync_connection
from domain.kpis.recompute import recompute_tenant
from domain.ports.provider import Provider
from tenants.scope import Scope
from tests.factories.organizations import new_machine
from tests.sandbox.client import Desk, Store

SCOPES = ["read_orders", "read_all_orders", "read_customers", "read_products"]
ZONE = ZoneInfo("America/New_York")
# Far enough back that no purchase lies within an overlap or in the present day of any zone.
LAST_DAY = datetime.now(UTC).date() - timedelta(days=3)


def provider_of(http: httpx2.AsyncClient, page_size: int) -> Provider:
    """As the wiring builds it, but an increment looks right up to the present."""
    return shopify_provider(http, overlap=timedelta(minutes=10), lag=timedelta(0), page_size=page_size)


@dataclass(frozen=True)
class Office:
    house: House
    desk: Desk
    http: httpx2.AsyncClient
    api: ApiClient
    admin: asyncpg.Pool
    app_id: UUID
    client_id: str
    client_secret: str

    @classmethod
    async def open(cls, house: House, desk: Desk, http: httpx2.AsyncClient, admin: asyncpg.Pool, url: str) -> "Office":
        client_id, client_secret = f"office-{secrets.token_hex(4)}", secrets.token_hex(16)
        content = {
            "client_id": client_id,
            "client_secret": client_secret,
            "redirect_uris": [house.callback_url("shopify")],
        }
        desk.call("POST", "/apps", content)
        machine = await new_machine(house.database)
        async with house.database.unit_of_work(Scope(organization_id=machine.organization_id)) as session:
            registered = await register_provider_app(
                session,
                keyring=house.keyring,
                organization_id=machine.organization_id,
                provider="shopify",
                client_id=client_id,
                client_secret=client_secret,
                scopes=SCOPES,
                base_url=f"{desk.url}/shops/{{shop}}",
                shared=False,
            )
        api = await ApiClient.sign_in(http, url, *machine.credentials)
        return cls(house, desk, http, api, admin, registered.id, client_id, client_secret)

    def with_pages_of(self, size: int) -> "Office":
        """The same, reading as many records at once."""
        return replace(self, house=replace(self.house, providers={"shopify": provider_of(self.http, size)}))

    def open_shop(self, *, customers: int) -> Store:
        """With the first `customers` customers of the panel."""
        domain = f"shop-{secrets.token_hex(5)}.myshopify.com"
        return self.desk.open_shop(domain, last_day=LAST_DAY.isoformat(), last_customer=customers)

    async def open_tenant(self) -> str:
        values = {"name": "Harbor Records", "currency": "USD", "timeZone": ZONE.key}
        payload = await self.api.change("tenantCreate", "tenant { id }", **values)
        return str(payload["tenant"]["id"])

    async def start(self, tenant: str, store: Store) -> str:
        """The address to send the shop's owner to."""
        payload = await self.api.change(
            "connectionStart", "authorizeUrl", tenantId=tenant, provider="SHOPIFY", account=store.domain
        )
        return str(payload["authorizeUrl"])

    async def decide(
        self, authorize_url: str, *, decision: str = "install", scopes: Iterable[str] = SCOPES
    ) -> dict[str, str]:
        """The owner's answer on the provider's page: the signed query they are sent back with."""
        form = [("decision", decision), *(("scope", scope) for scope in scopes)]
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await self.http.post(authorize_url, content=urlencode(form), headers=headers)
        assert answer.status_code == 302, answer.text
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))

    async def call_back(self, query: dict[str, str]) -> httpx2.Response:
        return await self.http.get(self.house.callback_url("shopify"), params=query)

    async def connect(self, store: Store, *, tenant: str | None = None) -> "Client":
        tenant = tenant or await self.open_tenant()
        landed = await self.call_back(await self.decide(await self.start(tenant, store)))
        assert landed.status_code == 200, landed.text
        return await self.client(tenant, store)

    async def client(self, tenant: str, store: Store) -> "Client":
        connection = (await self.connections(tenant))[0]
        return Client(self, store, tenant, decode(tenant).owner, decode(connection["id"]).id)

    async def connections(self, tenant: str) -> list[dict[str, Any]]:
        query = "query($t: ID!) { tenant(id: $t) { connections { nodes { id status reason missingScopes scopes } } } }"
        nodes: list[dict[str, Any]] = (await self.api.ask(query, {"t": tenant}))["data"]["tenant"]["connections"][
            "nodes"
        ]
        return nodes


@dataclass(frozen=True)
class Client:
    """A tenant of the agency and its connected shop."""

    office: Office
    store: Store
    tenant: str
    tenant_id: UUID
    connection_id: UUID

    @property
    def house(self) -> House:
        return self.office.house

    async def sync(self) -> None:
        """As if the schedule had come due."""
        await self.make_due("sync")
        await self.sync_if_due()

    async def sync_if_due(self) -> None:
        await sync_connection(self.house, tenant_id=self.tenant_id, connection_id=self.connection_id)

    async def make_due(self, kind: str) -> None:
        await self.rows("UPDATE schedules SET due_at = now() - interval '1 s' WHERE tenant_id = $1 AND kind = $2", kind)

    async def read_orders(self) -> None:
        """One pass over the orders alone."""
        reading = await self.reading()
        await read_stream(reading, reading.provider.stream("orders"))

    async def runs(self, stream: str = "orders") -> list[tuple[str, str | None, int]]:
        """Status, reason and records of each pass, the newest last."""
        sql = "SELECT status, reason, records FROM sync_runs WHERE tenant_id = $1 AND stream = $2 ORDER BY id"
        return [tuple(row) for row in await self.rows(sql, stream)]

    async def cursor(self, stream: str = "orders") -> str:
        row = await self.row("SELECT cursor FROM stream_states WHERE tenant_id = $1 AND stream = $2", stream)
        return str(row["cursor"])

    async def due_in(self) -> timedelta:
        """Until the schedule asks for the next sync."""
        row = await self.row("SELECT due_at FROM schedules WHERE tenant_id = $1 AND kind = 'sync'")
        due_at: datetime = row["due_at"]
        return due_at - self.house.clock.now()

    async def order_count(self) -> int:
        return int((await self.row("SELECT count(*) AS n FROM order_facts WHERE tenant_id = $1"))["n"])

    async def at_shop(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Something happens at the shop; its webhooks are with us when this returns, but for those it holds back."""
        done = await asyncio.to_thread(self.store.control, method, path, content)
        await self.all_delivered()
        return done

    async def all_delivered(self) -> None:
        for _ in range(200):
            sent = (await asyncio.to_thread(self.store.control, "GET", "/deliveries"))["deliveries"]
            if all(each["state"] != "pending" for each in sent):
                return
            await asyncio.sleep(0.02)
        raise AssertionError("the shop's webhooks did not arrive")

    def fault(self, kind: str, *, endpoint: str = "graphql", times: int = 1, seconds: float = 0.1) -> None:
        self.store.control("POST", "/faults", {"endpoint": endpoint, "kind": kind, "times": times, "seconds": seconds})

    def fair_weather(self) -> None:
        self.store.control("DELETE", "/faults")

    async def work_off(self) -> int:
        return await process(self.house, tenant_id=self.tenant_id)

    async def recompute(self) -> int:
        return await recompute_tenant(self.house.database, self.house.clock, tenant_id=self.tenant_id)

    async def read(self) -> "Client":
        """The whole history, read and computed."""
        await self.sync()
        await self.recompute()
        return self

    async def reading(self) -> Reading:
        reading = await open_reading(self.house, self.tenant_id, self.connection_id)
        assert reading is not None
        return reading

    async def rows(self, sql: str, *values: object) -> list[asyncpg.Record]:
        """As an administrator sees them; $1 is the tenant."""
        return await self.office.admin.fetch(sql, self.tenant_id, *values)

    async def row(self, sql: str, *values: object) -> asyncpg.Record:
        (only,) = await self.rows(sql, *values)
        return only

    async def connection(self) -> dict[str, Any]:
        return (await self.office.connections(self.tenant))[0]

    async def deliveries(self) -> list[asyncpg.Record]:
        return await self.rows("SELECT * FROM webhook_deliveries WHERE tenant_id = $1 ORDER BY received_at")

    async def figures(self, *days: object) -> dict[str, int]:
        """What the components say over all days, or over `days`: counts, and money in minor units."""
        sql = (
            "SELECT component, sum(n)::bigint AS n, sum(total)::bigint AS total FROM day_components"
            " WHERE tenant_id = $1 AND segment = '' AND ($2::date[] IS NULL OR local_day = ANY ($2::date[]))"
            " GROUP BY component"
        )
        found = {row["component"]: row for row in await self.rows(sql, list(days) or None)}
        counted = {"orders", "new_customers", "customer_orders"}
        return {name: row["n"] if name in counted else row["total"] for name, row in found.items()}
