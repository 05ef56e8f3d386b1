"""The API process loads what it answers with, and nothing of what only the worker, the tests or the sandbox need."""

import base64
import re
from pathlib import Path

import httpx2

from api.demo.processes import Program, free_port, running, until_ready
from api.explain import DASHBOARD
from api.ids import Kind
from tenants.embedded import DatabaseUrls
from tests.integration.api.client import sign_in
from tests.integration.api.world import World

HEAVY = {
    "alembic",
    "numpy",
    "pandas",
    "scipy",
    "statsmodels",
    "statsforecast",
    "vaderSentiment",
    "sklearn",
    "torch",
    "matplotlib",
    "duckdb",
    "polars",
}
ELSEWHERE = {"sandbox", "tests", "bench", "checks", "pytest", "opentelemetry", "requests", "urllib3", "google"}
IMPORTED = re.compile(r"^import time:\s+\d+ \|\s+\d+ \|\s+([\w.]+)$", re.MULTILINE)


async def test_a_server_that_answered_a_dashboard_has_loaded_nothing_it_does_not_need(
    world: World, database_urls: DatabaseUrls, keys_directory: Path, master_key: bytes, tmp_path: Path
) -> None:
    port, log = free_port(), tmp_path / "serve.log"
    url = f"http://127.0.0.1:{port}"
    environment = {
        "DATABASE_URL": database_urls.application,
        "AZIMUTH_PUBLIC_URL": url,
        "AZIMUTH_KEYRING_DIR": str(keys_directory),
        "AZIMUTH_MASTER_KEY": base64.b64encode(master_key).decode(),
        "PYTHONPROFILEIMPORTTIME": "1",  # the interpreter itself tells each module as it is loaded
    }
    program = Program("serve", ("api.cli", "serve", "--port", str(port)), environment, log)
    async with running([program]):
        await until_ready(program, f"{url}/readyz")
        async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as http:
            caller = await sign_in(http, world.agency.machine)
            answer = await caller.ask(DASHBOARD.read_text(), tenant=world.agency.gids[Kind.TENANT])
            assert answer.data["tenant"]["objectives"]["nodes"]
    loaded = {name.partition(".")[0] for name in IMPORTED.findall(log.read_text())}
    assert {"api", "domain", "strawberry", "asyncpg"} <= loaded, "nothing was told of what is loaded"
    assert loaded & (HEAVY | ELSEWHERE) == set()
