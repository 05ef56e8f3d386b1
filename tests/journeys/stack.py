"""The product as it is deployed: a durable database, the API and a worker, each a process, beside a practice shop."""

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import httpx2

from api.demo import story
from api.demo.client import ApiClient, Refused
from api.demo.processes import Program, free_port, until_ready, until_written
from api.ids import decode
from api.wiring import open_parts
from migrations import running
from tenants.embedded import provision
from tenants.jobs import QUEUE_LOST
from tenants.postgres.server import EmbeddedServer, throwaway
from tenants.settings import Settings
from tests.sandbox.client import Desk, Store

SHOP = "first-light.myshopify.com"
ZONE = ZoneInfo("America/New_York")
# Asked once: a run that goes on past midnight still means the same purchases.
LAST_DAY = datetime.now(UTC).astimezone(ZONE).date() - timedelta(days=1)
CLIENT_SECRET = "journey-practice-secret"


@dataclass
class Stack:
    directory: Path
    server: EmbeddedServer
    settings: Settings
    environment: dict[str, str]
    api: Program
    worker: Program
    desk: Desk
    admin: asyncpg.Pool
    http: httpx2.AsyncClient

    @property
    def store(self) -> Store:
        return self.desk.store(SHOP)

    @property
    def logs(self) -> bytes:
        return b"".join(file.read_bytes() for file in (self.api.log, self.worker.log))

    async def crash(self, *programs: Program) -> None:
        """All at the same moment, as when the machine they run on is lost."""
        for program in programs:
            program.kill()
        for program in programs:
            await program.stop()

    async def start(self, *programs: Program) -> None:
        for program in programs:
            await program.start()

    async def crash_database(self) -> None:
        """The postmaster alone: its children notice, and its supervisor starts it again."""
        file = self.server.data_dir / "pgdata" / "postmaster.pid"
        os.kill(int((await asyncio.to_thread(file.read_text)).split()[0]), signal.SIGKILL)

    async def api_ready(self) -> None:
        await until_ready(self.api, f"{self.settings.public_url}/readyz")

    async def open_agency(self) -> story.Machine:
        """With an app of its own at the practice shop."""
        client_id = f"journey-{secrets.token_hex(4)}"
        redirect_uri = f"{self.settings.public_url}/oauth/callback/shopify"
        app = {"client_id": client_id, "client_secret": CLIENT_SECRET, "redirect_uris": [redirect_uri]}
        await asyncio.to_thread(self.desk.call, "POST", "/apps", app)
        async with open_parts(self.settings) as parts:
            return await story.open_agency(
                parts,
                shop_client_id=client_id,
                shop_client_secret=CLIENT_SECRET,
                shop_base_url=f"{self.desk.url}/shops/{{shop}}",
            )

    async def open_client(self) -> "Client":
        """An agency's tenant whose shop's owner has just consented; nothing is read yet."""
        machine = await self.open_agency()
        api = await ApiClient.sign_in(self.http, self.settings.public_url, machine.client_id, machine.client_secret)
        tenant = await story.open_tenant(api, zone=ZONE.key)
        await story.connect_shop(api, tenant, SHOP)
        return Client(self, api, tenant, decode(tenant).owner)


@dataclass(frozen=True)
class Client:
    stack: Stack
    api: ApiClient
    tenant: str
    tenant_id: UUID

    async def rows(self, sql: str, *values: object) -> list[asyncpg.Record]:
        """As an administrator sees them; $1 is the tenant. The database may be starting again."""
        for _ in range(100):
            try:
                return await self.stack.admin.fetch(sql, self.tenant_id, *values)
            except QUEUE_LOST:
                await asyncio.sleep(0.1)
        raise AssertionError("the database did not come back")

    async def row(self, sql: str, *values: object) -> asyncpg.Record:
        (only,) = await self.rows(sql, *values)
        return only

    async def records(self) -> int:
        """How many the backfill has read so far."""
        sql = "SELECT coalesce(sum(records), 0)::bigint AS n FROM stream_states WHERE tenant_id = $1"
        return int((await self.row(sql))["n"])

    async def backfilling(self) -> bool:
        sql = "SELECT count(*) AS n FROM stream_states WHERE tenant_id = $1 AND phase = 'BACKFILL'"
        return int((await self.row(sql))["n"]) > 0

    async def today(self) -> date:
        answer = await self.api.ask("query($t: ID!) { tenant(id: $t) { today } }", {"t": self.tenant})
        return date.fromisoformat(answer["data"]["tenant"]["today"])

    async def until_up_to_date(self, seconds: float = 120) -> None:
        """Everything read once, nothing waiting: neither day nor webhook."""
        query = "query($t: ID!) { tenant(id: $t) { upToDate connections { nodes { inbox { waiting } } } } }"
        deadline = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < deadline:
            with suppress(Refused):  # by an API whose database is starting
                tenant = (await self.api.ask(query, {"t": self.tenant}))["data"]["tenant"]
                if tenant["upToDate"] and all(node["inbox"]["waiting"] == 0 for node in tenant["connections"]["nodes"]):
                    return
            await asyncio.sleep(0.05)
        raise AssertionError(f"not up to date after {seconds} s; the end of the worker's log: {self._tail()}")

    def _tail(self) -> str:
        return self.stack.worker.log.read_text(errors="replace")[-3000:]


@asynccontextmanager
async def started(
    directory: Path, *, shop: Sequence[str], settings: dict[str, str] | None = None
) -> AsyncIterator[Stack]:
    """`shop` are options of the sandbox. A worker that died is replaced after a second, not after half a minute."""
    port = free_port()
    environment = {
        "AZIMUTH_STATE_DIR": str(directory / "state"),
        "AZIMUTH_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "AZIMUTH_PORT": str(port),
        "AZIMUTH_TICK_SECONDS": "0.2",
        "AZIMUTH_LEASE_SECONDS": "1",
        "AZIMUTH_RETRY_SECONDS": "1",
        "AZIMUTH_LOG_LEVEL": "DEBUG",
        "AZIMUTH_BUDGET_POINTS": "100000000",  # one app asks all the time
        **(settings or {}),
    }
    async with AsyncExitStack() as stack:
        server = stack.enter_context(throwaway(durable=True))
        urls = await provision(server, "azimuth", directory / "roles.json")
        await asyncio.to_thread(running.upgrade, urls.migration)
        environment |= {"DATABASE_URL": urls.application, "MIGRATION_DATABASE_URL": urls.migration}
        desk = await stack.enter_async_context(sandbox(directory, shop))
        configured = settings_of(environment)
        api = Program("api", ("api.cli", "serve"), environment, directory / "api.log")
        worker = Program("worker", ("api.cli", "worker"), environment, directory / "worker.log")
        admin = await stack.enter_async_context(asyncpg.create_pool(urls.migration, min_size=0, max_size=4))
        http = await stack.enter_async_context(httpx2.AsyncClient(trust_env=False, timeout=30))
        made = Stack(directory, server, configured, environment, api, worker, desk, admin, http)
        for program in (api, worker):
            stack.push_async_callback(program.stop)
            await program.start()
        await made.api_ready()
        yield made


def settings_of(environment: dict[str, str]) -> Settings:
    """As a process with this environment reads them."""
    named = {name.removeprefix("AZIMUTH_").lower(): value for name, value in environment.items()}
    return Settings.model_validate(named)


@asynccontextmanager
async def sandbox(directory: Path, options: Sequence[str]) -> AsyncIterator[Desk]:
    ready = directory / "sandbox.json"
    program = Program("sandbox", ("sandbox", "--ready-file", str(ready), *options), {}, directory / "sandbox.log")
    await program.start()
    try:
        news = await until_written(program, ready)
        desk = Desk(news["url"], news["control_token"])
        yield desk
        desk.close()
    finally:
        await program.stop()
