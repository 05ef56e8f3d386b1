"""What a metric is: one declared object with its words, its formula and the example that proves it."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from domain.metrics.components import PRICED_ORDERS, Additive, Component, Measure
from domain.metrics.formulas import Number


class Unit(StrEnum):
    MONEY = "MONEY"
    COUNT = "COUNT"
    RATIO = "RATIO"


class Direction(StrEnum):
    UP_IS_GOOD = "UP_IS_GOOD"
    DOWN_IS_GOOD = "DOWN_IS_GOOD"


class Kind(StrEnum):
    """How values of several periods combine: levels are averaged, ratios are ratios of sums."""

    SIMPLE = "SIMPLE"
    RATIO = "RATIO"
    COHORT = "COHORT"


class Category(StrEnum):
    SALES_AND_MARKETING = "SALES_AND_MARKETING"
    CUSTOMER_SERVICE = "CUSTOMER_SERVICE"
    OPERATIONS = "OPERATIONS"
    FINANCE = "FINANCE"
    EMPLOYEE_PRODUCTIVITY = "EMPLOYEE_PRODUCTIVITY"
    HR_AND_ADMIN = "HR_AND_ADMIN"


class Level(StrEnum):
    """The three levels of the metric hierarchy."""

    EFFICIENCY = "EFFICIENCY"
    PRODUCTIVITY = "PRODUCTIVITY"
    CUSTOMER = "CUSTOMER"


class Timing(StrEnum):
    LEADING = "LEADING"
    LAGGING = "LAGGING"


class NullReason(StrEnum):
    NO_DATA = "NO_DATA"
    PERIOD_NOT_STARTED = "PERIOD_NOT_STARTED"
    INSUFFICIENT_HISTORY = "INSUFFICIENT_HISTORY"
    SOURCE_NOT_CONNECTED = "SOURCE_NOT_CONNECTED"
    DIVISION_BY_ZERO = "DIVISION_BY_ZERO"
    SEGMENT_NOT_KEPT = "SEGMENT_NOT_KEPT"
    PERIOD_NOT_KEPT = "PERIOD_NOT_KEPT"
    OTHER_CURRENCY = "OTHER_CURRENCY"


class Window(StrEnum):
    """Which period an input is read over, as seen from the period that is asked for."""

    THIS = "THIS"
    PREVIOUS = "PREVIOUS"


@dataclass(frozen=True, slots=True)
class Input:
    """One named operand: the `total` (money, minor units) or `n` of a component over a window."""

    component: Component
    window: Window = Window.THIS


@dataclass(frozen=True)
class WorkedExample:
    """Inputs and the value they give, small enough to check by hand. Money is in minor units."""

    inputs: Mapping[str, int]
    expected: Decimal | NullReason


Formula = Callable[..., Number]
"""Its parameters are inputs by their names. Division by zero is raised by Decimal and becomes DIVISION_BY_ZERO."""


@dataclass(frozen=True, eq=False)
class Metric:
    """Declared once and compared by identity: two definitions are never equal by chance."""

    key: str
    version: int
    name: str
    meaning: str
    formula_text: str
    kind: Kind
    unit: Unit
    direction: Direction
    category: Category
    level: Level
    timing: Timing
    inputs: Mapping[str, Input]
    formula: Formula
    n: str
    """The input that says how many observations the value rests on."""
    sources: tuple[str, ...]
    citation: str
    examples: tuple[WorkedExample, ...]
    guardrails: tuple[str, ...] = ()
    null_reasons: tuple[NullReason, ...] = field(default=(NullReason.NO_DATA, NullReason.SOURCE_NOT_CONNECTED))

    @cached_property
    def operands(self) -> tuple[str, ...]:
        """The inputs that the formula takes, in its order."""
        return tuple(inspect.signature(self.formula).parameters)

    @cached_property
    def priced(self) -> str | None:
        """Of a metric of money, and so of orders in the reporting currency alone: the input that counts those."""
        return next((name for name, each in self.inputs.items() if each.component == PRICED_ORDERS), None)

    @cached_property
    def is_made_of_money(self) -> bool:
        """Whether its inputs add up within one currency only, also where it is a ratio of them."""
        return any(each.component.measure is Measure.TOTAL for each in self.inputs.values())

    @cached_property
    def kept_whole(self) -> tuple[str, ...]:
        """The inputs that no sum of days gives, so that there is none where none was kept."""
        return tuple(name for name, each in self.inputs.items() if each.component.additive is Additive.DISTINCT)

    @cached_property
    def looks_back(self) -> bool:
        return any(each.window is Window.PREVIOUS for each in self.inputs.values())
