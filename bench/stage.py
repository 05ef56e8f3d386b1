"""What all benchmarks stand on: one PostgreSQL server of our own, seeded databases in it, the meter, the load."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from bench.cpu import Meter
from bench.crew import Crew
from bench.generator import Generator, generator
from bench.seeding import Ground, Size, sow
from migrations import running
from tenants.embedded import provision
from tenants.postgres.server import EmbeddedServer, throwaway
from tenants.roles import MIGRATOR


@dataclass
class Stage:
    server: EmbeddedServer
    directory: Path
    meter: Meter
    load: Generator
    crew: Crew
    _grounds: dict[Size, Ground] = field(default_factory=dict)

    async def ground(self, size: Size) -> Ground:
        """A database of that size, made when it is first asked for."""
        if size not in self._grounds:
            name = f"bench_{size.tenants}_{size.days}_{size.orders}"
            urls = await provision(self.server, name, self.directory / "roles.json")
            await asyncio.to_thread(running.upgrade, urls.migration)
            # Seeding calculates in temporary tables, which no role of a real installation may have.
            await self.meter.connection.execute(f"GRANT TEMPORARY ON DATABASE {name} TO {MIGRATOR}")
            self._grounds[size] = await sow(urls, name, size)
            # The pages just written go to disk now, and not under somebody's measurement.
            await self.meter.connection.execute("CHECKPOINT")
        return self._grounds[size]


@asynccontextmanager
async def stage(crew: Crew) -> AsyncIterator[Stage]:
    """Durable, as in production: what is written is flushed when it is committed."""
    with throwaway(durable=True) as server, tempfile.TemporaryDirectory(prefix="azimuth-bench-") as directory:
        administrator = await asyncpg.connect(server.superuser_dsn)
        try:
            async with generator() as load:
                yield Stage(server, Path(directory), Meter(administrator), load, crew)
        finally:
            await administrator.close()
