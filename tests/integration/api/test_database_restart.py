"""The database is restarted while nobody asks: whoever asks next notices nothing."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx2
import pytest
from pydantic import SecretStr

from migrations import running
from tenants.database import Database
from tenants.embedded import DatabaseUrls, provision
from tenants.postgres.server import EmbeddedServer, throwaway
from tenants.settings import Environment, Settings
from tests.factories.organizations import new_machine
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.server import serving
from tests.integration.api.subscriber import subscriber
from tests.loopback import listen

TENANTS = "{ tenants { nodes { name currency } } }"
AT_ONCE = 6


@dataclass(frozen=True)
class House:
    """An API process over a server of its own, which may be restarted without disturbing other tests."""

    server: EmbeddedServer
    urls: DatabaseUrls
    caller: Caller

    async def restart(self) -> None:
        """As an administrator does: every connection is closed; the server comes back by itself."""
        before = self.postmaster()
        os.kill(before, signal.SIGINT)
        deadline = time.monotonic() + 30
        while True:
            try:
                connection = await asyncpg.connect(self.urls.application)
            except (OSError, asyncpg.PostgresError):
                assert time.monotonic() < deadline, "it did not come back"
                await asyncio.sleep(0.05)
                continue
            await connection.close()
            if self.postmaster() != before:
                return

    def postmaster(self) -> int:
        return int(next(self.server.data_dir.rglob("postmaster.pid")).read_text().split()[0])

    async def change_and_read(self, name: str) -> list[Any]:
        """A change and then reads, several at once, so that many connections are open."""
        new = {"name": name, "currency": "EUR", "timeZone": "Europe/Berlin"}
        changes = [self.caller.change("tenantCreate", "tenant { name }", **new) for _ in range(AT_ONCE)]
        reads = [self.caller.ask(TENANTS) for _ in range(AT_ONCE)]
        answers = await asyncio.gather(*changes, *reads)
        return [each["tenant"] for each in answers[:AT_ONCE]] + [each.data for each in answers[AT_ONCE:]]


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    with throwaway() as server:
        yield server


@pytest.fixture(scope="module")
async def house(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    state = tmp_path_factory.mktemp("restarted")
    urls = await provision(server, "azimuth_restarted", state / "passwords.json")
    await asyncio.to_thread(running.upgrade, urls.migration)
    database = Database(urls.application, pool_size=1)
    machine = await new_machine(database)
    await database.close()
    with listen() as listening:
        settings = Settings(
            environment=Environment.TEST,
            database_url=SecretStr(urls.application),
            public_url=f"http://127.0.0.1:{listening.getsockname()[1]}",
            state_dir=state,
        )
        async with (
            serving(settings, listening),
            httpx2.AsyncClient(base_url=settings.public_url, trust_env=False, timeout=30) as http,
        ):
            yield House(server, urls, await sign_in(http, machine))


async def test_no_request_fails_for_it(house: House) -> None:
    await house.change_and_read("Before")
    for round_ in range(2):
        await house.restart()
        answers = await house.change_and_read(f"After {round_}")
        assert answers[:AT_ONCE] == [{"name": f"After {round_}"}] * AT_ONCE
        assert len(answers) == 2 * AT_ONCE


async def test_who_is_told_goes_on_to_be_told(house: House) -> None:
    """What changed before anybody could look again is told, too."""
    new = {"name": "Watched", "currency": "EUR", "timeZone": "Europe/Berlin"}
    tenant = (await house.caller.change("tenantCreate", "tenant { id }", **new))["tenant"]["id"]
    address = str(house.caller.http.base_url).rstrip("/")
    query = "subscription($t: ID!) { metricChanged(tenantId: $t) { kpis { metricKey } } }"
    async with subscriber(address, house.caller.token) as told:
        await told.subscribe(query, t=tenant)
        assert (await told.next())["metricChanged"]["kpis"] == []
        for keys in (["orders"], ["orders", "net_revenue"]):
            await house.restart()
            await house.caller.change("kpiCreate", tenantId=tenant, metricKey=keys[-1])
            assert [kpi["metricKey"] for kpi in (await told.next())["metricChanged"]["kpis"]] == keys
