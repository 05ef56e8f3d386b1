"""The executor: what an operation can cost is due before it is carried out. A query goes by its plan, and whatever a
plan cannot do or tell goes the library's own way.

A plan tells answers, never errors. When anything is out of order the operation is executed anew by the stock executor,
which words the error, nulls what it nulls, and reads from the same snapshot. So both always say the same.
"""

import inspect
import logging
from typing import Any

from graphql import ExecutionResult, GraphQLError, OperationType
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.execution.plans import Plan, Plans
from api.execution.prices import Prices, places
from api.live import Missed, raise_if_unreachable
from tenants.errors import Refusal
from tenants.telemetry.tally import about, named

log = logging.getLogger(__name__)


class PlannedExecutor(StrawberryGraphQLCoreExecutionContext):
    plans = Plans()
    prices = Prices()
    stock = 0

    @classmethod
    def build(
        cls, schema: Any, document: Any, root_value: Any = None, context_value: Any = None, *others: Any, **named: Any
    ) -> Any:
        """What is wrong with variables is told with suggestions to those alone who may explore."""
        named["hide_suggestions"] = not context_value.may_explore
        return super().build(schema, document, root_value, context_value, *others, **named)

    async def execute_operation(self, serially: bool | None = None) -> Any:
        if self.operation.operation is OperationType.SUBSCRIPTION:
            return await self._look()
        named(self._name)
        try:
            await self._open()
        except Refusal as refusal:
            return ExecutionResult(None, [GraphQLError(refusal.message, original_error=refusal)])
        about(self.operation.operation.value)
        return await self._carried_out(serially)

    @property
    def _name(self) -> str:
        return self.operation.name.value if self.operation.name else ""

    async def _open(self) -> None:
        """Raises Refusal where it cannot be paid."""
        await self.context_value.meter.open(self.prices.of(self), self.variable_values.coerced, lambda: places(self))

    async def _carried_out(self, serially: bool | None = None) -> Any:
        plan = self._plan()
        return await (self._stock(serially) if plan is None else self._go(plan))

    def _plan(self) -> Plan | None:
        around = self.middleware_manager is not None and self.middleware_manager.middlewares
        plannable = self.operation.operation is not OperationType.MUTATION and not around
        plan = self.plans.find(self) if plannable else None
        if plan is None:
            PlannedExecutor.stock += 1
        return plan

    async def _look(self) -> Any:
        """One event of a subscription, answered like a query. Without data or errors nothing could be seen."""
        try:
            async with self.context_value.looking(self.root_value) as self.root_value:
                await self._open()
                told = await self._carried_out(serially=False)
                await self.context_value.settle(self._name, told.errors or ())
                raise_if_unreachable(told.errors or ())
                return told
        except Missed:
            return ExecutionResult(None, None)

    async def _go(self, plan: Plan) -> Any:
        self.context_value.waits_for_all(True)
        try:
            data = await plan.run(self)
        except Exception as error:  # whatever it is, the stock executor meets it again and tells it with its place
            self.context_value.waits_for_all(False)
            self.plans.fallbacks += 1
            told = await self._stock()
            if isinstance(told, ExecutionResult) and not told.errors:
                log.warning("plan gave up on what is in order", extra={"error": repr(error)})
            return told
        self.plans.planned += 1
        # They know their executor, which else would outlive its answer until the collector comes.
        del self.async_helpers
        return ExecutionResult(data, None)

    async def _stock(self, serially: bool | None = None) -> Any:
        answer = super().execute_operation(serially)
        told = await answer if inspect.isawaitable(answer) else answer
        if isinstance(told, ExecutionResult):
            # What a plan had made before it gave up was made, whatever is told of it.
            self.context_value.meter.held = max(self.context_value.meter.held, objects_in(told.data))
        return told


def objects_in(data: Any) -> int:
    if isinstance(data, dict):
        return 1 + sum(map(objects_in, data.values()))
    return sum(map(objects_in, data)) if isinstance(data, list) else 0
