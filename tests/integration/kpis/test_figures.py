"""Columns of figures equal what the rows of the days add up to, and cost two statements however many ask."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from domain.facts.models import DayComponent, PeriodComponent
from domain.kpis.figures import Column, Figures
from domain.kpis.valuation import Question, answer
from domain.metrics import components as c
from domain.metrics.catalog import ALL, BY_KEY
from domain.metrics.components import Component, Measure
from domain.metrics.definition import NullReason
from domain.metrics.formulas import Number
from domain.metrics.periods import Grain, Period, Periods, last_periods
from tenants.access.models import Organization
from tenants.database import Database
from tenants.ids import new_id
from tenants.registry.models import Tenant, TenantState
from tenants.registry.profile import Profile
from tenants.scope import Scope
from tenants.snapshots import Snapshot

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
TODAY = NOW.date()
SUMMED = (c.ORDERS, c.PRICED_ORDERS, c.GROSS_REVENUE, c.DISCOUNTS, c.REFUNDS, c.CUSTOMER_ORDERS, c.NEW_CUSTOMERS)
SEGMENTS = ("", "channel=web")

FIRST_DAY = text("UPDATE tenant_states SET first_day = :day WHERE tenant_id = :tenant_id")


@dataclass
class Shop:
    """A tenant and the rows of its days by component, segment and day: n and total."""

    database: Database
    tenant_id: UUID
    rows: dict[tuple[str, str, date], tuple[int, Decimal]] = field(default_factory=dict)

    @property
    def profile(self) -> Profile:
        return Profile(self.tenant_id, "Shop", "USD", ZoneInfo("UTC"), 1, timedelta())

    async def keep(self, component: Component, segment: str, day: date, n: int, total: Decimal = Decimal(0)) -> None:
        self.rows[component.key, segment, day] = (n, total)
        async with self.database.unit_of_work(Scope.of_tenant(self.tenant_id)) as session:
            session.add(self._day(component.key, segment, day, n, total))

    async def keep_many(self, random: Random, days: int) -> None:
        for key in {component.key for component in SUMMED}:
            for segment in SEGMENTS:
                for back in range(days):
                    if random.random() < 0.7:
                        place = (key, segment, TODAY - timedelta(days=back))
                        self.rows[place] = (random.randrange(1, 50), Decimal(random.randrange(100_000)))
        async with self.database.unit_of_work(Scope.of_tenant(self.tenant_id)) as session:
            session.add_all(self._day(*place, *found) for place, found in self.rows.items())
            await session.flush()
            await session.execute(FIRST_DAY, {"tenant_id": self.tenant_id, "day": min(day for _, _, day in self.rows)})

    async def count(self, component: Component, period: Period, n: int) -> None:
        async with self.database.unit_of_work(Scope.of_tenant(self.tenant_id)) as session:
            session.add(
                PeriodComponent(
                    tenant_id=self.tenant_id,
                    component=component.key,
                    grain=period.grain.value,
                    starts_on=period.start,
                    n=n,
                    valid_from=NOW,
                )
            )

    def expected(self, component: Component, segment: str, periods: tuple[Period, ...]) -> list[Number]:
        """By a walk over all days."""
        at = 0 if component.measure is Measure.N else 1
        return [
            sum(
                found[at]
                for (key, its_segment, day), found in self.rows.items()
                if key == component.key and its_segment == segment and period.start <= day <= period.end
            )
            for period in periods
        ]

    def _day(self, component: str, segment: str, day: date, n: int, total: Decimal) -> DayComponent:
        return DayComponent(
            tenant_id=self.tenant_id,
            component=component,
            segment=segment,
            local_day=day,
            n=n,
            total=total,
            total_of_squares=Decimal(0),
            minimum=None,
            maximum=None,
            valid_from=NOW,
        )


@pytest.fixture
async def shops(database: Database) -> list[Shop]:
    return [await open_shop(database), await open_shop(database)]


async def open_shop(database: Database) -> Shop:
    tenant_id, organization_id = new_id(), new_id()
    async with database.unit_of_work(Scope.of_tenant(tenant_id, organization_id=organization_id)) as session:
        session.add(Organization(id=organization_id, kind="TENANT", name="Shop"))
        await session.flush()
        session.add(Tenant(id=tenant_id, organization_id=organization_id))
        await session.flush()
        session.add(TenantState(tenant_id=tenant_id, updated_at=NOW))
    return Shop(database, tenant_id)


@asynccontextmanager
async def reading(shops: list[Shop]) -> AsyncIterator[Snapshot]:
    scope = Scope(readable=frozenset(shop.tenant_id for shop in shops))
    async with shops[0].database.reading(scope) as snapshot:
        yield snapshot


@contextmanager
def counting(snapshot: Snapshot) -> Iterator[list[str]]:
    sent: list[str] = []
    with snapshot.connection.query_logger(lambda query: sent.append(query.query)):
        yield sent


async def column(shop: Shop, component: Component, periods: Periods) -> Column:
    figures = Figures()
    ordinal = figures.ask(shop.tenant_id, component, "", figures.span(periods))
    async with reading([shop]) as snapshot:
        await figures.read(snapshot, as_of=None)
    return figures.column(ordinal, component.measure)


async def test_columns_are_what_the_days_add_up_to(shops: list[Shop]) -> None:
    """Days without a row, periods without a day, of two tenants by one read."""
    for seed, shop in enumerate(shops):
        await shop.keep_many(Random(seed), 200)
    figures = Figures()
    asked = [
        (shop, component, segment, periods, figures.ask(shop.tenant_id, component, segment, figures.span(periods)))
        for shop in shops
        for component in SUMMED
        for segment in SEGMENTS
        for grain in Grain
        for periods in (last_periods(TODAY, grain, 9), last_periods(TODAY - timedelta(days=80), grain, 1))
    ]
    async with reading(shops) as snapshot:
        await figures.read(snapshot, as_of=None)
    for shop, component, segment, periods, ordinal in asked:
        assert list(figures.column(ordinal, component.measure)) == shop.expected(component, segment, periods)


async def test_totals_are_exact_however_large_or_fine(shops: list[Shop]) -> None:
    days = last_periods(TODAY, Grain.DAY, 3)
    totals = (Decimal(10**25 + 1), Decimal("12.345"), Decimal(-(2**63) - 1))
    for period, total in zip(days, totals, strict=True):
        await shops[0].keep(c.GROSS_REVENUE, "", period.start, 1, total)
    assert list(await column(shops[0], c.GROSS_REVENUE, days)) == list(totals)
    month = await column(shops[0], c.GROSS_REVENUE, last_periods(TODAY, Grain.MONTH, 1))
    assert list(month) == [Decimal("9999990776627963145224204.345")]


async def test_what_is_counted_whole_is_looked_up(shops: list[Shop]) -> None:
    """A month without a row had no customers; a window without one is not kept."""
    for grain, absent in ((Grain.MONTH, 0), (Grain.TRAILING_28_DAYS, None)):
        periods = last_periods(TODAY, grain, 4)
        await shops[0].count(c.ACTIVE_CUSTOMERS, periods[0], 7)
        await shops[0].count(c.ACTIVE_CUSTOMERS, periods[2], 9)
        assert list(await column(shops[0], c.ACTIVE_CUSTOMERS, periods)) == [7, absent, 9, absent]
        assert list(await column(shops[1], c.ACTIVE_CUSTOMERS, periods)) == [absent] * 4


async def test_a_stranger_has_no_figures(shops: list[Shop]) -> None:
    days = last_periods(TODAY, Grain.DAY, 2)
    await shops[0].keep(c.ORDERS, "", TODAY, 5)
    figures = Figures()
    ordinals = [figures.ask(shop.tenant_id, c.ORDERS, "", figures.span(days)) for shop in shops]
    async with reading([shops[1]]) as snapshot:
        await figures.read(snapshot, as_of=None)
    assert [list(figures.column(ordinal, Measure.N)) for ordinal in ordinals] == [[0, 0], [0, 0]]


async def test_two_statements_answer_the_dashboards_of_two_tenants(shops: list[Shop]) -> None:
    for seed, shop in enumerate(shops):
        await shop.keep_many(Random(seed), 100)
    days, month = last_periods(TODAY, Grain.DAY, 30), last_periods(date(2026, 10, 1), Grain.MONTH, 1)
    questions = [
        Question(shop.profile, metric, segment, periods)
        for shop in shops
        for metric in ALL
        for segment in SEGMENTS
        for periods in (days, month)
    ]
    async with reading(shops) as snapshot:
        await answer(snapshot, questions[:1], now=NOW, as_of=None)  # the driver asks once what an array is
        with counting(snapshot) as sent:
            answers = await answer(snapshot, questions, now=NOW, as_of=None)
            await asyncio.sleep(0)  # the driver tells it in the next turn of the loop
    assert len(sent) == 2
    assert [each.question for each in answers] == questions
    for each in answers:
        if each.question.metric is BY_KEY["orders"]:
            shop = next(shop for shop in shops if shop.tenant_id == each.question.profile.tenant_id)
            assert list(each.values.numbers) == shop.expected(c.ORDERS, each.question.segment, each.question.periods)
        if each.question.metric is BY_KEY["active_customers"] and each.question.segment:
            assert set(each.values.null_reasons) == {NullReason.SEGMENT_NOT_KEPT}
