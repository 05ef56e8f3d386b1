"""What every test may lean on: a real PostgreSQL, the application's role on it, and a closed network."""

import asyncio
import ipaddress
import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from migrations import running
from tenants.clock import WallClock
from tenants.database import Database
from tenants.embedded import DatabaseUrls, provision
from tenants.postgres.server import EmbeddedServer, throwaway
from tenants.secrets.keyring import SYSTEM, DirectoryKeyRing


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Every seed of the chaos and fuzz runs is for `./dev test --long`, or for who asks by the mark."""
    if os.environ.get("AZIMUTH_LONG") or config.option.markexpr:
        return
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("long")])
    items[:] = [item for item in items if not item.get_closest_marker("long")]


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of reference material; a run that demands it fails where it is missing."""
    folder = os.environ.get("AZIMUTH_REFERENCE")
    if folder is None:
        if os.environ.get("AZIMUTH_REQUIRE_REFERENCE") == "1":
            pytest.fail("AZIMUTH_REFERENCE must name the reference material in this run")
        pytest.skip("AZIMUTH_REFERENCE is not set: the reference material is not here")
    return Path(folder)


@pytest.fixture(scope="session")
def cluster() -> Iterator[EmbeddedServer]:
    with throwaway() as server:
        yield server


@pytest.fixture(scope="session")
def role_passwords(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Roles belong to the whole server: every database of it shares them."""
    return tmp_path_factory.mktemp("roles") / "passwords.json"


@pytest.fixture(scope="session")
def database_urls(cluster: EmbeddedServer, role_passwords: Path) -> DatabaseUrls:
    """A freshly migrated database of this test process's own."""
    urls = asyncio.run(provision(cluster, "azimuth_test", role_passwords))
    running.upgrade(urls.migration)
    return urls


@pytest.fixture(scope="session")
async def database(database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    """As the application sees it: bound by row-level security."""
    opened = Database(database_urls.application, pool_size=10)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> DirectoryKeyRing:
    ring = DirectoryKeyRing(tmp_path_factory.mktemp("keys"), os.urandom(32))
    ring.create(SYSTEM)
    return ring


@pytest.fixture(scope="session")
def clock() -> WallClock:
    return WallClock()


@pytest.fixture(autouse=True, scope="session")
def closed_network() -> Iterator[None]:
    """Only this machine can be reached."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            assert isinstance(address, tuple)
            if not ipaddress.ip_address(str(address[0])).is_loopback:
                raise RuntimeError(f"a test tried to reach {address[0]}")
        connect(self, address)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield
