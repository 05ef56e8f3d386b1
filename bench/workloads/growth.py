"""Whether a dashboard costs the same with ten times the history and ten times the tenants."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from bench.endpoints import compared, heat
from bench.model import Heat
from bench.seeding import Size
from bench.servers import production
from bench.stage import Stage
from bench.workloads.reads import DASHBOARD, HERD

# The shorter history still holds all that a dashboard shows, or it would be answered by looking at less.
SIZES = {
    "small": Size(tenants=5, days=73),
    "10x history": Size(tenants=5, days=730),
    "10x tenants": Size(tenants=50, days=73),
    "10x both": HERD,  # the planner may change its mind only where a tenant is a small part of a large table
}


@asynccontextmanager
async def prepare(stage: Stage) -> AsyncIterator[Sequence[Heat]]:
    """A database and an API process for each size; the tenants they share have the same answers.

    Nothing is remembered: who need not look at the history cannot feel it grow.
    """
    async with AsyncExitStack() as stack:
        endpoints = []
        for name, size in SIZES.items():
            ground = await stage.ground(size)
            server = production(stage, ground, DASHBOARD, name=name, remembers=False)
            endpoints.append(await stack.enter_async_context(server))
        yield [heat(stage, "c=16", endpoints, await compared(endpoints), 16)]
