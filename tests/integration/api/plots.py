"""The same tenants in a small database and in a large one, and what an API process sends for a request to each."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
from pydantic import SecretStr

from bench.seeding import Ground, Size, sow
from migrations import running
from tenants.embedded import provision
from tenants.postgres.postmaster import SUPERUSER
from tenants.postgres.server import EmbeddedServer
from tenants.roles import MIGRATOR
from tests.integration.api.client import Caller
from tests.integration.api.conftest import Open
from tests.integration.api.explained import Work, as_application, explain
from tests.integration.api.statements import Sent, Statements

Requests = Callable[[Ground], Mapping[str, tuple[str, Mapping[str, Any]]]]
"""Document and variables by name; asked for when everything is sown."""

# Beside what `bench` seeds: what was said once and has changed, automations, and days that wait for others' recompute.
BESIDE = """
INSERT INTO day_component_revisions (
    tenant_id, component, segment, local_day, n, total, total_of_squares, minimum, maximum, valid_from, valid_to
)
SELECT tenant_id, component, segment, local_day, n, total, total_of_squares, minimum, maximum,
       valid_from - interval '2 days', valid_from - interval '1 day'
FROM day_components WHERE component = 'orders';
INSERT INTO period_component_revisions (tenant_id, component, grain, starts_on, n, valid_from, valid_to)
SELECT tenant_id, component, grain, starts_on, n, valid_from - interval '2 days', valid_from - interval '1 day'
FROM period_components WHERE grain = 'MONTH';
INSERT INTO initiatives (tenant_id, id, created_at, name, kind, ai_powered, updated_at)
SELECT tenant_id, id, created_at, title, 'OTHER', false, updated_at FROM objectives;
INSERT INTO initiative_links (tenant_id, id, created_at, initiative_id, objective_id)
SELECT tenant_id, id, created_at, id, id FROM objectives;
INSERT INTO client_tags (organization_id, tenant_id, tag) SELECT organization_id, tenant_id, 'retail' FROM grants;
INSERT INTO dirty_days (tenant_id, local_day, marked_at)
SELECT tenant_id, current_date - day, now() FROM tenant_states, generate_series(1, 5) AS day;
ANALYZE;
"""


@dataclass(frozen=True)
class Plot:
    administrator: asyncpg.Connection
    sent: Mapping[str, Sequence[Sent]]

    async def work(self, request: str, *, generic: bool) -> Work:
        async with as_application(self.administrator) as connection:
            return await explain(connection, self.sent[request], generic=generic)


@asynccontextmanager
async def plot(
    cluster: EmbeddedServer, role_passwords: Path, opened: Open, size: Size, requests: Requests
) -> AsyncIterator[Plot]:
    name = f"azimuth_plot_{size.tenants}_{size.days}"
    urls = await provision(cluster, name, role_passwords)
    await asyncio.to_thread(running.upgrade, urls.migration)
    administrator = await asyncpg.connect(cluster.dsn(SUPERUSER, cluster.password, name))
    try:
        # Seeding calculates in temporary tables, which no role of a real installation may have.
        await administrator.execute(f"GRANT TEMPORARY ON DATABASE {name} TO {MIGRATOR}")
        ground = await sow(urls, name, size)
        await administrator.execute(BESIDE)
        yield Plot(administrator, await _heard(opened, ground, requests))
    finally:
        await administrator.close()


async def _heard(opened: Open, ground: Ground, requests: Requests) -> dict[str, list[Sent]]:
    """Each by a process that remembers nothing of the others but its keys."""
    sent = {}
    for name, (document, variables) in requests(ground).items():
        with Statements().listening() as statements:
            async with (
                opened(database_url=SecretStr(ground.urls.application)) as url,
                httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as http,
            ):
                credentials = (ground.client_id, ground.client_secret)
                token = await http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=credentials)
                caller = Caller(http, token.json()["access_token"])
                assert (await caller.ask("{ tenants { nodes { name } } }")).data
                begin = len(statements.sent)
                assert (await caller.ask(document, **variables)).data
                sent[name] = statements.since(begin)
    return sent
