"""The worker: no more jobs than connections, more patience than an answer has, and a house that is kept."""

import asyncio
import contextlib
import os
import subprocess
import sys
from base64 import b64encode
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx2
import pytest

from api.demo.processes import Program, free_port, running
from api.worker import BESIDE_JOBS, jobs_at_once, of_worker
from tenants.clock import wall_now
from tenants.database import Database
from tenants.embedded import DatabaseUrls
from tenants.ids import new_id
from tenants.secrets.keyring import DirectoryKeyRing
from tenants.settings import Settings
from tests.factories.organizations import new_machine
from tests.factories.shops import new_provider_app, new_shop
from tests.factories.tenants import new_tenant
from tests.integration.api.scrape import Samples, scrape, value
from tests.loopback import listen


@pytest.mark.parametrize("pool", [1, 3, 4, 5, 10, 200])
def test_every_job_at_once_has_a_connection(pool: int) -> None:
    settings = of_worker(Settings(pool_size=pool))
    assert jobs_at_once(settings) + BESIDE_JOBS == settings.pool_size
    # The queue's library takes batches of half as many at most, and of one at least.
    assert jobs_at_once(settings) // 2 >= 1
    assert settings.pool_size in (pool, 4)


def test_a_job_may_take_longer_than_an_answer() -> None:
    settings = Settings(statement_timeout_seconds=7, job_statement_timeout_seconds=70)
    assert of_worker(settings).statement_timeout_seconds == 70
    assert Settings().job_statement_timeout_seconds > Settings().statement_timeout_seconds


async def test_a_worker_forgets_what_is_old_without_being_asked(database_urls: DatabaseUrls, tmp_path: Path) -> None:
    environment = {
        "DATABASE_URL": database_urls.application,
        "AZIMUTH_STATE_DIR": str(tmp_path),
        "AZIMUTH_MASTER_KEY": b64encode(os.urandom(32)).decode(),
    }
    connection = await asyncpg.connect(database_urls.migration)
    attempt = new_id()
    await connection.execute(
        "INSERT INTO sign_in_attempts VALUES ($1, $2, '')", attempt, wall_now() - timedelta(days=2)
    )
    try:
        worker = Program("worker", ("api.cli", "worker"), environment, tmp_path / "worker.log")
        async with running([worker]):
            there = "SELECT count(*) FROM sign_in_attempts WHERE id = $1"
            for _ in range(300):
                if await connection.fetchval(there, attempt) == 0:
                    break
                await asyncio.sleep(0.1)
            assert await connection.fetchval(there, attempt) == 0
    finally:
        await connection.close()
    assert "stumbled" not in (tmp_path / "worker.log").read_text()


async def test_a_worker_tells_what_waits_over_all_tenants(
    database: Database, keyring: DirectoryKeyRing, database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    machine = await new_machine(database)
    tenant = await new_tenant(database, keyring, machine.actor)
    app = await new_provider_app(database, keyring, machine.organization_id)
    shop = await new_shop(database, keyring, tenant, provider_app_id=app)
    later, earlier = wall_now() + timedelta(hours=1), wall_now() - timedelta(minutes=30)
    connection = await asyncpg.connect(database_urls.migration)
    for number in range(3):
        await connection.execute(
            "INSERT INTO webhook_deliveries (tenant_id, connection_id, delivery_id, topic, received_at, status,"
            " attempts, duplicates, due_at) VALUES ($1, $2, $3, 'orders/updated', $4, 'RECEIVED', 1, 0, $5)",
            *(tenant.id, shop.connection_id, f"told-{number}", earlier, later),
        )
    await connection.execute("INSERT INTO dirty_days VALUES ($1, '2025-01-01', $2)", tenant.id, earlier)
    port = free_port()
    environment = {
        "DATABASE_URL": database_urls.application,
        "AZIMUTH_STATE_DIR": str(tmp_path),
        "AZIMUTH_MASTER_KEY": b64encode(os.urandom(32)).decode(),
        "AZIMUTH_METRICS_PORT": str(port),
    }
    worker = Program("worker", ("api.cli", "worker"), environment, tmp_path / "worker.log")
    try:
        async with running([worker]):
            samples = await scraped(port, "azimuth_backlog_timestamp_seconds")
            assert value(samples, "azimuth_connections") >= 1
            assert value(samples, "azimuth_deliveries_waiting") >= 3
            assert 1700 < value(samples, "azimuth_delivery_age_seconds") < 2000
            assert value(samples, "process_resident_memory_bytes") > 20_000_000
            # The tick finds the day that nobody woke a worker for, and a job makes it anew.
            samples = await scraped(port, "azimuth_recomputed_days_total")
            assert value(samples, "azimuth_job_seconds_count", kind="recompute", outcome="ok") >= 1
            assert value(samples, "azimuth_job_database_seconds_total", kind="recompute") > 0
            assert not [labels for _, labels in samples if str(tenant.id) in str(labels)]
    finally:
        await connection.execute("DELETE FROM webhook_deliveries WHERE tenant_id = $1", tenant.id)
        await connection.close()


async def scraped(port: int, until: str) -> Samples:
    """As soon as that is more than nothing."""
    for _ in range(300):
        with contextlib.suppress(httpx2.TransportError):
            samples, _ = await scrape(port)
            if value(samples, until) > 0:
                return samples
        await asyncio.sleep(0.1)
    raise AssertionError(f"{until} stayed at 0")


def test_a_port_that_is_taken_is_told_in_a_line(database_urls: DatabaseUrls, tmp_path: Path) -> None:
    with listen() as listening:
        for command in ("serve", "worker"):
            ended = subprocess.run(
                [sys.executable, "-m", "api.cli", command],
                env={
                    "PATH": os.environ["PATH"],
                    "DATABASE_URL": database_urls.application,
                    "AZIMUTH_STATE_DIR": str(tmp_path),
                    "AZIMUTH_METRICS_PORT": str(listening.getsockname()[1]),
                },
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert ended.returncode == 2, ended.stderr
            assert "AZIMUTH_METRICS_PORT: cannot listen on 127.0.0.1:" in ended.stderr
            assert "Traceback" not in ended.stderr
