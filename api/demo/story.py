"""What the demonstration does, step by step, through the public API alone but for the first step."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from api.admin import PROVIDER_SCOPES
from api.demo.client import ApiClient, give_consent
from api.wiring import Parts
from domain.connections.apps import register_provider_app
from domain.metrics.catalog import ALL as METRICS
from domain.metrics.periods import add_months
from tenants.access import service as access
from tenants.access.actor import ApiScope
from tenants.access.apps import register_app
from tenants.access.kinds import AppKind, OrganizationKind
from tenants.scope import Scope

DASHBOARD = Path(__file__).with_name("dashboard.graphql").read_text()
STREAMS = (
    "query($t: ID!) { tenant(id: $t) { dataVersion connections { nodes { status reason account "
    "streams { stream phase records expectedRecords } } } recomputeRuns(first: 1) { days } } }"
)
BACKFILL_SECONDS = 300.0


class StoryFailed(Exception):
    pass


@dataclass
class Steps:
    """Names and seconds of what was done, told as it happens."""

    console: Console
    done: list[dict[str, Any]] = field(default_factory=list)

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[None]:
        began = time.monotonic()
        yield
        seconds = round(time.monotonic() - began, 2)
        self.done.append({"name": name, "seconds": seconds})
        self.console.print(f"  {name} [dim]{seconds:.1f} s[/]")


@dataclass(frozen=True)
class Machine:
    """The client an integrator was given."""

    client_id: str
    client_secret: str


async def open_agency(parts: Parts, *, shop_client_id: str, shop_client_secret: str, shop_base_url: str) -> Machine:
    """What an operator does once: an agency, its machine client, and our registration at the provider."""
    database = parts.house.database
    async with database.unit_of_work() as session:
        agency = await access.organization_create(session, kind=OrganizationKind.AGENCY, name="First Light Agency")
        app, secret = await register_app(
            session,
            organization_id=agency.id,
            name="Dashboard",
            kind=AppKind.CONFIDENTIAL,
            scopes=[str(scope) for scope in ApiScope],
        )
    async with database.unit_of_work(Scope(organization_id=agency.id)) as session:
        await register_provider_app(
            session,
            keyring=parts.house.keyring,
            organization_id=agency.id,
            provider="shopify",
            client_id=shop_client_id,
            client_secret=shop_client_secret,
            scopes=PROVIDER_SCOPES["shopify"],
            base_url=shop_base_url,
            shared=False,
        )
    assert secret is not None
    return Machine(app.client_id, secret)


async def open_tenant(api: ApiClient, *, zone: str) -> str:
    payload = await api.change(
        "tenantCreate",
        "tenant { id }",
        name="First Light Records",
        currency="USD",
        timeZone=zone,
        industry="MUSIC_RETAIL",
    )
    tenant_id: str = payload["tenant"]["id"]
    return tenant_id


async def connect_shop(api: ApiClient, tenant_id: str, shop: str) -> None:
    started = await api.change(
        "connectionStart",
        "connection { id status } authorizeUrl",
        tenantId=tenant_id,
        provider="SHOPIFY",
        account=shop,
    )
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as browser:
        await give_consent(browser, started["authorizeUrl"])


async def watch_backfill(api: ApiClient, tenant_id: str, console: Console, alive: Callable[[], None]) -> None:
    """Until everything is read and computed, or `alive` says that nobody does it any more."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    deadline = time.monotonic() + BACKFILL_SECONDS
    with Progress(*columns, console=console, transient=True) as progress:
        tasks: dict[str, Any] = {}
        while time.monotonic() < deadline:
            alive()
            tenant = (await api.ask(STREAMS, {"t": tenant_id}))["data"]["tenant"]
            connection = tenant["connections"]["nodes"][0]
            for stream in connection["streams"]:
                name, total = stream["stream"], stream["expectedRecords"]
                tasks.setdefault(name, progress.add_task(f"reading {name}", total=None) if name not in tasks else None)
                progress.update(tasks[name], completed=stream["records"], total=total)
            if connection["status"] not in ("ACTIVE", "CONNECTING"):
                raise StoryFailed(f"the connection is {connection['status']}: {connection['reason']}")
            read = all(stream["phase"] == "INCREMENT" for stream in connection["streams"])
            if read and connection["streams"] and await _computed(api, tenant_id):
                return
            await asyncio.sleep(0.25)
    raise StoryFailed("the backfill did not end in time")


async def _computed(api: ApiClient, tenant_id: str) -> bool:
    query = "query($t: ID!) { tenant(id: $t) { upToDate } }"
    return bool((await api.ask(query, {"t": tenant_id}))["data"]["tenant"]["upToDate"])


async def adopt_kpis(api: ApiClient, tenant_id: str) -> dict[str, str]:
    """Every metric of the catalogue; KPI ids by metric key."""
    adopted = {}
    for metric in METRICS:
        payload = await api.change("kpiCreate", "kpi { id }", tenantId=tenant_id, metricKey=metric.key)
        adopted[metric.key] = payload["kpi"]["id"]
    return adopted


async def set_course(api: ApiClient, tenant_id: str, kpis: dict[str, str], today: date) -> None:
    """An objective, the automation behind it, the value before and the value wanted."""
    this_month = today.replace(day=1)
    objective = await api.change(
        "objectiveCreate",
        "objective { id }",
        tenantId=tenant_id,
        title="Bring customers back: 15 % more repeat purchases within a year",
        startsOn=add_months(this_month, -3).isoformat(),
        dueOn=add_months(this_month, 9).isoformat(),
    )
    objective_id = objective["objective"]["id"]
    kpi_id = kpis["repeat_purchase_rate"]
    await api.change("objectiveKpiLink", "objective { id }", objectiveId=objective_id, kpiId=kpi_id)
    initiative = await api.change(
        "initiativeCreate",
        "initiative { id }",
        tenantId=tenant_id,
        name="Win-back e-mails",
        kind="MARKETING",
        tool="mail flow",
        goLiveOn=add_months(this_month, -3).isoformat(),
    )
    await api.change(
        "initiativeLink",
        "link { id }",
        initiativeId=initiative["initiative"]["id"],
        objectiveId=objective_id,
        kpiId=kpi_id,
        expectedChange="0.15",
        expectedBy=add_months(this_month, 9).isoformat(),
        hypothesis="Who hears of new records once a month orders again.",
    )
    baseline = await api.change(
        "baselineFreeze",
        "baseline { value }",
        kpiId=kpi_id,
        window={
            "start": add_months(this_month, -9).isoformat(),
            "end": (add_months(this_month, -3) - timedelta(days=1)).isoformat(),
        },
        grain="MONTH",
    )
    await api.change(
        "targetCreate",
        "target { id }",
        kpiId=kpi_id,
        value=str(Decimal(baseline["baseline"]["value"]) * Decimal("1.15")),
        startOn=add_months(this_month, -3).isoformat(),
        dueOn=add_months(this_month, 9).isoformat(),
        trajectory="S_CURVE",
    )


def totals(dashboard: dict[str, Any]) -> dict[str, Any]:
    """Over the whole history, from the monthly series: first orders, orders, net revenue."""
    kpis = {kpi["metricKey"]: kpi for kpi in dashboard["data"]["tenant"]["kpis"]["nodes"]}

    def over_all(key: str) -> Decimal:
        return sum((Decimal(value) for value in kpis[key]["series"]["values"] if value is not None), Decimal(0))

    return {
        "customers": int(over_all("new_customers")),
        "orders": int(over_all("orders")),
        "revenue": str(over_all("net_revenue")),
    }
