"""Whatever happens to facts, in whatever order: components equal what the facts add up to."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

import pytest

from domain.facts.recompute import DAYS_AT_ONCE, mark_dirty
from domain.kpis.recompute import recompute_tenant
from domain.metrics.periods import CALENDAR, TRAILING, Grain, period_of, previous
from domain.ports.records import OrderRecord, RefundRecord
from tenants.clock import WallClock
from tenants.database import Database
from tenants.secrets.keyring import KeyRing
from tests.integration.facts.shop import NOW, Shop, open_shop, order

# Clocks change in each of these, by an hour, by half an hour, or not at all.
ZONES = ("America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Auckland")


@pytest.fixture(params=ZONES)
async def shop(request: pytest.FixtureRequest, database: Database, keyring: KeyRing) -> Shop:
    return await open_shop(database, keyring, request.param)


def random_order(random: Random, number: int) -> OrderRecord:
    occurred_at = NOW - timedelta(minutes=random.randrange(60 * 24 * 200))
    cents = random.randrange(0, 20_000)
    refunds = tuple(
        RefundRecord(
            f"{number}-{index}", occurred_at + timedelta(hours=random.randrange(1, 900)), random.randrange(500)
        )
        for index in range(random.choice((0, 0, 0, 1, 2)))
    )
    return order(
        number,
        occurred_at,
        cents=cents,
        customer=random.choice((None, *range(1, 12))),
        discount=random.choice((0, cents // 10)),
        refunds=refunds,
        channel=random.choice(("web", "pos")),
        currency=random.choice(("USD", "USD", "USD", "EUR")),
        excluded=random.choice((None, None, None, None, "TEST")),
    )


@pytest.mark.parametrize("seed", range(3))
async def test_components_equal_a_count_from_raw(shop: Shop, seed: int) -> None:
    """Inserts, edits, deletes, repeats, late arrivals, recomputed in between or not."""
    random = Random(seed)
    for _ in range(25):
        batch = [random_order(random, random.randrange(60)) for _ in range(random.randrange(1, 8))]
        unique = {each.external_id: each for each in batch}
        gone = tuple({str(random.randrange(60)) for _ in range(random.choice((0, 0, 1, 2)))} - set(unique))
        await shop.apply(*unique.values(), gone=gone)
        if random.random() < 0.3:
            await shop.recompute()
    await shop.recompute()
    assert await shop.rows("SELECT 1 FROM dirty_days WHERE tenant_id = :t") == []
    assert await kept_days(shop) == expected_days(shop)
    assert counted(await kept_periods(shop)) == counted(expected_periods(shop, NOW))


async def test_nothing_new_changes_nothing(shop: Shop) -> None:
    first = order(1, NOW - timedelta(days=3))
    await shop.apply(first)
    before = await shop.recompute()
    await shop.apply(first)
    again = await shop.recompute()
    assert before.changed
    assert not again.changed
    assert await shop.rows("SELECT 1 FROM day_component_revisions WHERE tenant_id = :t") == []


async def test_an_edit_takes_up_the_old_day_and_the_new_one_only(shop: Shop) -> None:
    days = [NOW - timedelta(days=each) for each in (40, 30, 20, 10)]
    await shop.apply(*(order(number, at, customer=number) for number, at in enumerate(days)))
    await shop.recompute()
    moved = days[1] - timedelta(days=5)
    await shop.apply(order(1, moved, customer=1))
    work = await shop.recompute()
    assert list(work.days) == sorted({shop.day(days[1]), shop.day(moved)})


async def test_a_late_first_order_makes_a_customer_old_on_the_day_that_was_first(shop: Shop) -> None:
    early, late = NOW - timedelta(days=90), NOW - timedelta(days=10)
    await shop.apply(order(2, late))
    await shop.recompute()
    await shop.apply(order(1, early))
    await shop.recompute()
    rows = await shop.rows(
        "SELECT local_day, n FROM day_components WHERE tenant_id = :t AND component = 'new_customers' ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [(shop.day(early), 1), (shop.day(late), 0)]
    await shop.apply(gone=("1",))
    await shop.recompute()
    assert await kept_days(shop) == expected_days(shop)


async def test_one_batch_takes_no_more_days_than_it_may(database: Database, keyring: KeyRing) -> None:
    shop = await open_shop(database, keyring, "America/New_York")
    days = [NOW.date() - timedelta(days=ago) for ago in range(DAYS_AT_ONCE + 30)]
    async with database.unit_of_work(shop.scope) as session:
        await mark_dirty(session, shop.tenant_id, days, now=NOW)
    assert [len((await shop.recompute()).days) for _ in range(3)] == [DAYS_AT_ONCE, 30, 0]
    async with database.unit_of_work(shop.scope) as session:
        await mark_dirty(session, shop.tenant_id, days, now=NOW)
    assert await recompute_tenant(database, WallClock(), tenant_id=shop.tenant_id) == len(days)


async def test_an_amount_corrected_leaves_the_counts_of_customers_alone(shop: Shop) -> None:
    await shop.apply(order(1, NOW - timedelta(days=3)))
    await shop.recompute()
    written = await period_rows(shop)
    await shop.apply(replace(order(1, NOW - timedelta(days=3)), gross_minor=77_700))
    work = await shop.recompute()
    assert (work.changed, work.period_rows) == (True, 0)
    # Not so much as looked at: a locked row would carry the transaction's mark.
    assert await period_rows(shop) == written


async def period_rows(shop: Shop) -> list[tuple[object, ...]]:
    return [
        tuple(row) for row in await shop.rows("SELECT ctid, xmin, xmax FROM period_components WHERE tenant_id = :t")
    ]


async def test_a_past_day_keeps_every_value_and_today_one_an_hour(shop: Shop) -> None:
    past, today = NOW - timedelta(days=5), NOW - timedelta(minutes=1)
    for number, minute in enumerate((0, 10, 20)):
        await shop.apply(order(number, past), order(100 + number, today))
        await shop.recompute(NOW + timedelta(minutes=minute))
    revisions = Counter(
        row.local_day
        for row in await shop.rows(
            "SELECT local_day FROM day_component_revisions "
            "WHERE tenant_id = :t AND component = 'orders' AND segment = ''"
        )
    )
    assert revisions == {shop.day(past): 2}
    await shop.apply(order(200, today))
    await shop.recompute(NOW + timedelta(hours=1))
    kept = await shop.rows(
        "SELECT n, valid_from, valid_to FROM day_component_revisions "
        f"WHERE tenant_id = :t AND component = 'orders' AND segment = '' AND local_day = '{shop.day(today)}'"
    )
    assert [(row.n, row.valid_from, row.valid_to) for row in kept] == [(3, NOW, NOW + timedelta(hours=1))]


async def test_a_new_day_moves_the_trailing_windows_though_nothing_happened(shop: Shop) -> None:
    await shop.apply(order(1, NOW - timedelta(days=28)))
    await shop.recompute()
    tomorrow = NOW + timedelta(days=2)
    await shop.recompute(tomorrow)
    kept = await kept_periods(shop)
    assert kept["active_customers", Grain.TRAILING_28_DAYS, trailing_start(shop, tomorrow, 28)] == 0
    # The window of another day is history: a late order would not reach it any more.
    assert ("active_customers", Grain.TRAILING_28_DAYS, trailing_start(shop, NOW, 28)) not in kept
    closed = await shop.rows(
        "SELECT n FROM period_component_revisions WHERE tenant_id = :t AND component = 'active_customers' "
        f"AND grain = 'TRAILING_28_DAYS' AND starts_on = '{trailing_start(shop, NOW, 28)}'"
    )
    assert [row.n for row in closed] == [1]


async def test_money_of_another_currency_stays_apart(shop: Shop) -> None:
    at = NOW - timedelta(days=2)
    await shop.apply(order(1, at, cents=700), order(2, at, cents=900, currency="EUR"))
    await shop.recompute()
    kept = await kept_days(shop)
    day = shop.day(at)
    assert kept["gross_revenue", "", day] == (1, 700)
    assert kept["gross_revenue", "currency=USD", day] == (1, 700)
    assert kept["gross_revenue", "currency=EUR", day] == (1, 900)
    assert kept["orders", "", day] == (2, 0)


async def kept_days(shop: Shop) -> dict[tuple[str, str, date], tuple[int, int]]:
    rows = await shop.rows("SELECT component, segment, local_day, n, total FROM day_components WHERE tenant_id = :t")
    return {(row.component, row.segment, row.local_day): (row.n, int(row.total)) for row in rows if row.n or row.total}


async def kept_periods(shop: Shop) -> dict[tuple[str, Grain, date], int]:
    rows = await shop.rows("SELECT component, grain, starts_on, n FROM period_components WHERE tenant_id = :t")
    return {(row.component, Grain(row.grain), row.starts_on): row.n for row in rows}


def expected_days(shop: Shop) -> dict[tuple[str, str, date], tuple[int, int]]:
    """By hand: every amount of every order under every key it counts for."""
    found: dict[tuple[str, str, date], list[int]] = defaultdict(lambda: [0, 0])
    first_days: dict[str, date] = {}

    def count(component: str, segment: str, day: date, amount: int) -> None:
        found[component, segment, day][0] += 1
        found[component, segment, day][1] += amount

    def money(component: str, each: OrderRecord, day: date, amount: int) -> None:
        count(component, f"currency={each.currency}", day, amount)
        if each.currency == "USD":
            count(component, "", day, amount)
            count(component, f"channel={each.channel}", day, amount)

    for each in (each for each in shop.orders.values() if each.excluded is None):
        day = shop.day(each.occurred_at)
        count("orders", "", day, 0)
        count("orders", f"channel={each.channel}", day, 0)
        money("gross_revenue", each, day, each.gross_minor)
        money("discounts", each, day, each.discount_minor)
        for refund in each.refunds:
            money("refunds", each, shop.day(refund.occurred_at), refund.amount_minor)
        if each.customer_external_id is not None:
            count("customer_orders", "", day, 0)
            first = first_days.get(each.customer_external_id, day)
            first_days[each.customer_external_id] = min(first, day)
    for day in first_days.values():
        count("new_customers", "", day, 0)
    return {key: (n, total) for key, (n, total) in found.items()}


def expected_periods(shop: Shop, now: datetime) -> dict[tuple[str, Grain, date], int]:
    """For every period the engine must have kept: those with an order now or once, those after them, and trailing."""
    bought: dict[str, list[date]] = defaultdict(list)
    for each in shop.orders.values():
        if each.excluded is None and each.customer_external_id is not None:
            bought[each.customer_external_id].append(shop.day(each.occurred_at))
    today = now.astimezone(shop.zone).date()
    periods = {period_of(day, grain) for days in bought.values() for day in days for grain in CALENDAR}
    periods |= {
        after for period in periods if (after := period_of(period.end + timedelta(days=1), period.grain)).start <= today
    }
    for grain in TRAILING:
        window = period_of(today - timedelta(days=1), grain)
        periods |= {window, previous(window), previous(previous(window))}
    found: dict[tuple[str, Grain, date], int] = {}
    for period in periods:
        before = previous(period)
        inside = {who: sum(period.start <= day <= period.end for day in days) for who, days in bought.items()}
        earlier = {who for who, days in bought.items() if any(before.start <= day <= before.end for day in days)}
        key = (period.grain, period.start)
        found["active_customers", *key] = sum(n > 0 for n in inside.values())
        found["repeat_customers", *key] = sum(n > 1 for n in inside.values())
        found["retained_customers", *key] = sum(n > 0 and who in earlier for who, n in inside.items())
    return found


def counted(periods: dict[tuple[str, Grain, date], int]) -> dict[tuple[str, Grain, date], int]:
    """Without the zeros: a period that has no row, and one whose customers all went away, read the same."""
    return {key: n for key, n in periods.items() if n}


def trailing_start(shop: Shop, now: datetime, days: int) -> date:
    return now.astimezone(shop.zone).date() - timedelta(days=days)
