"""What a subscriber is told of a connection, from its consent through its backfill to its end at the shop."""

from typing import Any

from api.ids import Kind, encode
from tests.integration.api.subscriber import ORDERS, PROGRESS, STATUS, Socket, subscriber
from tests.integration.connections.office import Client, Office


async def statuses(told: Socket) -> list[tuple[str, str | None]]:
    nodes: list[dict[str, Any]] = (await told.next())["connectionStatusChanged"]["connections"]
    return [(node["status"], node["reason"]) for node in nodes]


async def test_consent_and_end_at_the_shop_are_told(office: Office, address: str) -> None:
    store = office.open_shop(customers=3)
    tenant = await office.open_tenant()
    async with subscriber(address, office.api.access_token) as told:
        await told.subscribe(STATUS, t=tenant)
        assert await statuses(told) == []
        landing = await office.decide(await office.start(tenant, store))
        assert await statuses(told) == [("CONNECTING", None)]
        await office.call_back(landing)
        assert await statuses(told) == [("ACTIVE", None)]
        client = await office.client(tenant, store)
        await client.sync()  # which asks for webhooks
        await client.at_shop("POST", "/uninstall", {"client_id": office.client_id})
        await client.work_off()
        assert await statuses(told) == [("REVOKED", "UNINSTALLED")]


async def test_a_backfill_is_told_as_it_goes_and_its_figures_at_the_end(office: Office, address: str) -> None:
    client = await office.with_pages_of(10).connect(office.open_shop(customers=40))
    await office.api.change("kpiCreate", "kpi { id }", tenantId=client.tenant, metricKey="orders")
    gid = encode(Kind.CONNECTION, client.tenant_id, client.connection_id)
    async with subscriber(address, office.api.access_token) as told:
        await told.subscribe(PROGRESS, id="progress", c=gid)
        await told.next("progress")
        await told.subscribe(ORDERS.replace("THIS_YEAR", "TRAILING_365_DAYS"), id="figures", t=client.tenant)
        assert (await told.next("figures"))["metricChanged"]["kpis"][0]["value"]["n"] == 0
        await client.read()
        counts, orders = await read_along(told, await client.order_count())
    assert counts == sorted(counts)
    assert len(counts) > 1, "it was told by its end alone"
    assert orders


async def read_along(told: Socket, expected: int) -> tuple[list[int], int]:
    """How many orders had been read each time that was told, and in how many the figures came to rest."""
    counts: list[int] = []
    figures = 0
    while not figures or counts[-1] < expected:
        message = await told.take()
        data = message["payload"]["data"]
        if message["id"] == "progress":
            streams = {each["stream"]: each["records"] for each in data["syncProgress"]["connection"]["streams"]}
            counts.append(streams["orders"])
        else:
            figures = data["metricChanged"]["kpis"][0]["value"]["n"]
    return counts, figures


async def test_trouble_at_the_shop_and_its_end_are_told(read_client: Client, address: str) -> None:
    async with subscriber(address, read_client.office.api.access_token) as told:
        await told.subscribe(STATUS, t=read_client.tenant)
        assert await statuses(told) == [("ACTIVE", None)]
        read_client.fault("http_500", times=100)
        await read_client.sync()
        assert await statuses(told) == [("ACTIVE", "PROVIDER_UNAVAILABLE")]
        read_client.fair_weather()
        await read_client.sync()
        assert await statuses(told) == [("ACTIVE", None)]
