"""Reads over HTTP: our API against the same answer made by the database itself, and by other ways to have GraphQL."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from bench.endpoints import Endpoint, compared, heat
from bench.model import Heat, Unavailable
from bench.postgraphile import postgraphile
from bench.seeding import Ground, Size
from bench.servers import production, reference, usual
from bench.shape import Shape
from bench.stage import Stage

HERD = Size(tenants=50, days=730)
CROWD = 16
GUESTS: dict[str, Callable[[Stage, Ground, Shape], AbstractAsyncContextManager[Endpoint]]] = {
    "postgraphile": postgraphile,
    "usual": usual,
}


def with_guest(name: str) -> str:
    """The heat where a guest takes turns with us alone: rounds of many slices are rounds in which a machine moves."""
    return f"c={CROWD} {name}"


FORGETFUL = f"c={CROWD} forgetful"
"""The heat where no value is remembered from one request to the next."""


@dataclass(frozen=True)
class Read:
    """`references` take turns with production at each number of connections, each of `guests` in a heat of its own."""

    shape: Shape
    references: tuple[str, ...] = ("raw",)
    guests: tuple[str, ...] = ()
    concurrency: tuple[int, ...] = (1, CROWD)
    size: Size = field(default=HERD)

    @asynccontextmanager
    async def prepare(self, stage: Stage) -> AsyncIterator[Sequence[Heat]]:
        ground = await stage.ground(self.size)
        async with AsyncExitStack() as stack:
            servers = [reference(stage, ground, self.shape, name=each) for each in self.references]
            endpoints = [await stack.enter_async_context(server) for server in servers]
            ours = await stack.enter_async_context(production(stage, ground, self.shape))
            forgetful = await stack.enter_async_context(
                production(stage, ground, self.shape, name="forgetful", remembers=False)
            )
            guests: dict[str, Endpoint] = {}
            missing: dict[str, str] = {}
            for name in self.guests:
                try:
                    guests[name] = await stack.enter_async_context(GUESTS[name](stage, ground, self.shape))
                except Unavailable as why:
                    missing[name] = str(why)
            endpoints.append(ours)
            lengths = await compared([*endpoints, forgetful, *guests.values()])
            yield [
                *(heat(stage, f"c={each}", endpoints, lengths, each) for each in self.concurrency),
                heat(stage, FORGETFUL, [endpoints[0], forgetful], lengths, CROWD),
                *(heat(stage, with_guest(name), [guest, ours], lengths, CROWD) for name, guest in guests.items()),
                *(Heat(with_guest(name), {}, {name: why}) for name, why in missing.items()),
            ]


DASHBOARD = Shape("dashboard", {"objectives": 5, "kpis": 3, "days": 30, "course": True, "columns": False})
# Nothing is tuned on this one: it shows whether what was gained above was gained for dashboards at large.
OVERVIEW = Shape("overview", {"first": 15, "weeks": 13, "brief": False})
PORTFOLIO = Shape("portfolio", {"tenants": 50, "kpis": 3, "brief": False}, of_all=True)
SHAPES = (DASHBOARD, OVERVIEW, PORTFOLIO)
