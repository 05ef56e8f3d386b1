"""What one dashboard costs, in counts that no machine's load can move. The second request of a process is counted: the
first one makes plans. What is allocated shows in the peak, what is made and dropped again in the calls that make it.
Times are the benchmarks' business."""

import gc
import sys
import tracemalloc
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import bench
from api.context import Context, Reader
from api.execution.executor import PlannedExecutor
from api.http.answers import Asked, answer_of
from api.http.media import JSON
from api.metering import Meter
from api.nodes import fetch_node
from api.schema import schema
from domain.connections.house import House
from domain.kpis.memory import Memory
from domain.kpis.trajectories import Trajectory
from tenants.database import Database
from tenants.jobs import PostgresJobQueue
from tenants.secrets.keyring import DirectoryKeyRing
from tenants.snapshots import Snapshot
from tenants.telemetry.tally import tallied
from tests.integration.api.record_shop import open_record_shop
from tests.integration.api.test_differential import Standing
from tests.integration.api.world import World

DOCUMENT = (Path(bench.__file__).parent / "shapes" / "dashboard" / "document.graphql").read_text()
VARIABLES = {"objectives": 5, "kpis": 3, "days": 30, "course": True, "columns": False}


@dataclass
class Cost:
    statements: int
    planned: int
    size: int
    calls: int
    peak: int


@dataclass
class Desk:
    """Asks in the test's own loop."""

    house: House
    world: World
    tenant: str

    async def ask(self) -> bytes:
        actor = self.world.agency.machine.actor
        context = Context.of(self.house, actor, "r", fetch_node=fetch_node)
        try:
            result = await schema.execute(
                DOCUMENT, variable_values={**VARIABLES, "tenant": self.tenant}, context_value=context
            )
        finally:
            await context.close()
        assert not result.errors
        return bytes(
            answer_of(result, Asked({}, actor, "r", "POST", JSON, context.meter), None, was_executed=True).body
        )

    async def cost(self) -> Cost:
        await self.ask()
        planned = PlannedExecutor.plans.planned
        with tallied() as tally:
            body = await self.ask()
        planned = PlannedExecutor.plans.planned - planned
        calls = Counter[str]()

        def count(_: FrameType, event: str, __: Any) -> None:
            calls[event] += 1

        sys.setprofile(count)
        try:
            await self.ask()
        finally:
            sys.setprofile(None)
        tracemalloc.start()
        try:
            await self.ask()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        return Cost(tally.statements, planned, len(body), calls["call"], peak)


@pytest.fixture(scope="module")
async def tenant(world: World) -> str:
    records = await open_record_shop(world)
    planner, kpis = records.planner, list(records.kpis.values())
    for at in range(5):
        await planner.objective(f"Objective {at}", kpis=tuple(kpis[at : at + 3]))
    for kpi in kpis[:7]:
        await planner.target(kpi, trajectory=Trajectory.HOLD)
        await planner.baseline(kpi, date(2025, 1, 1), date(2025, 3, 31))
    return records.tenant.gid


@pytest.fixture(scope="module")
async def desk(database: Database, keyring: DirectoryKeyRing, world: World, tenant: str) -> Desk:
    clock = Standing(datetime.now(UTC))
    house = House(database, keyring, clock, PostgresJobQueue(), {}, "", timedelta(hours=1))
    return Desk(house, world, tenant)


async def test_a_dashboard_that_was_asked_before(desk: Desk) -> None:
    cost = await desk.cost()
    assert cost.planned == 1
    assert cost.statements == 6
    assert cost.size < 25_000
    assert cost.calls < 2_800
    assert cost.peak < 370_000


async def test_a_dashboard_of_which_nothing_is_remembered(desk: Desk) -> None:
    forgetful = Desk(House(**{**vars(desk.house), "memory": Memory(0)}), desk.world, desk.tenant)
    cost = await forgetful.cost()
    assert cost.planned == 1
    assert cost.statements == 8
    assert cost.calls < 6_400
    assert cost.peak < 465_000


def living() -> int:
    """What an answer is made with, and would be kept by a circle."""
    return sum(type(each) in (PlannedExecutor, Context, Reader, Meter, Snapshot) for each in gc.get_objects())


async def test_an_answer_leaves_nothing_for_the_collector(desk: Desk) -> None:
    """By its plan. What is in a circle stays until all of the process is searched, and so does whatever it holds."""
    await desk.ask()
    gc.collect()
    gc.disable()
    try:
        before = living()
        await desk.ask()
        assert living() == before
    finally:
        gc.enable()
