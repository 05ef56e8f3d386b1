"""The worker: no more jobs than connections, more patience than an answer has, and a house that is kept."""

import asyncio
import os
from base64 import b64encode
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from api.demo.processes import Program, running
from api.worker import BESIDE_JOBS, jobs_at_once, of_worker
from tenants.clock import wall_now
from tenants.embedded import DatabaseUrls
from tenants.ids import new_id
from tenants.settings import Settings


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
