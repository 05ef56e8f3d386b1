from decimal import Decimal

import pytest

from domain.metrics.catalog import get_metric
from domain.metrics.formulas import divided
from domain.portfolio.figures import Quartiles, quartiles, rank, together


def test_sums_add_up_and_ratios_are_ratios_of_sums() -> None:
    revenue = get_metric("net_revenue")
    tenants = [
        {"gross_revenue": 100, "discounts": 10, "refunds": 0},
        {"gross_revenue": 50, "discounts": 0, "refunds": 5},
    ]
    assert together(revenue, tenants) == 135
    rate = get_metric("repeat_purchase_rate")
    # A mean of the two rates would be 0.55.
    tenants = [{"repeat_customers": 1, "active_customers": 1}, {"repeat_customers": 1, "active_customers": 10}]
    assert together(rate, tenants) == divided(2, 11)


def test_nobody_together_is_nothing_and_so_is_a_division_by_zero() -> None:
    rate = get_metric("repeat_purchase_rate")
    assert together(rate, []) is None
    assert together(rate, [{"repeat_customers": 0, "active_customers": 0}]) is None


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        ([7], (7, 7, 7)),
        ([1, 2], ("1.25", "1.5", "1.75")),
        ([4, 1, 3, 2], ("1.75", "2.5", "3.25")),
        ([1, 2, 3, 4, 5], (2, 3, 4)),
    ],
)
def test_quartiles_as_in_a_spreadsheet(numbers: list[int], found: tuple[str | int, ...]) -> None:
    assert quartiles(numbers) == Quartiles(*map(Decimal, found))


def test_a_rank_counts_equals_by_half() -> None:
    assert [rank(each, [1, 2, 2, 3]) for each in (1, 2, 3)] == [Decimal("0.125"), Decimal("0.5"), Decimal("0.875")]
    assert rank(5, [5]) == Decimal("0.5")
