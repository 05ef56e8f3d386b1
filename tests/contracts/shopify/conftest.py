import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from connectors.http import open_client
from connectors.shopify.provider import shopify_provider
from domain.ports.provider import Provider
from tests.contracts.shopify.house import LAST_DAY, Installed
from tests.sandbox.client import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, Desk, Store
from tests.sandbox.receiver import Receiver

ROOT = Path(__file__).parents[3]
APPS = [{"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_uris": [REDIRECT_URI]}]
# As small as a real shop's bucket, but refilled faster, so that a test which meets its bottom does not take long.
OPTIONS = ("--last-day", LAST_DAY.isoformat(), "--bucket", "4000", "--restore-rate", "2000", "--retry-seconds", "0.1")


def announced(ready: Path, process: subprocess.Popen[bytes]) -> dict[str, str]:
    for _ in range(200):
        if ready.exists():
            return dict(json.loads(ready.read_text()))
        assert process.poll() is None, "the sandbox ended before it listened"
        time.sleep(0.05)
    raise AssertionError("the sandbox did not start within ten seconds")


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    ready = tmp_path_factory.mktemp("shopify") / "ready.json"
    command = [sys.executable, "-m", "sandbox", "--ready-file", str(ready), *OPTIONS]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "SANDBOX_APPS": json.dumps(APPS)})
    try:
        news = announced(ready, process)
        desk = Desk(news["url"], news["control_token"])
        yield desk
        desk.close()
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture(scope="session")
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client() as client:
        yield client


@pytest.fixture
def provider(http: httpx2.AsyncClient) -> Provider:
    """With no lag, so that a test sees at once what it has just changed."""
    return shopify_provider(http, overlap=timedelta(minutes=10), lag=timedelta(0), page_size=50)


@pytest.fixture
def store(desk: Desk, request: pytest.FixtureRequest) -> Store:
    """A shop of its own for every test, with the first forty customers of the panel."""
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name.lower())
    return desk.open_shop(
        f"{name[:40]}-{time.monotonic_ns()}.myshopify.com", last_day=LAST_DAY.isoformat(), last_customer=40
    )


@pytest.fixture
async def shop(store: Store, provider: Provider) -> Installed:
    return await Installed.into(store, provider)


@pytest.fixture
async def panel(desk: Desk, provider: Provider) -> Installed:
    return await Installed.into(desk.store("first-light.myshopify.com"), provider)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening
