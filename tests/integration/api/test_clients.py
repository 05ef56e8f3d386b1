"""The programs that other people's front ends are made of, against a live server."""

import asyncio
import json
import re
import shutil
import sys
from ast import literal_eval
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.node import Node
from tests.factories.shops import Shop, order
from tests.integration.api.client import Caller
from tests.integration.api.conftest import Open
from tests.integration.api.programs import PATIENCE_SECONDS, line, run, shown
from tests.integration.api.test_subscriptions import set_status, token_at
from tests.integration.api.world import World
from tests.loopback import listen

PAGE = Path(__file__).parents[3] / "docs" / "subscriptions.md"
PRELUDE = "const accessToken = async () => process.env.TOKEN; const tenant = process.env.TENANT;\n"
AUDITS = 61


async def test_the_audits_of_graphql_over_http_pass(node: Node, agency: Caller) -> None:
    said = await run([node.program, "audits.mjs", f"{agency.http.base_url}/graphql", agency.token], node.folder)
    results = [json.loads(each) for each in said.splitlines()]
    failed = [f"{each['id']} {each['name']}: {each['reason']}" for each in results if each["status"] != "ok"]
    assert failed == []
    assert len(results) == AUDITS


def snippet(name: str, address: str) -> str:
    """As the page shows it, for another address."""
    (found,) = re.findall(rf"```\w+ {name}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    plain = address.removeprefix("http://")
    return str(found).replace("wss://api.example.com", f"ws://{plain}").replace("https://api.example.com", address)


@pytest.fixture
async def shop(world: World) -> Shop:
    shop = await world.another_shop(await world.another_tenant())
    await world.planner(shop.tenant).kpi("orders")
    return shop


@asynccontextmanager
async def scripted(node: Node, name: str, address: str, token: str, shop: Shop) -> AsyncIterator[asyncio.StreamReader]:
    script = node.folder / f"page-{name}.mjs"
    script.write_text(PRELUDE + snippet(name, address))
    async with shown([node.program, script], node.folder, TOKEN=token, TENANT=shop.tenant.gid) as printed:
        yield printed


async def orders(printed: asyncio.StreamReader) -> int:
    (kpi,) = await line(printed)
    assert kpi["metricKey"] == "orders"
    return int(kpi["value"]["n"])


async def test_what_the_page_shows_for_websockets_works(node: Node, address: str, agency: Caller, shop: Shop) -> None:
    async with scripted(node, "ws", address, agency.token, shop) as printed:
        assert await orders(printed) == 0
        await shop.sell(order(1, datetime.now(UTC), 1000))
        assert await orders(printed) == 1


async def test_a_client_whose_server_stops_goes_on_at_the_next(
    node: Node, opened: Open, world: World, shop: Shop
) -> None:
    """What happened in between is told first."""
    with listen() as listening:
        stopping = opened(listening=listening)
        url = await stopping.__aenter__()
        token = await token_at(url, world.agency.machine)
        async with scripted(node, "ws", url, token, shop) as told, scripted(node, "sse", url, token, shop) as streamed:
            assert await orders(told) == 0
            assert [each["status"] for each in await line(streamed)] == ["ACTIVE"]
            await stopping.__aexit__(None, None, None)
            await shop.sell(order(1, datetime.now(UTC), 1000))
            await set_status(shop, "PAUSED")
            async with opened(listening=listening):
                assert await orders(told) == 1
                assert [each["status"] for each in await line(streamed)] == ["PAUSED"]


async def test_what_the_page_shows_for_event_streams_works(
    node: Node, address: str, agency: Caller, shop: Shop
) -> None:
    async with scripted(node, "sse", address, agency.token, shop) as printed:
        assert [(each["status"], each["reason"]) for each in await line(printed)] == [("ACTIVE", None)]
        await set_status(shop, "REVOKED", "UNINSTALLED")
        assert [(each["status"], each["reason"]) for each in await line(printed)] == [("REVOKED", "UNINSTALLED")]


async def test_what_the_page_shows_for_python_works(address: str, agency: Caller, shop: Shop, tmp_path: Path) -> None:
    script = tmp_path / "page.py"
    known = "import os\naccess_token = lambda: os.environ['TOKEN']\ntenant = os.environ['TENANT']\n"
    script.write_text(known + snippet("python", address))
    asked: list[str | Path] = [sys.executable, script]
    async with shown(asked, tmp_path, TOKEN=agency.token, TENANT=shop.tenant.gid) as printed:
        for sold in (0, 1):
            if sold:
                await shop.sell(order(1, datetime.now(UTC), 1000))
            (kpi,) = literal_eval((await asyncio.wait_for(printed.readline(), PATIENCE_SECONDS)).decode())
            assert (kpi["metricKey"], kpi["value"]["n"]) == ("orders", sold)


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
async def test_what_the_page_shows_for_curl_works(address: str, agency: Caller, shop: Shop, tmp_path: Path) -> None:
    command = snippet("curl", address)
    asked = ["bash", "-c", f"exec {command}"]
    async with shown(asked, tmp_path, TOKEN=agency.token, TENANT=shop.tenant.gid) as printed:
        assert await asyncio.wait_for(printed.readline(), PATIENCE_SECONDS) == b"event: next\n"
        assert b'"metricKey":"orders"' in await printed.readline()
