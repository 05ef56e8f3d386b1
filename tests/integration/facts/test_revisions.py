"""What a number was before: nothing of it is lost, and nothing is written that is no change."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from tenants.database import Database
from tenants.secrets.keyring import KeyRing
from tests.integration.facts.shop import NOW, Shop, open_shop, order

PAST = NOW - timedelta(days=5)
TEN_MINUTES = timedelta(minutes=10)
HOUR = timedelta(hours=1)


@pytest.fixture
async def shop(database: Database, keyring: KeyRing) -> Shop:
    return await open_shop(database, keyring, "America/New_York")


async def test_what_moves_no_sum_but_its_extremes_is_a_change(shop: Shop) -> None:
    """Three orders, 12 cents, 62 cents squared: before and after."""
    await shop.apply(*(order(number, PAST, cents=cents) for number, cents in enumerate((1, 5, 6))))
    await shop.recompute()
    await shop.apply(*(order(number, PAST, cents=cents) for number, cents in enumerate((2, 3, 7))))
    assert (await shop.recompute(NOW + HOUR)).changed
    of_revenue = "WHERE tenant_id = :t AND component = 'gross_revenue' AND segment = ''"
    now = await shop.rows(f"SELECT n, total, minimum, maximum FROM day_components {of_revenue}")
    before = await shop.rows(f"SELECT n, total, minimum, maximum FROM day_component_revisions {of_revenue}")
    assert ([tuple(row) for row in now], [tuple(row) for row in before]) == ([(3, 12, 2, 7)], [(3, 12, 1, 6)])


async def test_of_two_changes_at_one_instant_the_later_one_is_what_was_then(shop: Shop) -> None:
    for number, at in enumerate((NOW, NOW, NOW + TEN_MINUTES)):
        await shop.apply(order(number, PAST, customer=number))
        await shop.recompute(at)
    assert await day_revisions(shop) == [(2, NOW, NOW + TEN_MINUTES)]
    finished = await period_revisions(shop, "DAY")
    assert finished == [(2, NOW, NOW + TEN_MINUTES)]


async def test_a_finished_period_keeps_every_value_and_a_running_one_one_an_hour(shop: Shop) -> None:
    """One order late by a day tells of both."""
    instants = [NOW, NOW + TEN_MINUTES, NOW + 2 * TEN_MINUTES, NOW + HOUR]
    for number, at in enumerate(instants):
        await shop.apply(order(number, NOW - timedelta(days=1), customer=number))
        await shop.recompute(at)
    assert await period_revisions(shop, "DAY") == [
        (count, since, until) for count, (since, until) in enumerate(pairwise(instants), 1)
    ]
    for grain in ("WEEK", "MONTH", "QUARTER", "YEAR"):
        assert await period_revisions(shop, grain) == [(3, NOW, NOW + HOUR)]


WRITTEN = {"entity_days": "subject_id", "day_components": "local_day", "period_components": "component"}


async def test_only_what_changed_is_written(shop: Shop) -> None:
    """Another customer of the same day, another day and other counts stay where they are, though they are looked at."""
    other_day = NOW - timedelta(days=40)
    await shop.apply(order(1, PAST, customer=1), order(2, PAST, customer=2), order(3, other_day, customer=3))
    await shop.recompute()
    kept = {table: await places(shop, table) for table in WRITTEN}
    await shop.apply(order(4, PAST, customer=1), order(3, other_day, customer=3))
    work = await shop.recompute(NOW + HOUR)
    assert list(work.days) == sorted({shop.day(PAST), shop.day(other_day)})
    moved = {table: {what for what, *_ in kept[table] - await places(shop, table)} for table in WRITTEN}
    assert len(moved["entity_days"]) == 1
    assert moved["day_components"] == {shop.day(PAST)}
    assert moved["period_components"] == {"repeat_customers"}


async def places(shop: Shop, table: str) -> set[tuple[object, ...]]:
    rows = await shop.rows(f"SELECT {WRITTEN[table]}, ctid, xmin FROM {table} WHERE tenant_id = :t")
    return {tuple(row) for row in rows}


async def day_revisions(shop: Shop) -> list[tuple[int, datetime, datetime]]:
    rows = await shop.rows(
        "SELECT n, valid_from, valid_to FROM day_component_revisions "
        "WHERE tenant_id = :t AND component = 'orders' AND segment = '' ORDER BY valid_from"
    )
    return [(row.n, row.valid_from, row.valid_to) for row in rows]


async def period_revisions(shop: Shop, grain: str) -> list[tuple[int, datetime, datetime]]:
    """Of active customers, of the period that something happened in."""
    rows = await shop.rows(
        "SELECT n, valid_from, valid_to FROM period_component_revisions "
        f"WHERE tenant_id = :t AND component = 'active_customers' AND grain = '{grain}' ORDER BY valid_from"
    )
    return [(row.n, row.valid_from, row.valid_to) for row in rows]
