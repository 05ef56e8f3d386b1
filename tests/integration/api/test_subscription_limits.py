"""What a subscriber may not do: the protocol's own rules, and the limits that keep one from crowding out the others."""

import asyncio
import json
import socket as sockets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from prometheus_client import REGISTRY
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from tenants.access.callers import Callers
from tenants.clock import WallClock
from tests.factories.organizations import Machine, new_machine
from tests.factories.plans import Planner
from tests.factories.shops import Shop, new_shop, order
from tests.factories.tenants import new_tenant
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.conftest import Open
from tests.integration.api.subscriber import ORDERS, PROTOCOL, STATUS, Socket, socket, socket_url, stream, subscriber
from tests.integration.api.test_embeds import ORIGIN, embed
from tests.integration.api.test_subscriptions import token_at
from tests.integration.api.world import World

METRICS = "subscription($t: ID!) { metricChanged(tenantId: $t) { kpis { metricKey } } }"
INIT = {"type": "connection_init"}
PING = {"type": "ping"}


@pytest.fixture(scope="module")
async def narrow(opened: Open) -> AsyncIterator[str]:
    """A process with little room and less patience."""
    async with opened(
        subscriptions=4,
        subscriptions_per_app=3,
        subscriptions_per_connection=2,
        subscription_init_seconds=0.3,
        subscription_send_seconds=0.5,
        subscription_check_seconds=0.2,
        subscription_idle_seconds=0.5,
        subscription_ping_seconds=0.2,
        subscription_interval_milliseconds=0,
    ) as url:
        yield url


@pytest.fixture
async def token(narrow: str, machine: Machine) -> str:
    return await token_at(narrow, machine)


@pytest.fixture
async def tenant(world: World, machine: Machine) -> str:
    return (await new_tenant(world.database, world.keyring, machine.actor)).gid


@pytest.mark.parametrize("protocol", ["graphql-ws", "soap", ""])
async def test_another_protocol_is_refused(address: str, protocol: str) -> None:
    """The older one, too, which lets people in before they say who they are."""
    async with socket(address, protocol=protocol) as opened:
        assert await opened.closed() == 4406


async def test_who_says_nothing_is_sent_away(narrow: str) -> None:
    async with socket(narrow) as opened:
        await opened.send(PING)
        assert await opened.take() == {"type": "pong"}
        assert await opened.closed() == 4408


async def test_nobody_subscribes_before_they_are_let_in(address: str, world: World) -> None:
    async with socket(address) as opened:
        await opened.subscribe(ORDERS, t=world.agency.tenant.gid)
        assert await opened.closed() == 4401


@pytest.mark.parametrize(
    "payload",
    [None, {}, {"Authorization": "nonsense"}, {"Authorization": "Bearer nonsense"}, {"authorization": 7}],
)
async def test_without_a_token_nobody_is_let_in(address: str, payload: dict[str, str] | None) -> None:
    async with socket(address) as opened:
        await opened.send({**INIT, "payload": payload})
        assert await opened.closed() == 4403


async def test_a_token_in_the_handshake_lets_nobody_in(address: str, agency: Caller) -> None:
    async with socket(address, additional_headers=agency.headers) as opened:
        await opened.send(INIT)
        assert await opened.closed() == 4403


async def test_no_token_gets_into_the_log(address: str, agency: Caller, caplog: pytest.LogCaptureFixture) -> None:
    """Neither from a message nor from an address, where it does not belong and counts for nothing."""
    caplog.set_level("DEBUG")
    careless = f"{socket_url(address)}?access_token=hush-hush"
    async with connect(careless, subprotocols=[Subprotocol(PROTOCOL)], proxy=None) as wire:
        await Socket(wire).send({**INIT, "payload": {"Authorization": f"Bearer {agency.token}"}})
        assert await Socket(wire).take() == {"type": "connection_ack"}
    said = [record for record in caplog.records if not record.name.startswith("websockets.client")]
    assert [record.name for record in said if "hush" in record.getMessage()] == []
    assert [record.name for record in said if agency.token in record.getMessage()] == []


async def test_who_is_in_does_not_come_in_again(address: str, agency: Caller) -> None:
    async with subscriber(address, agency.token) as told:
        await told.send({**INIT, "payload": {"Authorization": f"Bearer {agency.token}"}})
        assert await told.closed() == 4429


async def test_an_id_is_used_once_at_a_time(address: str, agency: Caller, world: World) -> None:
    async with subscriber(address, agency.token) as told:
        await told.subscribe(ORDERS, t=world.agency.tenant.gid)
        await told.next()
        await told.send({"type": "complete", "id": "1"})
        await told.subscribe(ORDERS, t=world.agency.tenant.gid)
        await told.next()
        await told.subscribe(ORDERS, t=world.agency.tenant.gid)
        assert await told.closed() == 4409


@pytest.mark.parametrize(
    "message",
    [
        "{",
        b"{}",
        "[]",
        "null",
        "{}",
        {"type": 7},
        {"type": "unheard_of"},
        {"type": "subscribe"},
        {"type": "subscribe", "id": 1, "payload": {"query": "{ viewer { clientId } }"}},
        {"type": "subscribe", "id": "", "payload": {"query": "{ viewer { clientId } }"}},
        {"type": "subscribe", "id": "x" * 201, "payload": {"query": "{ viewer { clientId } }"}},
        {"type": "subscribe", "id": "1"},
        {"type": "subscribe", "id": "1", "payload": []},
        {"type": "subscribe", "id": "1", "payload": {}},
        {"type": "subscribe", "id": "1", "payload": {"query": 1}},
        {"type": "subscribe", "id": "1", "payload": {"query": ORDERS, "variables": []}},
        {"type": "complete"},
        {**INIT, "payload": []},
    ],
)
async def test_what_is_no_message_ends_the_connection(address: str, message: object) -> None:
    async with socket(address) as opened:
        await opened.send(message)
        assert await opened.closed() == 4400


async def test_what_is_kept_as_long_as_it_lasts_is_small(
    address: str, http: httpx2.AsyncClient, agency: Caller
) -> None:
    for keys in (["x" * 100_000], ["x"] * 50_000):
        async with subscriber(address, agency.token) as told:
            await told.subscribe(ORDERS, k=keys)
            assert await told.closed() == 1009
        body = {"query": ORDERS, "variables": {"k": keys}}
        headers = {**agency.headers, "Accept": "text/event-stream"}
        answer = await http.post("/graphql", json=body, headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (413, "BODY_TOO_LARGE")


async def test_a_connection_an_app_and_a_process_have_room_for_so_many(
    narrow: str, world: World, machine: Machine, token: str, tenant: str
) -> None:
    async with subscriber(narrow, token) as one, subscriber(narrow, token) as two:
        for id in ("1", "2"):
            await one.subscribe(ORDERS, id=id, t=tenant)
            await one.next(id)
        await one.subscribe(ORDERS, id="3", t=tenant)
        assert await one.code("3") == "TOO_MANY_SUBSCRIPTIONS"
        await two.subscribe(ORDERS, id="1", t=tenant)
        await two.next()
        await two.subscribe(ORDERS, id="2", t=tenant)
        refusal = await two.refusal("2")
        assert refusal["message"].startswith("Your app has 3")
        async with httpx2.AsyncClient(base_url=narrow, trust_env=False) as http:
            async with stream(http, token, ORDERS, t=tenant) as streamed:
                assert await streamed.code() == "TOO_MANY_SUBSCRIPTIONS"
            other = await new_machine(world.database)
            others = await new_tenant(world.database, world.keyring, other.actor)
            others_token = await token_at(narrow, other)
            async with (
                stream(http, others_token, ORDERS, t=others.gid) as fits,
                stream(http, others_token, ORDERS, t=others.gid) as refused,
            ):
                await fits.next()
                assert await refused.code() == "TOO_MANY_SUBSCRIPTIONS"
        await until_none("sse")
        await two.subscribe(ORDERS, id="2", t=others.gid)  # there is room again, but not for this app
        assert await two.code("2") == "TOO_MANY_SUBSCRIPTIONS"
        await two.send({"type": "complete", "id": "1"})
        await two.subscribe(ORDERS, id="1", t=tenant)
        await two.next("1")


async def test_a_process_has_room_for_so_many_connections(narrow: str) -> None:
    async with socket(narrow), socket(narrow), socket(narrow), socket(narrow):
        with pytest.raises(InvalidStatus) as refused:
            async with socket(narrow):
                pass
        assert refused.value.response.status_code == 503


async def test_who_wants_nothing_is_sent_away(narrow: str, token: str) -> None:
    async with subscriber(narrow, token) as told:
        assert await told.closed() == 1000


async def test_a_stream_of_which_nothing_is_told_shows_that_it_lives(narrow: str, token: str, tenant: str) -> None:
    async with (
        httpx2.AsyncClient(base_url=narrow, trust_env=False) as http,
        stream(http, token, ORDERS, t=tenant) as told,
    ):
        await told.next()
        assert await anext(told.lines) == ": ping"


@pytest.fixture
async def wordy(world: World, machine: Machine) -> Shop:
    """Whose every change is a long answer."""
    tenant = await new_tenant(world.database, world.keyring, machine.actor)
    await Planner(world.database, machine.actor, tenant).kpi("orders")
    return await new_shop(world.database, world.keyring, tenant, provider_app_id=world.agency.provider_app_id)


POINTS = "series(granularity: DAY, last: 400) { points { at until value n nullReason flags } }"
ALL_POINTS = " ".join(f"s{at}: {POINTS}" for at in range(10))
WORDY = f"subscription($t: ID!) {{ metricChanged(tenantId: $t) {{ kpis {{ {ALL_POINTS} }} }} }}"


def dull(address: str) -> sockets.socket:
    """A connection that holds little of what it is sent."""
    wire = sockets.socket()
    wire.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    url = httpx2.URL(address)
    wire.connect((url.host, url.port))
    return wire


async def until_given_up(shop: Shop, gauge: str, **labels: str) -> int:
    """Things go on happening. How many it took."""
    assert REGISTRY.get_sample_value(gauge, labels) == 1
    for number in range(1, 200):
        await shop.sell(order(number, datetime.now(UTC), 100))
        if not REGISTRY.get_sample_value(gauge, labels):
            return number
    raise AssertionError("it was told and told")


async def test_who_does_not_take_what_is_told_is_given_up(narrow: str, token: str, wordy: Shop) -> None:
    quiet: dict[str, Any] = {"sock": dull(narrow), "max_queue": 1, "ping_interval": None, "close_timeout": 0}
    async with subscriber(narrow, token, **quiet) as told:
        await told.subscribe(WORDY, t=wordy.tenant.gid)
        await told.next()
        await until_given_up(wordy, "azimuth_sockets")


async def test_who_does_not_read_a_stream_is_given_up(narrow: str, token: str, wordy: Shop) -> None:
    with dull(narrow) as wire:
        body = json.dumps({"query": WORDY, "variables": {"t": wordy.tenant.gid}})
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        wire.sendall((head + body).encode())
        await asyncio.sleep(0.3)
        await until_given_up(wordy, "azimuth_subscriptions", transport="sse")


async def test_who_hangs_up_is_forgotten(narrow: str, token: str, tenant: str) -> None:
    async with (
        httpx2.AsyncClient(base_url=narrow, trust_env=False) as http,
        stream(http, token, ORDERS, t=tenant) as told,
        subscriber(narrow, token) as also,
    ):
        await told.next()
        await also.subscribe(ORDERS, t=tenant)
        await also.next()
    await until_none("sse")
    await until_none("websocket")


async def until_none(transport: str) -> None:
    for _ in range(100):
        if not REGISTRY.get_sample_value("azimuth_subscriptions", {"transport": transport}):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"somebody is still told over {transport}")


async def test_an_embed_token_holds_for_its_origin_its_tenant_and_its_fields(
    address: str, http: httpx2.AsyncClient, world: World, machine: Machine, caller: Caller
) -> None:
    tenant = await new_tenant(world.database, world.keyring, machine.actor)
    other = await new_tenant(world.database, world.keyring, machine.actor)
    token = await embed(
        http, machine, caller, tenant, fields="Subscription.metricChanged MetricChange.kpis Kpi.metricKey"
    )
    for origin in (None, "https://evil.example"):
        async with socket(address, origin=origin) as opened:
            await opened.send({**INIT, "payload": {"Authorization": f"Bearer {token}"}})
            assert await opened.closed() == 4403
        sent = {"Origin": origin} if origin else {}
        async with stream(http, token, METRICS, headers=sent, t=tenant.gid) as streamed:
            assert streamed.response.status_code == 403
    async with subscriber(address, token, origin=ORIGIN) as told:
        await told.subscribe(METRICS, t=tenant.gid)
        assert await told.next() == {"metricChanged": {"kpis": []}}
        for query, gid, code in (
            (METRICS, other.gid, "NOT_FOUND"),
            (ORDERS, tenant.gid, "FORBIDDEN_FIELD"),
            (STATUS, tenant.gid, "FORBIDDEN_FIELD"),
        ):
            await told.subscribe(query, id="2", t=gid)
            assert await told.code("2") == code


async def test_an_embed_token_that_is_taken_back_ends_what_is_told_by_it(
    opened: Open, world: World, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Callers.__init__, "__kwdefaults__", {"memory_seconds": 0.1})
    tenant = await new_tenant(world.database, world.keyring, machine.actor)
    async with (
        opened(subscription_check_seconds=0.2) as url,
        httpx2.AsyncClient(base_url=url, trust_env=False) as http,
    ):
        token = await embed(http, machine, await sign_in(http, machine), tenant)
        async with subscriber(url, token, origin=ORIGIN) as told:
            await told.subscribe(METRICS, t=tenant.gid)
            await told.next()
            await http.post("/oauth/revoke", data={"token": token}, auth=machine.credentials)
            assert await told.code() == "UNAUTHENTICATED"
            assert await told.closed() == 4403


async def test_a_token_that_runs_out_ends_what_is_told_by_it(
    opened: Open, world: World, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await new_tenant(world.database, world.keyring, machine.actor)
    async with opened(subscription_check_seconds=0.2) as url:
        token = await token_at(url, machine)
        async with subscriber(url, token) as told:
            await told.subscribe(METRICS, t=tenant.gid)
            await told.next()
            later = datetime.now(UTC) + timedelta(hours=2)
            monkeypatch.setattr(WallClock, "now", lambda _: later)
            assert await told.code() == "UNAUTHENTICATED"
            assert await told.closed() == 4403
