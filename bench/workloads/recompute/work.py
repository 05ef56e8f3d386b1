"""Bringing one tenant's components up to date, against the bare statement that aggregates its facts."""

import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import asyncpg

from bench.cpu import Charged, difference
from bench.model import Failed, Heat, Reading, Run
from bench.seeding import Ground, Size
from bench.stage import Stage
from domain.kpis.recompute import recompute_tenant
from tenants.clock import WallClock
from tenants.database import Database
from tenants.registry.profile import Profile, get_profile
from tenants.roles import APPLICATION, MIGRATOR
from tenants.scope import Scope

HERE = Path(__file__).parent
AGGREGATE = (HERE / "aggregate.sql").read_text()
# Of five tenants one is worked on: a table that holds nobody else would be planned for as no real one is.
SIZE = Size(tenants=5, days=730, orders=20_000)
DIRTY = SIZE.days // 100
BARE = "bench aggregate"

COMPUTED = ("day_components", "period_components", "entity_days")
CURRENT = ("current_values", "current_statuses")
KEPT = (*COMPUTED, "day_component_revisions", "period_component_revisions", *CURRENT, "recompute_runs", "dirty_days")
COLUMNS = {
    "day_components": "component, segment, local_day, n, total, total_of_squares, minimum, maximum",
    "period_components": "component, grain, starts_on, n",
    "entity_days": "subject_id, local_day, orders",
}

Step = Callable[[], Awaitable[object]]


@dataclass
class Bench:
    """`migrator` sets the scene and is not measured; `bare` runs the bare statement."""

    stage: Stage
    ground: Ground
    database: Database
    migrator: asyncpg.Connection
    bare: asyncpg.Connection
    profile: Profile
    clock: WallClock = field(default_factory=WallClock)
    _turn: int = 0
    _analyzed: bool = False

    @property
    def tenant_id(self) -> UUID:
        return self.profile.tenant_id

    async def forget(self) -> None:
        """As after a first backfill: facts, every day of them dirty, and no dead rows of the last time in the way."""
        for table in KEPT:
            await self.migrator.execute(f"DELETE FROM {table} WHERE tenant_id = $1", self.tenant_id)
        await self.migrator.execute(
            "INSERT INTO dirty_days SELECT DISTINCT tenant_id, local_day, now() FROM ("
            " SELECT tenant_id, local_day FROM order_facts UNION ALL SELECT tenant_id, local_day FROM refund_facts"
            ") AS facts WHERE tenant_id = $1",
            self.tenant_id,
        )
        await self.migrator.execute(
            "UPDATE tenant_states SET first_day = NULL, current_basis = NULL, computed_through = NULL"
            " WHERE tenant_id = $1",
            self.tenant_id,
        )
        # Statistics know the others only, as it is with a new tenant.
        await self.migrator.execute(f"VACUUM (ANALYZE) {', '.join(KEPT)}")
        self._analyzed = False

    async def correct(self) -> None:
        """One order on each of 1 % of the days comes out dearer than it was; other days every time."""
        self._turn += 1
        if not self._analyzed:
            await self.migrator.execute(f"ANALYZE {', '.join(KEPT)}")
            self._analyzed = True
        days = [(self._turn * 37 + step * 101) % SIZE.days for step in range(DIRTY)]
        today = self.profile.today(self.clock.now())
        await self.migrator.execute(
            "UPDATE order_facts SET gross_minor = gross_minor + 1 WHERE tenant_id = $1 AND external_id IN ("
            " SELECT min(external_id) FROM order_facts WHERE tenant_id = $1 AND $2 - local_day = ANY ($3::int[])"
            " GROUP BY local_day)",
            self.tenant_id,
            today,
            days,
        )
        await self.migrator.execute(
            "INSERT INTO dirty_days SELECT $1, $2::date - ago, now() FROM unnest($3::int[]) AS ago",
            self.tenant_id,
            today,
            days,
        )

    async def recompute(self) -> None:
        days = await recompute_tenant(self.database, self.clock, tenant_id=self.tenant_id)
        if days not in (DIRTY, SIZE.days):
            raise Failed(f"the recompute took up {days} days")

    async def clear_scratch(self) -> None:
        await self.migrator.execute(f"TRUNCATE {', '.join(f'bench.{table}' for table in COMPUTED)}")

    async def aggregate(self) -> None:
        await self.bare.execute(AGGREGATE, self.tenant_id, self.profile.today(self.clock.now()))

    async def compare(self) -> None:
        """Raises Failed where the engine and the bare statement do not find the same."""
        await self.forget()
        await self.recompute()
        await self.clear_scratch()
        await self.aggregate()
        for table, columns in COLUMNS.items():
            # The engine also writes that nothing happened.
            ours = f"SELECT {columns} FROM {table} WHERE tenant_id = $1"
            theirs = f"SELECT {columns} FROM bench.{table} WHERE tenant_id = $1"
            if table != "entity_days":
                ours, theirs = f"{ours} AND n > 0", f"{theirs} AND n > 0"
            for query, who in ((f"{ours} EXCEPT {theirs}", "the engine"), (f"{theirs} EXCEPT {ours}", "the statement")):
                row = await self.migrator.fetchrow(query, self.tenant_id)
                if row is not None:
                    raise Failed(f"{table}: only {who} has {dict(row)}")

    def timed(self, before: Step, work: Step, charged: Charged) -> Run:
        async def run(seconds: float) -> Reading:
            count, elapsed, cpu = 0, 0.0, 0.0
            while elapsed < seconds:
                await before()
                spent = await self.stage.meter.read(charged)
                began = time.perf_counter()
                await work()
                elapsed += time.perf_counter() - began
                cpu += difference(spent, await self.stage.meter.read(charged))
                count += 1
            return Reading(count, elapsed, cpu)

        return run


@asynccontextmanager
async def prepare(stage: Stage) -> AsyncIterator[Sequence[Heat]]:
    ground = await stage.ground(SIZE)
    database = Database(ground.urls.application, pool_size=1, statement_timeout_seconds=300)
    migrator = await asyncpg.connect(ground.urls.migration)
    bare = await asyncpg.connect(ground.urls.migration, server_settings={"application_name": BARE})
    try:
        async with database.snapshot(Scope.of_tenant(ground.tenants[0])) as session:
            profile = await get_profile(session, ground.tenants[0])
        bench = Bench(stage, ground, database, migrator, bare, profile)
        await migrator.execute((HERE / "scratch.sql").read_text())
        await bench.compare()
        yield [heat_of(bench)]
    finally:
        await bare.close()
        await migrator.close()
        await database.close()


def heat_of(bench: Bench) -> Heat:
    """This process does the worker's work, so it is charged; what sets the scene runs outside the measured time."""
    engine = Charged(os.getpid(), bench.ground.name, APPLICATION)
    statement = Charged(os.getpid(), bench.ground.name, MIGRATOR, BARE)
    return Heat(
        "",
        {
            "statement": bench.timed(bench.clear_scratch, bench.aggregate, statement),
            "cold": bench.timed(bench.forget, bench.recompute, engine),
            "1 % dirty": bench.timed(bench.correct, bench.recompute, engine),
        },
    )
