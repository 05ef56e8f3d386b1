from connectors.limits import Budget, Budgets, Status
from tests.unit.connectors.shopify.stage import Clock


def test_nothing_waits_before_the_provider_has_spoken() -> None:
    budget = Budget(Clock())
    assert budget.reserve(10_000) == 0.0


def test_a_query_waits_until_its_points_have_come_back() -> None:
    clock = Clock()
    budget = Budget(clock)
    budget.settle(0, Status(maximum=1000, available=50, restore_rate=100))
    assert budget.reserve(250) == 2.0


def test_points_come_back_with_time_and_never_beyond_the_bucket() -> None:
    clock = Clock()
    budget = Budget(clock)
    budget.settle(0, Status(maximum=300, available=0, restore_rate=100))
    clock.at += 1
    assert budget.reserve(100) == 0.0
    budget.settle(100)
    clock.at += 3600
    assert budget.reserve(300) == 0.0
    assert budget.reserve(100) == 0.0, "more than a full bucket never comes, so waiting for it is no use"


def test_callers_at_the_same_moment_queue_up() -> None:
    budget = Budget(Clock())
    budget.settle(0, Status(maximum=1000, available=100, restore_rate=100))
    assert [budget.reserve(100), budget.reserve(100), budget.reserve(100)] == [0.0, 1.0, 2.0]


def test_a_reservation_ends_with_its_request() -> None:
    budget = Budget(Clock())
    budget.settle(0, Status(maximum=1000, available=100, restore_rate=100))
    budget.reserve(100)
    budget.settle(100, Status(maximum=1000, available=100, restore_rate=100))
    assert budget.reserve(100) == 0.0


def test_accounts_do_not_share_a_budget() -> None:
    budgets = Budgets(Clock())
    empty = Status(maximum=1000, available=0, restore_rate=100)
    budgets.of("shopify", "app", "a.myshopify.com").settle(0, empty)
    assert budgets.of("shopify", "app", "b.myshopify.com").reserve(100) == 0.0
    assert budgets.of("shopify", "app", "a.myshopify.com").reserve(100) == 1.0
