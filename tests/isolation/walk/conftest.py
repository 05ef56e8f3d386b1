"""A town with a database of its own: what is weakened in it is nobody else's."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import asyncpg
import httpx2
import pytest
from starlette.applications import Starlette

from migrations import running
from tenants.database import Database
from tenants.embedded import DatabaseUrls, provision
from tenants.postgres.postmaster import SUPERUSER
from tenants.postgres.server import EmbeddedServer
from tenants.secrets.keyring import SYSTEM, DirectoryKeyRing
from tests.integration.api.ledger import Connection
from tests.integration.api.server import serving, settings_at
from tests.integration.api.test_embeds import ORIGIN
from tests.isolation.walk.town import Town, build
from tests.loopback import listen

DATABASE = "azimuth_walk"


@dataclass(frozen=True)
class Place:
    """A process, and who comes to it: any page, and one for which embed tokens are made."""

    app: Starlette
    address: str
    http: httpx2.AsyncClient
    embedded: httpx2.AsyncClient


class OpenPlace(Protocol):
    def __call__(self) -> AbstractAsyncContextManager[Place]: ...


@pytest.fixture(scope="module")
def urls(cluster: EmbeddedServer, role_passwords: Path) -> DatabaseUrls:
    urls = asyncio.run(provision(cluster, DATABASE, role_passwords))
    running.upgrade(urls.migration)
    return urls


@pytest.fixture(scope="module")
async def administrator(cluster: EmbeddedServer, urls: DatabaseUrls) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(cluster.dsn(SUPERUSER, cluster.password, DATABASE))
    yield connection
    await connection.close()


@pytest.fixture(scope="module")
def master_key() -> bytes:
    return os.urandom(32)


@pytest.fixture(scope="module")
def keys_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("walk-keys")


@pytest.fixture(scope="module")
async def town(
    urls: DatabaseUrls, administrator: Connection, keys_directory: Path, master_key: bytes
) -> AsyncIterator[Town]:
    keyring = DirectoryKeyRing(keys_directory, master_key)
    keyring.create(SYSTEM)
    database = Database(urls.application)
    yield await build(database, keyring, administrator)
    await database.close()


def client(address: str, **headers: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=address, headers=headers, trust_env=False, timeout=30)


@pytest.fixture(scope="module")
def opened(urls: DatabaseUrls, keys_directory: Path, master_key: bytes) -> OpenPlace:
    @asynccontextmanager
    async def open_() -> AsyncIterator[Place]:
        with listen() as listening:
            settings = settings_at(listening, urls.application, keys_directory, master_key)
            async with (
                serving(settings, listening) as app,
                client(settings.public_url) as http,
                client(settings.public_url, Origin=ORIGIN) as embedded,
            ):
                yield Place(app, settings.public_url, http, embedded)

    return open_


@pytest.fixture(scope="module")
async def place(opened: OpenPlace, town: Town) -> AsyncIterator[Place]:
    async with opened() as place:
        yield place
