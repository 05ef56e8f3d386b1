"""From a change at the shop through its webhook to the figure, with real processes that die on the way."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

import pytest

from tests.integration.api.subscriber import subscriber
from tests.journeys.stack import LAST_DAY, ZONE, Client, Stack, started

CUSTOMERS = 40
SHOP = (
    *("--last-day", LAST_DAY.isoformat(), "--seed-customers", str(CUSTOMERS), "--restore-rate", "4000"),
    *("--retry-seconds", *(["0.3"] * 60)),
)
KPIS = ("orders", "gross_revenue", "net_revenue")
DAYS = 400
Figures = dict[date, tuple[int, int, int]]


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    settings = {"AZIMUTH_SYNC_INTERVAL_SECONDS": "3"}
    async with started(tmp_path_factory.mktemp("webhooks"), shop=SHOP, settings=settings) as running:
        yield running


@pytest.fixture(scope="module")
async def client(stack: Stack) -> Client:
    """Its history read and computed, three metrics adopted."""
    client = await stack.open_client()
    await client.until_up_to_date()
    for key in KPIS:
        await client.api.change("kpiCreate", "kpi { id }", tenantId=client.tenant, metricKey=key)
    return client


async def at_shop(client: Client, method: str, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
    return await asyncio.to_thread(client.stack.store.control, method, path, content)


async def standing(client: Client) -> list[dict[str, Any]]:
    """The shop's orders as they really are, test orders left out."""
    listed = (await at_shop(client, "GET", "/orders"))["orders"]
    return [order for order in listed if not order["test"]]


def day_of(instant: str) -> date:
    return datetime.fromisoformat(instant).astimezone(ZONE).date()


async def shops_figures(client: Client) -> Figures:
    """Orders, gross and net revenue in cents, by the day."""
    count: Counter[date] = Counter()
    gross: Counter[date] = Counter()
    refunded: Counter[date] = Counter()
    for order in await standing(client):
        day = day_of(order["processed_at"])
        count[day] += 1
        gross[day] += order["subtotal"]
        for refund in order["refunds"]:
            refunded[day_of(refund["created_at"])] += refund["total"]
    days = {*count, *refunded}
    return {day: (count[day], gross[day], gross[day] - refunded[day]) for day in days}


def cents(dollars: str) -> int:
    return int(Decimal(dollars) * 100)


async def our_figures(client: Client) -> Figures:
    query = (
        "query($t: ID!, $until: Date) { tenant(id: $t) { kpis { nodes { metricKey "
        f"series(granularity: DAY, last: {DAYS}, until: $until) {{ points {{ at value n }} }} }} }} }} }}"
    )
    found: dict[str, dict[date, str]] = {key: {} for key in KPIS}
    today = await client.today()
    for until in (today, today - timedelta(days=DAYS)):
        answer = await client.api.ask(query, {"t": client.tenant, "until": until.isoformat()})
        for kpi in answer["data"]["tenant"]["kpis"]["nodes"]:
            for point in kpi["series"]["points"]:
                found[kpi["metricKey"]][date.fromisoformat(point["at"])] = point["value"] or "0"
    figures = {
        day: (int(count), cents(found["gross_revenue"][day]), cents(found["net_revenue"][day]))
        for day, count in found["orders"].items()
    }
    return {day: values for day, values in figures.items() if any(values)}


async def until_equal(client: Client, seconds: float = 60) -> None:
    """Until we say what the shop says, day by day."""
    deadline = asyncio.get_running_loop().time() + seconds
    while (ours := await our_figures(client)) != (theirs := await shops_figures(client)):
        if asyncio.get_running_loop().time() > deadline:
            differing = {day: (ours.get(day), theirs.get(day)) for day in {*ours, *theirs}}
            raise AssertionError({day: pair for day, pair in differing.items() if pair[0] != pair[1]})
        await asyncio.sleep(0.2)


async def deliveries(client: Client) -> dict[str, int]:
    query = (
        "query($t: ID!) { tenant(id: $t) { connections { nodes "
        "{ inbox { received processed failed waiting duplicates stale } } } } }"
    )
    answer = await client.api.ask(query, {"t": client.tenant})
    counts: dict[str, int] = answer["data"]["tenant"]["connections"]["nodes"][0]["inbox"]
    return counts


async def until(condition: Callable[[dict[str, int]], bool], client: Client, seconds: float = 20) -> dict[str, int]:
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition(counts := await deliveries(client)):
        assert asyncio.get_running_loop().time() < deadline, counts
        await asyncio.sleep(0.05)
    return counts


async def test_change_reaches_the_figure_and_touches_its_own_days_alone(client: Client) -> None:
    order = (await standing(client))[0]
    old = day_of(order["processed_at"])
    new = old + timedelta(days=33)
    await until_equal(client)
    now = datetime.now(UTC)
    runs = await client.row("SELECT count(*) AS n FROM recompute_runs WHERE tenant_id = $1")
    moved = datetime.combine(new, datetime.min.time(), ZONE) + timedelta(hours=12)
    await at_shop(client, "PATCH", f"/orders/{order['id']}", {"processed_at": moved.isoformat()})
    await until_equal(client)
    written = await client.rows(
        "SELECT DISTINCT local_day FROM day_components WHERE tenant_id = $1 AND valid_from >= $2", now
    )
    assert {row["local_day"] for row in written} == {old, new}
    query = "query($t: ID!) { tenant(id: $t) { recomputeRuns(first: 1) { days firstDay lastDay } } }"
    (run,) = (await client.api.ask(query, {"t": client.tenant}))["data"]["tenant"]["recomputeRuns"]
    assert run == {"days": 2, "firstDay": old.isoformat(), "lastDay": new.isoformat()}
    assert (await client.row("SELECT count(*) AS n FROM recompute_runs WHERE tenant_id = $1"))["n"] == runs["n"] + 1


async def test_change_is_told_to_who_waits_for_it(client: Client) -> None:
    """From the shop by webhook to the API's process, from there to the worker, and back to who listens at the API."""
    address, token = client.stack.settings.public_url, client.api.access_token
    series = "subscription($t: ID!) { metricChanged(tenantId: $t) { kpis { metricKey value(period: TODAY) { n } } } }"
    await until_equal(client)
    async with subscriber(address, token) as told:
        await told.subscribe(series, t=client.tenant)
        before = counted(await told.next())
        took = []
        for more in range(1, 6):
            began = time.monotonic()
            await at_shop(client, "POST", "/orders", {"lines": [{"unit_price": "9.99"}]})
            while counted(await told.next()) != before + more:
                pass
            took.append(time.monotonic() - began)
        assert median(took) < 1.0, took
    await until_equal(client)


def counted(data: dict[str, Any]) -> int:
    values = {kpi["metricKey"]: kpi["value"]["n"] for kpi in data["metricChanged"]["kpis"]}
    return int(values["orders"])


@pytest.mark.parametrize("job", ["kept", "lost"])
async def test_worker_killed_between_acknowledging_and_working_off_loses_nothing(client: Client, job: str) -> None:
    stack = client.stack
    await stack.crash(stack.worker)
    before = await deliveries(client)
    order = (await standing(client))[0]
    await at_shop(client, "DELETE", f"/orders/{order['id']}")
    counts = await until(lambda now: now["received"] == before["received"] + 1, client)
    assert counts["waiting"] == 1, "acknowledged, kept, and nobody there to work it off"
    if job == "lost":
        await stack.admin.execute("DELETE FROM pgqueuer")
    await stack.start(stack.worker)
    await until(lambda now: now["waiting"] == 0, client)
    await until_equal(client)


async def test_worker_killed_in_the_middle_of_a_delivery_loses_nothing(client: Client) -> None:
    stack = client.stack
    await at_shop(client, "POST", "/faults", {"kind": "hang", "seconds": 3, "times": 30})
    sold = await at_shop(client, "POST", "/orders", {"lines": [{"unit_price": "19.99"}]})
    sql = "SELECT 1 FROM webhook_deliveries WHERE tenant_id = $1 AND status = 'RECEIVED' AND attempts > 0"
    for _ in range(400):
        if await client.rows(sql):
            break
        await asyncio.sleep(0.02)
    await stack.crash(stack.worker)
    assert await client.rows(sql), "it was begun, and not finished"
    await at_shop(client, "DELETE", "/faults")
    await stack.start(stack.worker)
    await until(lambda now: now["waiting"] == 0, client)
    await until_equal(client)
    fact = await client.row(
        "SELECT gross_minor FROM order_facts WHERE tenant_id = $1 AND external_id = $2", str(sold["order"]["id"])
    )
    assert fact["gross_minor"] == 1999


async def test_api_killed_while_the_shop_tells_loses_nothing(client: Client) -> None:
    stack = client.stack
    await stack.crash(stack.api)
    for order in (await standing(client))[:3]:
        await at_shop(client, "POST", f"/orders/{order['id']}/refunds", {})
    await asyncio.sleep(0.5)
    await stack.start(stack.api)
    await stack.api_ready()
    await until_equal(client)


@pytest.mark.long
async def test_storm_with_kills_ends_as_the_shop_stands(client: Client) -> None:
    """Duplicates, disorder, words that never come, deletions; the API and the worker die in between."""
    stack, chance = client.stack, random.Random(7)
    for round_ in range(4):
        await at_shop(client, "POST", "/deliveries/pause")
        for _ in range(6):
            await one_change(client, chance)
        await at_shop(client, "POST", "/deliveries/release", {"order": "shuffled"})
        for sent in (await at_shop(client, "GET", "/deliveries"))["deliveries"][-4:]:
            await at_shop(client, "POST", f"/deliveries/{sent['id']}/resend")
        await asyncio.sleep(chance.uniform(0, 0.3))
        victims = [(stack.worker,), (stack.api,), (stack.worker, stack.api), ()][round_]
        await stack.crash(*victims)
        await stack.start(*victims)
        await stack.api_ready()
    await until_equal(client)
    counts = await until(lambda now: now["waiting"] == 0, client)
    assert counts["failed"] == 0
    assert counts["duplicates"] > 0
    await until_equal(client)


async def one_change(client: Client, chance: random.Random) -> None:
    order = chance.choice(await standing(client))
    path = f"/orders/{order['id']}"
    day = day_of(order["processed_at"]) - timedelta(days=chance.randint(1, 20))
    moved = (datetime.combine(day, datetime.min.time(), ZONE) + timedelta(hours=11)).isoformat()
    # Nobody is told of some; but a deletion that nobody tells is found by no increment.
    told = chance.random() < 0.7
    changes: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/orders", {"lines": [{"unit_price": f"{chance.randint(1, 90)}.99"}], "webhook": told}),
        ("PATCH", path, {"processed_at": moved, "webhook": told}),
        ("PATCH", path, {"note": "call before delivery", "webhook": told}),
        ("PATCH", path, {"test": True, "webhook": told}),
        ("DELETE", path, {}),
    ]
    if order["current_total"]:
        changes.append(("POST", f"{path}/refunds", {"webhook": told}))
    await at_shop(client, *chance.choice(changes))


async def test_logs_hold_no_person_and_no_secret(client: Client) -> None:
    """Of the API and the worker, all they said at the most talkative level."""
    addresses = [one["email"] for one in (await at_shop(client, "GET", "/customers?fields=email"))["customers"]]
    assert len(addresses) == CUSTOMERS
    logs = client.stack.logs
    assert b'"logger":"api.http.graphql"' in logs
    assert [address for address in addresses if address.encode() in logs] == []
    assert b"shpat_" not in logs
    assert b"shprt_" not in logs
    assert b"call before delivery" not in logs
    assert client.api.access_token.encode() not in logs
