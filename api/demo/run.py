"""`azimuth demo`: the whole product on one machine, from nothing."""

import asyncio
import json
import os
import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
from rich.console import Console
from rich.markup import escape

from api.demo import story
from api.demo.client import ApiClient
from api.demo.place import database, place
from api.demo.processes import Program, all_alive, free_port, running, until_ready, until_written
from api.demo.show import show
from api.wiring import open_parts
from tenants import logs
from tenants.embedded import DatabaseUrls
from tenants.settings import Settings, read_settings

SIGNALS = (signal.SIGINT, signal.SIGTERM)
ZONE = "America/New_York"
SHOP = "first-light.myshopify.com"


async def run_demo(*, once: bool, json_file: Path | None) -> int:
    """The exit code: 0, or what a shell says of a program that was interrupted."""
    demonstration = asyncio.ensure_future(_demonstrate(once=once, json_file=json_file))
    received: list[int] = []

    def interrupt(number: int) -> None:
        if not received:  # whoever is impatient does not interrupt the tidying up
            demonstration.cancel()
        received.append(number)

    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, interrupt, number)
    try:
        await demonstration
    except asyncio.CancelledError:
        if not received:
            raise
        return 128 + received[0]
    return 0


async def _demonstrate(*, once: bool, json_file: Path | None) -> None:
    console = Console(highlight=False)
    steps = story.Steps(console)
    console.print("[bold]Azimuth[/]: a practice shop with real purchases, connected, computed, shown.\n")
    logs.configure("WARNING")
    async with AsyncExitStack() as stack:
        directory = await stack.enter_async_context(place())
        async with steps.step("database started and migrated"):
            urls = await stack.enter_async_context(database(directory))
        settings = _settings(directory, urls)
        programs, sandbox_news = await stack.enter_async_context(_programs(settings, directory, steps))
        result = await _tell(settings, steps, programs, sandbox_news)
        show(console, result["dashboard"]["answer"])
        if json_file is not None:
            await asyncio.to_thread(_write, json_file, result)
        if not once:
            _invite(console, settings, result)
            await _until_interrupted()


def _write(file: Path, result: dict[str, Any]) -> None:
    """For its owner's eyes: it holds a token and a secret, short-lived as they are."""
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(json.dumps(result, indent=2) + "\n")


def _settings(directory: Path, urls: DatabaseUrls) -> Settings:
    """What is set for a product of one's own stays untouched: its database above all."""
    port = free_port()
    for name in ("BENCHMARK_DATABASE_URL", "AZIMUTH_KEYRING_DIR", "AZIMUTH_MASTER_KEY"):
        os.environ.pop(name, None)
    os.environ.update(
        {
            "AZIMUTH_ENV": "development",
            "DATABASE_URL": urls.application,
            "MIGRATION_DATABASE_URL": urls.migration,
            "AZIMUTH_STATE_DIR": str(directory),
            "AZIMUTH_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "AZIMUTH_PORT": str(port),
            "AZIMUTH_HOST": "127.0.0.1",
            "AZIMUTH_TICK_SECONDS": "1",
        }
    )
    return read_settings()


@asynccontextmanager
async def _programs(
    settings: Settings, directory: Path, steps: story.Steps
) -> AsyncIterator[tuple[list[Program], dict[str, Any]]]:
    last_day = datetime.now(UTC).astimezone(ZoneInfo(ZONE)).date() - timedelta(days=1)
    ready = directory / "sandbox.json"
    arguments = ("--port", "0", "--ready-file", str(ready), "--last-day", last_day.isoformat(), "--time-zone", ZONE)
    sandbox = Program("sandbox", ("api.cli", "sandbox", *arguments), {}, directory / "sandbox.log")
    api = Program("api", ("api.cli", "serve"), {}, directory / "api.log")
    worker = Program("worker", ("api.cli", "worker"), {}, directory / "worker.log")
    programs = [sandbox, api, worker]
    async with running(programs):
        async with steps.step("practice shop, API and worker started"):
            news = await until_written(sandbox, ready)
            await until_ready(api, f"{settings.public_url}/readyz")
        yield programs, news


async def _tell(
    settings: Settings, steps: story.Steps, programs: list[Program], sandbox: dict[str, Any]
) -> dict[str, Any]:
    client_id, shop_secret = f"practice-{secrets.token_hex(4)}", secrets.token_hex(16)
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as http:
        async with steps.step("agency, machine client and provider app registered"):
            await _register_at_shop(http, settings, sandbox, client_id, shop_secret)
            async with open_parts(settings) as parts:
                machine = await story.open_agency(
                    parts,
                    shop_client_id=client_id,
                    shop_client_secret=shop_secret,
                    shop_base_url=f"{sandbox['url']}/shops/{{shop}}",
                )
        async with steps.step("access token by client credentials"):
            api = await ApiClient.sign_in(http, settings.public_url, machine.client_id, machine.client_secret)
        async with steps.step("client tenant opened"):
            tenant_id = await story.open_tenant(api, zone=ZONE)
        async with steps.step("shop installed by its owner's consent"):
            await story.connect_shop(api, tenant_id, SHOP)
        async with steps.step("history read and computed"):
            await story.watch_backfill(api, tenant_id, steps.console, alive=lambda: all_alive(programs))
        async with steps.step("KPIs adopted, objective, automation, baseline and target set"):
            kpis = await story.adopt_kpis(api, tenant_id)
            await story.set_course(api, tenant_id, kpis, await _today(api, tenant_id))
        async with steps.step("dashboard asked in one request"):
            request = {"query": story.DASHBOARD, "variables": {"tenant": tenant_id}}
            answer = await api.ask(request["query"], request["variables"])  # type: ignore[arg-type]
    return {
        "graphql_url": api.graphql_url,
        "access_token": api.access_token,
        "client_id": machine.client_id,
        "client_secret": machine.client_secret,
        "tenant_id": tenant_id,
        "dashboard": {"request": request, "answer": answer},
        "totals": story.totals(answer),
        "steps": steps.done,
        "sandbox": {"url": sandbox["url"], "control_token": sandbox["control_token"], "shop": SHOP},
    }


async def _register_at_shop(
    http: httpx2.AsyncClient, settings: Settings, sandbox: dict[str, Any], client_id: str, secret: str
) -> None:
    """What a developer does in the provider's own dashboard."""
    answer = await http.post(
        f"{sandbox['url']}/control/apps",
        json={
            "client_id": client_id,
            "client_secret": secret,
            "redirect_uris": [f"{settings.public_url}/oauth/callback/shopify"],
            "title": "First Light Dashboard",
        },
        headers={"X-Sandbox-Control": sandbox["control_token"]},
    )
    answer.raise_for_status()


async def _today(api: ApiClient, tenant_id: str) -> Any:
    answer = await api.ask("query($t: ID!) { tenant(id: $t) { today } }", {"t": tenant_id})
    return datetime.fromisoformat(answer["data"]["tenant"]["today"]).date()


def _invite(console: Console, settings: Settings, result: dict[str, Any]) -> None:
    curl = (
        f"curl -s {result['graphql_url']} -H 'Authorization: Bearer {result['access_token']}' "
        "-H 'Content-Type: application/json' "
        f"""-d '{{"query":"{{ tenant(id: \\"{result["tenant_id"]}\\") {{ name today dataVersion }} }}"}}'"""
    )
    console.print(
        f"\n[bold]Explorer[/]      {settings.public_url}/explorer#token={result['access_token']}", soft_wrap=True
    )
    console.print(f"[bold]Access token[/]  {result['access_token']}", soft_wrap=True)
    console.print(f"[bold]Try[/]           {escape(curl)}", soft_wrap=True)
    console.print("\nServing until Ctrl-C.")


async def _until_interrupted() -> None:
    stop = asyncio.Event()
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
