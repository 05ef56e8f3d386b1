"""What an operator's collector is told, from a first sync to a webhook, by real processes, and what it never is."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.collector import CLIENT, CONSUMER, SERVER, Collector, Told, collecting
from tests.journeys.stack import CLIENT_SECRET, LAST_DAY, SHOP, Client, Stack, started

OPTIONS = ("--last-day", LAST_DAY.isoformat(), "--seed-customers", "20", "--restore-rate", "4000")
JOB = {"azimuth.job", "azimuth.outcome", "azimuth.statements", "azimuth.waited_seconds"}
CALL = {"azimuth.provider", "azimuth.operation", "http.response.status_code"}


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


@pytest.fixture(scope="module")
async def stack(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    directory = tmp_path_factory.mktemp("traces")
    async with started(directory, shop=OPTIONS, settings=collector.environment) as running:
        yield running


@pytest.fixture(scope="module")
async def client(stack: Stack) -> Client:
    client = await stack.open_client()
    await client.until_up_to_date()
    return client


def calls(collector: Collector, job: Told) -> list[Told]:
    return [part for part in collector.parts(job) if "azimuth.operation" in part.attributes]


async def test_a_job_shows_its_statements_and_its_calls(client: Client, collector: Collector) -> None:
    (sync,) = await collector.until(lambda: [job for job in collector.named("job sync") if calls(collector, job)])
    (recompute, *_) = await collector.until(lambda: collector.named("job recompute"))
    for job in (sync, recompute):
        assert (job.kind, job.parent, job.failed) == (CONSUMER, "", False)
        assert set(job.attributes) == JOB
        assert job.attributes["azimuth.outcome"] == "ok"
    parts = await collector.until(lambda: collector.parts(recompute), recompute.attributes["azimuth.statements"])
    assert len(parts) == recompute.attributes["azimuth.statements"]
    assert "COMMIT" in {part.name for part in parts}
    asked = calls(collector, sync)
    assert {"shopify Shop", "shopify Customers", "shopify Orders", "shopify Subscribe"} <= {each.name for each in asked}
    assert {each.kind for each in asked} == {CLIENT}
    assert {frozenset(each.attributes) for each in asked} == {frozenset(CALL)}
    assert {each.attributes["http.response.status_code"] for each in asked} == {200}
    assert all(sync.began <= each.began < each.ended <= sync.ended for each in asked)


async def test_a_webhook_shows_what_became_of_it_and_a_call_that_failed_shows(
    client: Client, collector: Collector
) -> None:
    store = client.stack.store
    await asyncio.to_thread(store.control, "POST", "/faults", {"kind": "http_502", "times": 1})
    await asyncio.to_thread(store.control, "POST", "/orders", {"lines": [{"unit_price": "19.99"}]})
    kept = await collector.until(
        lambda: [each for each in collector.named("webhook shopify") if each.attributes["azimuth.outcome"] == "KEPT"]
    )
    assert {(each.kind, each.parent) for each in kept} == {(SERVER, "")}
    asked = await collector.until(lambda: collector.named("shopify OrderById"), 2)
    assert [(each.attributes["http.response.status_code"], each.failed) for each in asked[:2]] == [
        (502, True),
        (200, False),
    ]
    await collector.until(lambda: collector.named("job deliveries"))


async def test_nothing_says_whose_shop_it_is_or_who_buys_there(client: Client, collector: Collector) -> None:
    await client.until_up_to_date()
    told = b"".join(collector.bodies)
    people = (await asyncio.to_thread(client.stack.store.control, "GET", "/customers"))["customers"]
    assert len(people) >= 20
    for word in (
        *(SHOP, SHOP.partition(".")[0], CLIENT_SECRET, "shpat_", "shpca_", "shprt_", "myshopify", "@example"),
        *(client.tenant, str(client.tenant_id), client.tenant_id.hex),
        *(str(person[name]) for person in people for name in ("id", "email")),
    ):
        assert word.encode() not in told, word
    assert client.tenant_id.bytes not in told


async def test_what_happened_last_is_told_when_a_process_ends(client: Client, collector: Collector) -> None:
    worker = client.stack.worker
    await asyncio.to_thread(client.stack.store.control, "POST", "/orders", {"lines": [{"unit_price": "5.00"}]})
    await client.until_up_to_date()
    await worker.stop()
    jobs = [span for span in collector.spans if span.kind == CONSUMER]
    for job in jobs:
        shown = [part for part in collector.parts(job) if "azimuth.operation" not in part.attributes]
        assert len(shown) == job.attributes["azimuth.statements"]
    await worker.start()
