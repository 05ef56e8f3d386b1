"""Days as they are where the business is: of 23, 23.5, 24.5 and 25 hours, and one that never was."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.factories.shops import Shop, order
from tests.integration.api.client import Caller
from tests.integration.api.record_shop import at
from tests.integration.api.world import World

DAYS = """query($id: ID!, $last: Int!, $until: Date) { node(id: $id) { ... on Kpi {
  series(granularity: DAY, last: $last, until: $until) { starts values } } } }"""


async def shop_in(world: World, zone: str, **given: Any) -> tuple[Shop, str]:
    """A shop and the KPI of its orders."""
    tenant = await world.another_tenant(time_zone=zone, **given)
    return await world.another_shop(tenant), await world.planner(tenant).kpi("orders")


async def days_of(caller: Caller, kpi: str, until: str, last: int) -> dict[str, str]:
    series = (await caller.ask(DAYS, id=kpi, last=last, until=until)).data["node"]["series"]
    return dict(zip(series["starts"], series["values"], strict=True))


def each(first: datetime, count: int, **step: float) -> Sequence[Any]:
    return [order(number, first + number * timedelta(**step), 100) for number in range(count)]


@pytest.mark.parametrize(
    ("zone", "first", "day", "half_hours"),
    [
        ("Europe/Berlin", "2025-03-28T23:00", "2025-03-30", 46),
        ("Europe/Berlin", "2025-10-24T22:00", "2025-10-26", 50),
        ("America/New_York", "2025-03-08T05:00", "2025-03-09", 46),
        ("Australia/Lord_Howe", "2025-10-03T13:30", "2025-10-05", 47),
        ("Australia/Lord_Howe", "2025-04-04T13:00", "2025-04-06", 49),
        ("Asia/Kolkata", "2025-06-08T18:30", "2025-06-10", 48),
        ("America/Santiago", "2025-09-06T04:00", "2025-09-07", 46),
    ],
)
async def test_an_order_every_half_hour_tells_how_long_a_day_was(
    agency: Caller, world: World, zone: str, first: str, day: str, half_hours: int
) -> None:
    """`first` is midnight two days earlier there, as UTC calls it."""
    shop, kpi = await shop_in(world, zone)
    await shop.sell(*each(at(first), 48 * 4, minutes=30))
    found = await days_of(agency, kpi, day, 2)
    assert found[day] == str(half_hours)
    assert next(iter(found.values())) == "48"


async def test_the_thirtieth_of_december_2011_never_was_in_samoa(agency: Caller, world: World) -> None:
    """At midnight after the 29th it was the 31st."""
    shop, kpi = await shop_in(world, "Pacific/Apia")
    await shop.sell(
        order(1, at("2011-12-30T09:59:59"), 100),
        order(2, at("2011-12-30T10:00:00"), 100),
        order(3, at("2011-12-31T09:59:59"), 100),
        order(4, at("2011-12-31T10:00:00"), 100),
    )
    found = await days_of(agency, kpi, "2012-01-01", 4)
    assert found == {"2011-12-29": "1", "2011-12-30": "0", "2011-12-31": "2", "2012-01-01": "1"}


async def test_midnight_decides_the_month_and_the_year(agency: Caller, world: World) -> None:
    """The same instants, seen from two ends of the earth."""
    instants = [order(1, at("2024-12-31T10:30"), 100), order(2, at("2025-01-01T11:30"), 100)]
    expected = {"Pacific/Kiritimati": ("2025-01-01", "2025-01-02"), "Pacific/Niue": ("2024-12-30", "2025-01-01")}
    for zone, days in expected.items():
        shop, kpi = await shop_in(world, zone)
        await shop.sell(*instants)
        found = await days_of(agency, kpi, "2025-01-03", 6)
        assert {day for day, value in found.items() if value == "1"} == set(days)


async def test_a_fiscal_year_begins_when_the_tenant_says(agency: Caller, world: World) -> None:
    shop, kpi = await shop_in(world, "Europe/London", fiscal_year_start_month=4)
    await shop.sell(order(1, at("2025-03-31T22:59"), 100), order(2, at("2025-03-31T23:00"), 100))
    query = """query($id: ID!) { node(id: $id) { ... on Kpi {
      year: value(period: LAST_YEAR, on: "2025-04-01") { value period { start end } }
      quarter: value(period: THIS_QUARTER, on: "2025-04-01") { value period { start end } } } } }"""
    found = (await agency.ask(query, id=kpi)).data["node"]
    assert found["year"] == {"value": "1", "period": {"start": "2024-04-01", "end": "2025-03-31"}}
    assert found["quarter"] == {"value": "1", "period": {"start": "2025-04-01", "end": "2025-06-30"}}


async def test_today_is_the_tenants_own(agency: Caller, world: World) -> None:
    """Where the clock says so, and where it is a demonstration's."""
    today = "query($id: ID!) { tenant(id: $id) { today timeZone } }"

    async def in_(zone: str, shift: int) -> datetime:
        tenant = await world.another_tenant(time_zone=zone, clock_shift_days=shift)
        return datetime.fromisoformat((await agency.ask(today, id=tenant.gid)).data["tenant"]["today"])

    east, west = await in_("Pacific/Kiritimati", 0), await in_("Pacific/Niue", 0)
    assert east - west in (timedelta(days=1), timedelta(days=2))
    assert await in_("Pacific/Kiritimati", -365) == east - timedelta(days=365)
