"""The executor: a query goes by its plan, and whatever a plan cannot do or tell goes the library's own way.

A plan tells answers, never errors. When anything is out of order the operation is executed anew by the stock executor,
which words the error, nulls what it nulls, and reads from the same snapshot. So both always say the same.
"""

import inspect
import logging
from typing import Any

from graphql import ExecutionResult, OperationType
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.execution.plans import Plan, Plans
from api.live import Missed, raise_if_unreachable
from tenants.telemetry.tally import about

log = logging.getLogger(__name__)


class PlannedExecutor(StrawberryGraphQLCoreExecutionContext):
    plans = Plans()
    stock = 0

    def execute_operation(self, serially: bool | None = None) -> Any:
        about(self.operation.operation.value, self.operation.name.value if self.operation.name else "")
        if self.operation.operation is OperationType.SUBSCRIPTION:
            return self._look()
        plan = self._plan()
        if plan is None:
            return super().execute_operation(serially)
        return self._go(plan)

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
                plan = self._plan()
                answer = super().execute_operation(False) if plan is None else self._go(plan)
                told: Any = await answer if inspect.isawaitable(answer) else answer
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
            answer = super().execute_operation()
            told = await answer if inspect.isawaitable(answer) else answer
            if isinstance(told, ExecutionResult) and not told.errors:
                log.warning("plan gave up on what is in order", extra={"error": repr(error)})
            return told
        self.plans.planned += 1
        # They know their executor, which else would outlive its answer until the collector comes.
        del self.async_helpers
        return ExecutionResult(data, None)
