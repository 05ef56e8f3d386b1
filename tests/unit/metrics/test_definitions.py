"""Every metric proves its own worked example, and its words agree with its code."""

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from domain.metrics import catalog
from domain.metrics.components import ORDERS, PRICED_ORDERS
from domain.metrics.definition import Input, Metric, NullReason, Window, WorkedExample
from domain.metrics.evaluation import compute
from domain.metrics.formulas import Number

EXAMPLES = [
    pytest.param(metric, example, id=f"{metric.key}-{number}")
    for metric in catalog.ALL
    for number, example in enumerate(metric.examples)
]
METRICS = [pytest.param(metric, id=metric.key) for metric in catalog.ALL]


def reckoned(metric: Metric, inputs: Mapping[str, int]) -> Number | NullReason:
    (number,) = compute(metric, {name: [value] for name, value in inputs.items()})
    return NullReason.DIVISION_BY_ZERO if number is None else number


@pytest.mark.parametrize(("metric", "example"), EXAMPLES)
def test_the_worked_example_comes_out(metric: Metric, example: WorkedExample) -> None:
    assert set(example.inputs) == set(metric.inputs)
    assert reckoned(metric, example.inputs) == example.expected


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_that_divides_says_that_it_may_not(metric: Metric) -> None:
    divides = reckoned(metric, dict.fromkeys(metric.inputs, 0)) is NullReason.DIVISION_BY_ZERO
    assert divides == (NullReason.DIVISION_BY_ZERO in metric.null_reasons)


@pytest.mark.parametrize("metric", METRICS)
def test_a_formula_takes_inputs_by_their_names(metric: Metric) -> None:
    assert set(metric.operands) <= set(metric.inputs)


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_that_looks_back_says_that_it_needs_history(metric: Metric) -> None:
    assert metric.looks_back == (NullReason.INSUFFICIENT_HISTORY in metric.null_reasons)


@pytest.mark.parametrize("metric", METRICS)
def test_the_words_are_there(metric: Metric) -> None:
    assert re.fullmatch(r"[a-z][a-z_]*", metric.key)
    assert metric.meaning.endswith((".", "margin."))
    assert len(metric.meaning) > 30
    assert metric.n in metric.inputs
    assert metric.examples
    assert metric.citation
    assert metric.sources


def test_keys_are_unique_and_found() -> None:
    assert len(catalog.BY_KEY) == len(catalog.ALL)
    assert catalog.find_metric("net_revenue") is catalog.ALL[0]
    assert catalog.find_metric("emails_sent") is None


def test_a_ratio_of_sums_is_not_a_mean_of_ratios() -> None:
    """Two channels that each improve while the whole gets worse: only the ratio of sums tells."""
    metric = catalog.BY_KEY["repeat_purchase_rate"]
    small = {"repeat_customers": 9, "active_customers": 10}
    large = {"repeat_customers": 30, "active_customers": 90}
    assert reckoned(metric, {name: small[name] + large[name] for name in small}) == Decimal("0.39")


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"formula_text": "orders + 1"},
        {"n": "others"},
        {"inputs": {"orders": Input(ORDERS, Window.PREVIOUS)}},
        {"inputs": {"orders": Input(PRICED_ORDERS)}},
    ],
)
def test_a_definition_that_changed_makes_another_edition(change: dict[str, object]) -> None:
    """What was kept by the old one is not believed."""
    orders = catalog.get_metric("orders")
    assert catalog.edition((orders,)) == catalog.edition((replace(orders),))
    assert catalog.edition((replace(orders, **change),)) != catalog.edition((orders,))  # type: ignore[arg-type]
