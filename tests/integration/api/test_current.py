"""What the recompute keeps of today: it says what would be worked out, and is not believed where it may be wrong."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from domain.facts.recompute import mark_dirty, recompute
from domain.kpis.current import KEPT
from domain.kpis.figures import FIGURES
from domain.kpis.recompute import renew
from domain.kpis.valuation import Answer, Question, answer
from domain.metrics.catalog import ALL, BY_KEY
from domain.metrics.evaluation import Values
from domain.metrics.periods import PeriodName, period_named
from tests.factories.shops import order
from tests.integration.api.client import Caller
from tests.integration.api.record_shop import RecordShop, open_record_shop
from tests.integration.api.world import World

WEB = "channel=web"
STATUS = "query($id: ID!) { node(id: $id) { ... on Kpi { target { status progress { status } } } } }"


@pytest.fixture
async def shop(world: World) -> RecordShop:
    """Every metric is a KPI, and one of them by a channel; all are up to date. Sales go back over two years."""
    records = await open_record_shop(world)
    now = datetime.now(UTC)
    await records.shop.sell(
        *(
            order(8000 + at, now - timedelta(days=3 * at), 1_000 + 37 * at, discount=at, customer=f"c{at % 7}")
            for at in range(250)
        )
    )
    await records.planner.kpi("orders", segment=WEB)
    await keep(records)
    return records


async def keep(shop: RecordShop, now: datetime | None = None) -> None:
    async with shop.shop.database.unit_of_work(shop.tenant.scope) as session:
        await renew(session, shop.tenant.profile, now=now or datetime.now(UTC))


def questions(shop: RecordShop, now: datetime | None = None) -> list[Question]:
    profile = shop.tenant.profile
    today = profile.today(now or datetime.now(UTC))
    asked = [(metric, "") for metric in ALL] + [(BY_KEY["orders"], WEB)]
    return [
        Question(profile, metric, segment, period_named(name, today))
        for metric, segment in asked
        for name in PeriodName
    ]


async def ask(
    shop: RecordShop, asked: Sequence[Question], now: datetime | None = None
) -> tuple[list[Answer], set[str]]:
    """The answers, and by which of the two statements they were had."""
    async with shop.shop.database.reading(shop.tenant.scope) as snapshot:
        sent: set[str] = set()
        with snapshot.connection.query_logger(lambda query: sent.add(query.query)):
            answers = await answer(snapshot, asked, now=now or datetime.now(UTC), as_of=None)
            await asyncio.sleep(0)  # the driver tells it in the next turn of the loop
    return answers, {name for name, query in (("kept", KEPT), ("worked out", FIGURES)) if query.text in sent}


async def agree(shop: RecordShop, now: datetime | None = None) -> None:
    """All that is kept says what is worked out where nothing is kept."""
    asked = questions(shop, now)
    kept, how = await ask(shop, asked, now)
    assert how == {"kept"}
    await change(shop, "UPDATE tenant_states SET current_basis = NULL WHERE tenant_id = :tenant_id")
    worked_out, how = await ask(shop, asked, now)
    assert how == {"worked out"}
    for one, other in zip(kept, worked_out, strict=True):
        assert said(one.values) == said(other.values), one.question
        assert {name: list(column) for name, column in one.inputs.items()} == {
            name: list(column) for name, column in other.inputs.items()
        }
    assert any(each.value.number for each in kept)
    assert any(each.value.null_reason for each in kept)


def said(values: Values) -> tuple[list[object], ...]:
    return tuple(map(list, values))


async def target_of(caller: Caller, kpi: str) -> dict[str, Any]:
    found: dict[str, Any] = (await caller.ask(STATUS, id=kpi)).data["node"]["target"]
    return found


async def change(shop: RecordShop, sql: str) -> None:
    async with shop.shop.database.unit_of_work(shop.tenant.scope) as session:
        await session.execute(text(sql), {"tenant_id": shop.tenant.id})


async def test_what_is_kept_is_what_would_be_worked_out(shop: RecordShop) -> None:
    await agree(shop)


async def test_a_late_order_is_in_all_that_rests_on_its_day(shop: RecordShop) -> None:
    now = datetime.now(UTC)
    await shop.shop.sell(
        *(
            order(9000 + at, now - timedelta(days=days), 12_345, customer="late")
            for at, days in enumerate((0, 1, 33, 95))
        )
    )
    await agree(shop)


async def test_an_order_that_is_gone_is_gone_from_all(shop: RecordShop) -> None:
    await shop.shop.sell(order(9100, datetime.now(UTC) - timedelta(days=32), 77_700))
    await shop.shop.lose(9100)
    await agree(shop)


async def test_a_day_that_turned_makes_everything_new(shop: RecordShop) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    _, how = await ask(shop, questions(shop, tomorrow), tomorrow)
    assert how == {"worked out"}
    await keep(shop, tomorrow)
    named = {question.periods[0] for question in questions(shop, tomorrow)}
    async with shop.shop.database.reading(shop.tenant.scope) as snapshot:
        rows = await snapshot.connection.fetch("SELECT DISTINCT grain, starts_on FROM current_values")
    assert {(row["grain"], row["starts_on"]) for row in rows} == {(each.grain.value, each.start) for each in named}
    await agree(shop, tomorrow)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE tenant_states SET current_basis = current_basis || ' of another release' WHERE tenant_id = :tenant_id",
        "UPDATE tenant_states SET first_day = first_day - 1 WHERE tenant_id = :tenant_id",
    ],
)
async def test_what_rests_on_something_else_is_not_believed(shop: RecordShop, sql: str) -> None:
    await change(shop, sql)
    assert (await ask(shop, questions(shop)))[1] == {"worked out"}


async def test_what_changed_between_two_batches_is_not_forgotten(shop: RecordShop) -> None:
    """A worker that ends between them has raised the tenant's version, and what is kept is of the time before."""
    today = shop.tenant.profile.today(datetime.now(UTC))
    async with shop.shop.database.unit_of_work(shop.tenant.scope) as session:
        await mark_dirty(session, shop.tenant.id, [today], now=datetime.now(UTC))
        await recompute(session, shop.tenant.profile, now=datetime.now(UTC))
    await change(shop, "UPDATE current_values SET n = n + 1 WHERE tenant_id = :tenant_id")
    assert (await ask(shop, questions(shop)))[1] == {"worked out"}
    await keep(shop)
    await agree(shop)


async def test_an_earlier_order_makes_a_customer_new_on_another_day(shop: RecordShop) -> None:
    """Its own day is long gone; the day on which she was new until now is not, and no order of that day has changed."""
    now = datetime.now(UTC)
    await shop.shop.sell(order(9300, now - timedelta(days=1), 1_000, customer="regular"))
    await shop.shop.sell(order(9301, now - timedelta(days=500), 1_000, customer="regular"))
    await agree(shop)


async def test_a_history_that_begins_earlier_or_later_covers_other_periods(world: World) -> None:
    tenant = await world.another_tenant()
    young = RecordShop(tenant, await world.another_shop(tenant), world.planner(tenant), {})
    for metric in ALL:
        await young.planner.kpi(metric.key)
    await young.planner.kpi("orders", segment=WEB)
    now = datetime.now(UTC)
    await young.shop.sell(*(order(at, now - timedelta(days=at), 1_000, customer=f"c{at}") for at in range(3)))
    await young.shop.sell(order(10, now - timedelta(days=800), 1_000, customer="c1"))
    await agree(young)
    await keep(young)
    await young.shop.lose(10)
    await agree(young)


async def test_what_is_archived_is_kept_true(shop: RecordShop) -> None:
    """It can still be looked at, and be adopted again."""
    now = datetime.now(UTC)
    await change(shop, "UPDATE kpis SET archived_at = now() WHERE tenant_id = :tenant_id")
    await shop.shop.sell(order(9400, now, 1_000), order(9401, now - timedelta(days=40), 1_000))
    await agree(shop)
    await shop.planner.kpi("orders")
    await keep(shop)
    await agree(shop)


async def test_a_kpi_that_is_new_is_worked_out_until_it_is_kept(shop: RecordShop) -> None:
    (found,) = [each for each in questions(shop) if each.segment == WEB and each.periods[0].grain == "YEAR"][:1]
    fresh = found._replace(segment="channel=pos")
    assert (await ask(shop, [fresh]))[1] == {"kept", "worked out"}
    await shop.planner.kpi("orders", segment="channel=pos")
    await keep(shop)
    assert (await ask(shop, [fresh]))[1] == {"kept"}


async def test_a_day_that_waits_is_told_of_kept_values_too(shop: RecordShop) -> None:
    await change(shop, "INSERT INTO dirty_days VALUES (:tenant_id, current_date, now())")
    answers, how = await ask(shop, questions(shop))
    assert how == {"kept"}
    for each in answers:
        assert ("RECOMPUTE_PENDING" in each.value.flags) == (each.value.number is not None)


async def test_a_target_has_the_status_that_is_kept_and_a_new_one_that_which_it_has(
    agency: Caller, shop: RecordShop
) -> None:
    today = shop.tenant.profile.today(datetime.now(UTC))
    kpi = shop.kpis["orders"]
    await shop.planner.target(
        kpi,
        value=Decimal(1),
        start_value=Decimal(0),
        start_on=today - timedelta(days=400),
        due_on=today + timedelta(days=400),
    )
    before = await target_of(agency, kpi)
    assert before["status"] == before["progress"]["status"] != "OFF_TRACK"

    await keep(shop)
    assert await target_of(agency, kpi) == before
    await change(shop, "UPDATE current_statuses SET status = 'AT_RISK' WHERE tenant_id = :tenant_id")
    assert await target_of(agency, kpi) == before | {"status": "AT_RISK"}

    await shop.planner.target(
        kpi,
        value=Decimal(10**6),
        start_value=Decimal(10**5),
        start_on=date(2024, 1, 1),
        due_on=today + timedelta(days=9),
    )
    newest = await target_of(agency, kpi)
    assert newest["status"] == newest["progress"]["status"] == "OFF_TRACK"
    await shop.shop.sell(order(9200, datetime.now(UTC) - timedelta(days=33), 500))
    judged = await target_of(agency, kpi)
    assert judged["status"] == judged["progress"]["status"]


async def test_an_archived_target_goes_on_being_judged(agency: Caller, shop: RecordShop) -> None:
    today = shop.tenant.profile.today(datetime.now(UTC))
    start, due = today - timedelta(days=400), today + timedelta(days=400)
    target = await shop.planner.target(
        shop.kpis["orders"], value=Decimal(1), start_value=Decimal(0), start_on=start, due_on=due
    )
    await keep(shop)
    await change(shop, "UPDATE targets SET archived_at = now() WHERE tenant_id = :tenant_id")
    await change(shop, "UPDATE current_statuses SET status = 'OFF_TRACK' WHERE tenant_id = :tenant_id")
    await change(shop, "UPDATE tenant_states SET current_basis = NULL WHERE tenant_id = :tenant_id")
    await keep(shop)
    document = "query($id: ID!) { node(id: $id) { ... on Target { status progress { status } } } }"
    found = (await agency.ask(document, id=target)).data["node"]
    assert found["status"] == found["progress"]["status"] == "ON_TRACK"
