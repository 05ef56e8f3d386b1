"""The whole door on a loopback port, a practice shop on another, and an agency that has an app at both."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from api.app import graphql_routes
from api.demo.processes import Program, running, until_written
from api.http.admission import Admission
from api.http.consent import ConsentCallback
from api.http.webhooks import WebhookEndpoint
from api.oauth.routes import routes as oauth_routes
from api.oauth.tokens import AccessTokens, Terms
from connectors.http import open_client
from domain.connections.house import House
from tenants.access.callers import Callers
from tenants.access.keys import SigningKeys
from tenants.database import Database
from tenants.embedded import DatabaseUrls
from tenants.jobs import PostgresJobQueue
from tenants.secrets.keyring import KeyRing
from tenants.settings import Settings
from tests.integration.connections.office import LAST_DAY, Client, Office, provider_of
from tests.integration.oauth.world import ManualClock
from tests.loopback import listen
from tests.sandbox.client import Desk

# A bucket that a test which empties it need not wait for, and webhooks that are tried again at once.
OPTIONS = ("--bucket", "4000", "--restore-rate", "2000", "--retry-seconds", "0.2", "0.5")


@dataclass(frozen=True)
class Listening:
    socket: socket.socket
    settings: Settings


@pytest.fixture(scope="session")
def listening() -> Iterator[Listening]:
    with listen() as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        yield Listening(server, Settings(public_url=url))


@pytest.fixture(scope="session")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    place = tmp_path_factory.mktemp("sandbox")
    ready = place / "ready.json"
    options = ("--ready-file", str(ready), "--last-day", LAST_DAY.isoformat(), "--seed-customers", "1", *OPTIONS)
    sandbox = Program("sandbox", ("sandbox", *options), {}, place / "sandbox.log")
    async with running([sandbox]):
        news = await until_written(sandbox, ready)
        opened = Desk(news["url"], news["control_token"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def only_clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def clock(only_clock: ManualClock) -> Iterator[ManualClock]:
    """The house's clock, set right again afterwards."""
    yield only_clock
    only_clock.ahead = timedelta()


@pytest.fixture(scope="session")
async def provider_http() -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client() as client:
        yield client


@pytest.fixture(scope="session")
async def house(
    database: Database,
    keyring: KeyRing,
    only_clock: ManualClock,
    listening: Listening,
    provider_http: httpx2.AsyncClient,
) -> House:
    provider = provider_of(provider_http, page_size=100)
    return House(
        database=database,
        keyring=keyring,
        clock=only_clock,
        jobs=PostgresJobQueue(),
        providers={provider.name: provider},
        public_url=listening.settings.public_url,
        sync_interval=timedelta(minutes=15),
    )


class Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Interrupting a test run stays pytest's business."""
        yield


@pytest.fixture(scope="session")
async def address(house: House, listening: Listening) -> AsyncIterator[str]:
    """Where the API listens."""
    terms = Terms(listening.settings.public_url, listening.settings.access_token_seconds)
    tokens = AccessTokens(SigningKeys(house.database, house.keyring, house.clock), terms, clock=house.clock)
    admission = Admission(tokens, Callers(house.database))
    routes = [
        *graphql_routes(house, listening.settings, admission, asyncio.Event()),
        Route("/webhooks/{provider}/{app}", WebhookEndpoint(house).answer, methods=["POST"]),
        Route("/oauth/callback/{provider}", ConsentCallback(house).answer, methods=["GET"]),
        *oauth_routes(
            house.database, listening.settings, house.keyring, tokens, Callers(house.database), clock=house.clock
        ),
    ]
    server = Server(uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening.socket.dup()]))
    yield listening.settings.public_url
    server.should_exit = True
    await serving


@pytest.fixture(scope="session")
async def admin(database_urls: DatabaseUrls) -> AsyncIterator[asyncpg.Pool]:
    """Sees every tenant's rows: the migrator's role, which row-level security does not bind."""
    async with asyncpg.create_pool(database_urls.migration, min_size=1, max_size=4) as pool:
        yield pool


@pytest.fixture(scope="session")
async def office(house: House, desk: Desk, admin: asyncpg.Pool, address: str) -> AsyncIterator[Office]:
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
        yield await Office.open(house, desk, http, admin, address)


@pytest.fixture
async def client(office: Office) -> Client:
    """A tenant whose shop is connected, and not read yet: the first twenty customers of the panel."""
    return await office.connect(office.open_shop(customers=20))


@pytest.fixture
async def read_client(client: Client) -> Client:
    """Its history read and computed."""
    return await client.read()
