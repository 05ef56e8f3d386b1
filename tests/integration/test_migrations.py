"""The schema goes up, comes down and goes up again, and the models agree with it."""

import asyncio
from pathlib import Path

from migrations import running
from tenants.embedded import provision
from tenants.postgres.server import EmbeddedServer


async def test_the_schema_goes_up_and_down_and_up_again(cluster: EmbeddedServer, role_passwords: Path) -> None:
    urls = await provision(cluster, "azimuth_migrations", role_passwords)
    await asyncio.to_thread(running.upgrade, urls.migration)
    await asyncio.to_thread(running.check, urls.migration)
    await asyncio.to_thread(running.downgrade, urls.migration, "base")
    await asyncio.to_thread(running.upgrade, urls.migration)
    await asyncio.to_thread(running.check, urls.migration)
