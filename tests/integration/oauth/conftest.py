"""The authorization server on a loopback port."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette

from api.oauth.routes import routes
from api.oauth.tokens import AccessTokens, Terms
from connectors.http import open_client
from sandbox.app import create_app as create_sandbox
from sandbox.config import SandboxConfig
from sandbox.shopify.settings import ShopifySettings
from tenants.access.callers import Callers
from tenants.access.keys import SigningKeys
from tenants.database import Database
from tenants.secrets.keyring import KeyRing
from tenants.settings import Settings
from tests.integration.oauth.practice import Practice
from tests.integration.oauth.world import ManualClock, World, settle
from tests.loopback import listen


@dataclass(frozen=True)
class Listening:
    socket: socket.socket
    settings: Settings


@pytest.fixture(scope="session")
def listening() -> Iterator[Listening]:
    with listen() as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        yield Listening(server, Settings(public_url=url, access_token_seconds=600))


@pytest.fixture(scope="session")
def settings_for_tests(listening: Listening) -> Settings:
    return listening.settings


@pytest.fixture(scope="session")
def only_clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def clock(only_clock: ManualClock) -> Iterator[ManualClock]:
    """The server's clock, set right again afterwards."""
    yield only_clock
    only_clock.ahead = timedelta()


class Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Interrupting a test run stays pytest's business."""
        yield


@pytest.fixture(scope="session")
async def tokens(
    database: Database, keyring: KeyRing, settings_for_tests: Settings, only_clock: ManualClock
) -> AccessTokens:
    terms = Terms(settings_for_tests.public_url, settings_for_tests.access_token_seconds)
    # It remembers no keys, so that every change of them shows at once.
    return AccessTokens(SigningKeys(database, keyring, only_clock, memory_seconds=0), terms, clock=only_clock)


@pytest.fixture(scope="session")
def callers(database: Database) -> Callers:
    """It remembers nothing, so that every end shows at once."""
    return Callers(database, memory_seconds=0)


@asynccontextmanager
async def serving(app: Starlette, server: socket.socket) -> AsyncIterator[None]:
    running = Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=2))
    task = asyncio.create_task(running.serve(sockets=[server.dup()]))
    yield
    running.should_exit = True
    await task


@pytest.fixture(scope="session")
async def practice(listening: Listening) -> AsyncIterator[Practice]:
    """A provider of sign-ins, at which the authorization server is registered."""
    config = SandboxConfig(shopify=ShopifySettings(shops=()))
    with listen() as server:
        async with serving(create_sandbox(config), server), open_client() as http:
            url = f"http://127.0.0.1:{server.getsockname()[1]}"
            yield await Practice.open(url, config.control_token, http, listening.settings.public_url)


Open = Callable[[Settings], Starlette]


@pytest.fixture(scope="session")
async def opened(
    database: Database,
    keyring: KeyRing,
    tokens: AccessTokens,
    callers: Callers,
    only_clock: ManualClock,
    practice: Practice,
) -> Open:
    providers = {practice.provider.registration.key: practice.provider}

    def open_(settings: Settings) -> Starlette:
        return Starlette(
            routes=routes(database, settings, keyring, tokens, callers, clock=only_clock, providers=providers)
        )

    return open_


@pytest.fixture(scope="session")
async def address(listening: Listening, opened: Open) -> AsyncIterator[str]:
    """Where the authorization server listens."""
    async with serving(opened(listening.settings), listening.socket):
        yield listening.settings.public_url


@pytest.fixture(scope="session")
async def only_http(address: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=address) as client:
        yield client


@pytest.fixture
def http(only_http: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """A browser or an app without a past: keeps cookies, follows no redirect by itself."""
    only_http.cookies.clear()
    return only_http


@pytest.fixture(scope="session")
async def world(database: Database) -> World:
    return await settle(database)
