"""Whatever is asked, a plan answers as the stock executor does."""

import inspect
import json
from collections.abc import Iterator
from random import Random
from typing import Any

import orjson
import pytest
from graphql import DocumentNode, GraphQLArgument, execute, get_named_type, parse, validate
from graphql.execution import Executor
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.execution.executor import PlannedExecutor, objects_in
from tests.fuzz.operations import Operation, Writer
from tests.unit.execution.zoo import SCHEMA, Keeper


def offer(rng: Random, name: str, argument: GraphQLArgument) -> Any:
    kind = get_named_type(argument.type).name
    if kind == "Diet":
        both = rng.choice((["HAY"], ["MEAT"], ["HAY", "MEAT"]))
        return both if str(argument.type).startswith("[") else both[0]
    if kind == "ID":
        return str(99 if rng.random() < 0.05 else rng.choice((0, 1, 6, 7, 16, 39)))
    if kind == "String":
        return rng.choice(("", "o ", "ü"))
    if kind == "Boolean":
        return rng.random() < 0.8
    least = -1 if rng.random() < 0.05 else 0
    return rng.choice((least, 0, 1, 3)) if rng.random() < 0.9 else 8


def operations(seed: int, count: int) -> Iterator[tuple[Operation, DocumentNode]]:
    rng = Random(seed)
    while count:
        operation = Writer(SCHEMA, rng, offer).write()
        document = parse(operation.document)
        if not validate(SCHEMA, document):
            count -= 1
            yield operation, document


async def told(executor: type[Executor[Any]], document: DocumentNode, operation: Operation) -> tuple[str, list[str]]:
    keeper = Keeper()
    answer = execute(
        SCHEMA,
        document,
        variable_values=dict(operation.variables),
        context_value=keeper,
        executor_class=executor,
    )
    result = await answer if inspect.isawaitable(answer) else answer
    errors = [json.dumps(error.formatted, sort_keys=True) for error in result.errors or ()]
    text = orjson.dumps(result.data).decode()
    if executor is PlannedExecutor and not errors:
        assert keeper.meter.held == objects_in(json.loads(text)), operation
    return text, sorted(errors)


# The library itself leaves resolvers behind that were under way when another one failed at once.
@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("seed", "count"), [(0, 300), pytest.param(1, 10_000, marks=pytest.mark.long)])
async def test_a_plan_answers_as_the_stock_executor_does(seed: int, count: int) -> None:
    plans = PlannedExecutor.plans
    before, whole = plans.planned, 0
    for operation, document in operations(seed, count):
        planned = await told(PlannedExecutor, document, operation)
        # Again by what was made and remembered for the first.
        assert await told(PlannedExecutor, document, operation) == planned, operation
        stock = await told(StrawberryGraphQLCoreExecutionContext, document, operation)
        assert planned == stock, operation
        whole += not stock[1]
    assert plans.planned - before == 2 * whole, "an answer without an error that no plan gave"
    assert 0.8 * count <= whole < count
