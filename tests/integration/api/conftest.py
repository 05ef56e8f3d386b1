"""The whole API process on a loopback port, over a database of its own."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, Protocol

import asyncpg
import httpx2
import pytest

from bench.model import Unavailable
from bench.node import Node, node_for
from domain.connections.house import House
from migrations import running
from tenants.access.actor import ApiScope
from tenants.access.kinds import AppKind
from tenants.database import Database
from tenants.embedded import DatabaseUrls, provision
from tenants.postgres.postmaster import SUPERUSER
from tenants.postgres.server import EmbeddedServer
from tenants.secrets.keyring import DirectoryKeyRing
from tenants.usage import service as usage
from tests.factories.jobs import house_of
from tests.factories.organizations import Machine, new_machine
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.ledger import Ledger
from tests.integration.api.people import Asker, new_asker
from tests.integration.api.record_shop import RecordShop, open_record_shop
from tests.integration.api.server import serving, settings_at
from tests.integration.api.shapes import OF_PEOPLE
from tests.integration.api.world import World, settle
from tests.integration.oauth.world import KnownApp, new_app
from tests.loopback import listen

DATABASE = "azimuth_api"
CLIENTS = Path(__file__).parents[2] / "clients"


@pytest.fixture(scope="session")
def database_urls(cluster: EmbeddedServer, role_passwords: Path) -> DatabaseUrls:
    """Rows are counted here, and keys made by the process that is tested: both need a database nobody else uses."""
    urls = asyncio.run(provision(cluster, DATABASE, role_passwords))
    running.upgrade(urls.migration)
    return urls


@pytest.fixture(scope="session")
async def database(database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    """Declared anew: a fixture of the whole session keeps what it was first made from."""
    opened = Database(database_urls.application, pool_size=10)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def master_key() -> bytes:
    return os.urandom(32)


@pytest.fixture(scope="session")
def keys_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("api-keys")


@pytest.fixture(scope="session")
def keyring(keys_directory: Path, master_key: bytes) -> DirectoryKeyRing:
    """The same keys as the process has."""
    return DirectoryKeyRing(keys_directory, master_key)


@pytest.fixture(scope="session", autouse=True)
def _no_counts_in_between() -> Iterator[None]:
    """They are written when a process ends, and never among the statements that a test looks at."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(usage, "FLUSH_SECONDS", 3600.0)
        yield


class Open(Protocol):
    """Another API process, with settings of its own; where somebody `listening` already has an address."""

    def __call__(
        self, *, listening: socket.socket | None = None, **settings: Any
    ) -> AbstractAsyncContextManager[str]: ...


@pytest.fixture(scope="session")
def opened(database_urls: DatabaseUrls, keys_directory: Path, master_key: bytes) -> Open:
    @asynccontextmanager
    async def open_(*, listening: socket.socket | None = None, **given: Any) -> AsyncIterator[str]:
        with nullcontext(listening) if listening else listen() as listening:
            settings = settings_at(listening, database_urls.application, keys_directory, master_key, **given)
            async with serving(settings, listening):
                yield settings.public_url

    return open_


@pytest.fixture(scope="session")
async def address(opened: Open) -> AsyncIterator[str]:
    async with opened() as url:
        yield url


@pytest.fixture(scope="session")
async def http(address: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=address, trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
async def ledger(cluster: EmbeddedServer, database_urls: DatabaseUrls) -> AsyncIterator[Ledger]:
    connection = await asyncpg.connect(cluster.dsn(SUPERUSER, cluster.password, DATABASE))
    yield await Ledger.of(connection)
    await connection.close()


@pytest.fixture(scope="session")
async def world(database: Database, keyring: DirectoryKeyRing) -> World:
    return await settle(database, keyring)


@pytest.fixture(scope="session")
def worker_house(world: World) -> House:
    return house_of(world.database, world.keyring)


@pytest.fixture(scope="session")
async def records(world: World) -> RecordShop:
    return await open_record_shop(world)


@pytest.fixture(scope="session")
async def agency(http: httpx2.AsyncClient, world: World) -> Caller:
    """The agency's own app, with every scope."""
    return await sign_in(http, world.agency.machine)


@pytest.fixture(scope="session")
async def stranger(http: httpx2.AsyncClient, world: World) -> Caller:
    return await sign_in(http, world.stranger.machine)


@pytest.fixture
async def machine(world: World) -> Machine:
    """Of an organization of its own."""
    return await new_machine(world.database)


@pytest.fixture
async def caller(http: httpx2.AsyncClient, machine: Machine) -> Caller:
    return await sign_in(http, machine)


@pytest.fixture
async def front_end(world: World, machine: Machine) -> KnownApp:
    return await new_app(world.database, machine.organization_id, AppKind.PUBLIC, scopes=tuple(ApiScope))


class Asking(Protocol):
    """Who may carry out this mutation: the agency's app, or somebody in person."""

    async def __call__(self, mutation: str) -> Asker: ...


@pytest.fixture
def asking(http: httpx2.AsyncClient, address: str, world: World, agency: Caller) -> Asking:
    async def sign_in_machine(*scopes: str) -> Caller:
        return await sign_in(http, world.agency.machine, *scopes) if scopes else agency

    async def ask(mutation: str) -> Asker:
        if mutation in OF_PEOPLE:
            return await new_asker(world, http, address)
        return Asker(world.agency, sign_in_machine)

    return ask


@pytest.fixture
async def browser(address: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Of somebody who was never here."""
    async with httpx2.AsyncClient(base_url=address) as client:
        yield client


@pytest.fixture(scope="session")
def node() -> Node:
    """With the packages that other people's front ends are made of."""
    try:
        return node_for(CLIENTS)
    except Unavailable as reason:
        if os.environ.get("AZIMUTH_REQUIRE_NODE") == "1":
            pytest.fail(str(reason))
        pytest.skip(str(reason))
