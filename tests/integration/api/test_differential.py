"""Whatever is asked of the real schema and the real database, a plan answers as the stock executor does."""

import inspect
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import orjson
import pytest
from graphql import DocumentNode, execute, parse, validate
from graphql.execution import Executor
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.context import Context
from api.errors import present
from api.execution.executor import PlannedExecutor, objects_in
from api.nodes import fetch_node
from api.schema import schema
from domain.connections.house import House
from tenants.access.actor import Actor
from tenants.database import Database
from tenants.jobs import PostgresJobQueue
from tenants.secrets.keyring import DirectoryKeyRing
from tenants.sql import WRITTEN
from tests.fuzz.arguments import Arguments
from tests.fuzz.operations import Operation, Writer
from tests.integration.api.record_shop import RecordShop
from tests.integration.api.world import World

SCHEMA = schema._schema


@dataclass(frozen=True)
class Standing:
    """A clock that shows both the same instant."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant


@dataclass
class Sides:
    """Two houses over the same database: nothing that one remembers helps the other."""

    build: Callable[[], House]
    actor: Actor
    house: House

    async def planned(self, document: DocumentNode, operation: Operation) -> tuple[str, list[str]]:
        return await told(
            PlannedExecutor, Context.of(self.house, self.actor, "r", fetch_node=fetch_node), document, operation
        )

    async def stock(self, document: DocumentNode, operation: Operation) -> tuple[str, list[str]]:
        context = Context.of(self.build(), self.actor, "r", fetch_node=fetch_node)
        return await told(StrawberryGraphQLCoreExecutionContext, context, document, operation)


async def told(
    executor: type[Executor[Any]], context: Context, document: DocumentNode, operation: Operation
) -> tuple[str, list[str]]:
    """The answer's text, in which the order of keys counts, and its errors, whose order does not."""
    try:
        answer = execute(
            SCHEMA,
            document,
            variable_values=dict(operation.variables),
            context_value=context,
            executor_class=executor,
        )
        result = await answer if inspect.isawaitable(answer) else answer
    finally:
        await context.close()
    errors = [json.dumps(present(error, request_id="r"), sort_keys=True, default=str) for error in result.errors or ()]
    if executor is PlannedExecutor and not errors:
        assert context.meter.held - 1 <= context.meter.requested, operation
        assert context.meter.held == objects_in(orjson.loads(orjson.dumps(result.data, default=str))), operation
    return orjson.dumps(result.data, default=str).decode(), sorted(errors)


@pytest.fixture(scope="module")
async def sides(database: Database, keyring: DirectoryKeyRing, world: World) -> Sides:
    clock = Standing(datetime.now(UTC))

    def build() -> House:
        return House(database, keyring, clock, PostgresJobQueue(), {}, "", timedelta(hours=1))

    # Somebody who signed in: what is a person's own is told to no app that is on its own.
    actor = replace(world.agency.machine.actor, person_id=world.agency.person.person_id)
    return Sides(build, actor, build())


@pytest.fixture(scope="module")
async def arguments(world: World, records: RecordShop, sides: Sides) -> Arguments:
    """A tenant with lists of several, those of the world, and a stranger's."""
    planner, kpis = records.planner, list(records.kpis.values())
    objectives = [await planner.objective(f"Objective {at}", kpis=tuple(kpis[at : at + 4])) for at in range(4)]
    targets = [await planner.target(each) for each in kpis[:3]]
    baselines = [await planner.baseline(each, date(2025, 1, 1), date(2025, 3, 31)) for each in kpis[3:6]]
    initiatives = [await planner.initiative(f"Automation {at}") for at in range(3)]
    links = [
        await planner.link(each, objective, kpi)
        for each, objective, kpi in zip(initiatives, objectives, (kpis[0], None, kpis[1]), strict=False)
    ]
    own = [*kpis, *objectives, *targets, *baselines, *initiatives, *links]
    households = (world.agency, world.sister)
    tenants = [records.tenant.gid, *(each.tenant.gid for each in households)]
    return Arguments(
        tenants=tenants,
        ids=[*own, *(gid for each in households for gid in each.gids.values())],
        foreign=list(world.stranger.gids.values()),
        cursors=await cursors(sides, tenants),
        metrics=list(records.kpis),
        now=sides.house.clock.now(),
    )


PAGES = """query($ids: [ID!]!) { tenants { edges { cursor } } metricCatalog { edges { cursor } }
  nodes(ids: $ids) { ... on Tenant { kpis { edges { cursor } } objectives { edges { cursor } }
    initiatives { edges { cursor } } connections { edges { cursor } } } } }"""


async def cursors(sides: Sides, tenants: list[str]) -> dict[str, list[str]]:
    text, errors = await sides.stock(parse(PAGES), Operation(PAGES, {"ids": tenants}))
    assert not errors
    data = json.loads(text)
    found: dict[str, list[str]] = {}
    for part in (data, *data.pop("nodes")):
        for name, page in part.items():
            found.setdefault(name, []).extend(each["cursor"] for each in page["edges"])
    return found


def operations(arguments: Arguments, seed: int, count: int) -> Iterator[tuple[Operation, DocumentNode]]:
    rng = Random(seed)
    while count:
        operation = Writer(SCHEMA, rng, arguments, deepest=rng.randint(3, 7)).write()
        document = parse(operation.document)
        if not validate(SCHEMA, document):
            count -= 1
            yield operation, document


# The library itself leaves resolvers behind that were under way when another one failed at once.
@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("seed", "count"), [(0, 150), pytest.param(1, 10_000, marks=pytest.mark.long)])
async def test_a_plan_answers_as_the_stock_executor_does(
    sides: Sides, arguments: Arguments, seed: int, count: int
) -> None:
    plans, whole, written = PlannedExecutor.plans, 0, len(WRITTEN)
    before = plans.planned
    for operation, document in operations(arguments, seed, count):
        planned = await sides.planned(document, operation)
        # Again by what was made and remembered for the first.
        assert await sides.planned(document, operation) == planned, operation
        stock = await sides.stock(document, operation)
        assert planned == stock, operation
        assert not any("INTERNAL_ERROR" in each for each in stock[1]), operation
        whole += not stock[1]
    assert plans.planned - before == 2 * whole, "an answer without an error that no plan gave"
    assert 0.7 * count <= whole < count
    assert len(WRITTEN) == written, "a statement was made for a request"
