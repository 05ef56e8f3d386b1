"""Reads over HTTP: our API against the same answer made by the database itself."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.endpoints import heats_of
from bench.model import Heat
from bench.seeding import Size
from bench.servers import production, reference
from bench.stage import Stage

SHAPES = Path(__file__).parents[1] / "shapes"
HERD = Size(tenants=50, days=730)


@dataclass(frozen=True)
class Shape:
    """A folder with `document.graphql` and, for each reference server, a statement of its name.

    What the statements have in common, if anything, is in `figures.sql`."""

    name: str
    variables: dict[str, object]
    references: tuple[str, ...] = ("raw",)
    concurrency: tuple[int, ...] = (1, 16)
    size: Size = field(default=HERD)

    @property
    def document(self) -> str:
        return (SHAPES / self.name / "document.graphql").read_text()

    def statement(self, reference: str) -> list[Path]:
        parts = (SHAPES / self.name / file for file in ("figures.sql", f"{reference}.sql"))
        return [part for part in parts if part.exists()]

    @asynccontextmanager
    async def prepare(self, stage: Stage) -> AsyncIterator[Sequence[Heat]]:
        ground = await stage.ground(self.size)
        async with AsyncExitStack() as stack:
            servers = [reference(stage, ground, each, self.statement(each), name=each) for each in self.references]
            servers.append(production(stage, ground, self.document, self.variables))
            endpoints = [await stack.enter_async_context(server) for server in servers]
            yield await heats_of(stage, endpoints, self.concurrency)


DASHBOARD = Shape(
    "dashboard",
    {"objectives": 5, "kpis": 3, "days": 30, "course": True, "columns": False},
    references=("raw", "arrays"),
)
# Nothing is tuned on this one: it shows whether what was gained above was gained for dashboards at large.
OVERVIEW = Shape("overview", {"first": 15, "weeks": 13, "brief": False})
