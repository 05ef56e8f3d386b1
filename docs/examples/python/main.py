"""What a front end's server does first: clients page by page, a KPI, a board, and news of it as it changes.

    pip install "ariadne-codegen[subscriptions]==0.19.0"
    ariadne-codegen
    AZIMUTH=https://api.example.com CLIENT_ID=... CLIENT_SECRET=... python main.py

`azimuth/` is generated from the schema and `operations.graphql`, with types for every answer.
"""

import asyncio
import base64
import os
import sys
import time
from collections.abc import AsyncIterator, Generator, Sequence
from datetime import date, timedelta
from decimal import Decimal

import httpx
from azimuth import Azimuth, KpiCreateInput, TargetCreateInput
from azimuth.board import BoardTenant
from azimuth.changes import ChangesMetricChangedKpis
from azimuth.fragments import Complaint, Figure
from azimuth.tenants import TenantsTenantsNodes

ADDRESS = os.environ.get("AZIMUTH", "http://127.0.0.1:8400")
MOST_ATTEMPTS = 5


class ClientCredentials(httpx.Auth):
    """A token by client credentials, the same until it has a minute left."""

    requires_response_body = True

    def __init__(self, client_id: str, client_secret: str) -> None:
        self._basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self.token, self._until = "", 0.0

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if time.monotonic() >= self._until:
            answer = yield httpx.Request(
                "POST",
                f"{ADDRESS}/oauth/token",
                data={"grant_type": "client_credentials"},
                headers={"Authorization": f"Basic {self._basic}"},
            )
            answer.raise_for_status()
            told = answer.json()
            self.token, self._until = told["access_token"], time.monotonic() + told["expires_in"] - 60
        request.headers["Authorization"] = f"Bearer {self.token}"
        yield request


class Patient(httpx.AsyncHTTPTransport):
    """A 429 or a 503 says when to come again."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for _ in range(MOST_ATTEMPTS - 1):
            answer = await super().handle_async_request(request)
            if answer.status_code not in (429, 503):
                return answer
            await answer.aclose()
            seconds = float(answer.headers.get("Retry-After", 1))
            print(f"{answer.status_code}: again in {seconds:.0f} s", file=sys.stderr)
            await asyncio.sleep(seconds)
        return await super().handle_async_request(request)


async def tenants(api: Azimuth) -> AsyncIterator[TenantsTenantsNodes]:
    after = None
    while True:
        page = (await api.tenants(after=after)).tenants
        for node in page.nodes:
            yield node
        if not page.page_info.has_next_page:
            return
        after = page.page_info.end_cursor


def tell(user_errors: Sequence[Complaint]) -> None:
    """What the user has to mend is no failure: it is said with the place in the input."""
    for error in user_errors:
        print(f"{'.'.join(error.field)}: {error.code}: {error.message}")


async def adopt(api: Azimuth, tenant: str, metric_key: str) -> str | None:
    """Sent again with one key, because no answer came for instance, it is done once."""
    key = f"adopt {metric_key} for {tenant}"
    given = KpiCreateInput(tenantId=tenant, metricKey=metric_key, idempotencyKey=key)
    payload = (await api.adopt(given)).kpi_create
    tell(payload.user_errors)
    return payload.kpi.id if payload.kpi else None


async def aim(api: Azimuth, kpi: str, start_on: date) -> None:
    """Numbers are `Decimal`, days are `date`."""
    given = TargetCreateInput(
        kpiId=kpi,
        value=Decimal("120.5"),
        startValue=Decimal(100),
        startOn=start_on,
        dueOn=start_on + timedelta(days=90),
        idempotencyKey=f"aim {kpi}",
    )
    tell((await api.aim(given)).target_create.user_errors)


async def board_of(api: Azimuth, tenant: str) -> BoardTenant:
    found = (await api.board(tenant)).tenant
    assert found is not None, "null comes with an error, which is raised"
    return found


def show(board: BoardTenant) -> None:
    print(f"{board.name} on {board.today}, money in {board.currency}")
    for kpi in board.kpis.nodes:
        target = kpi.target
        goal = f", {target.status.value} for {target.value} by {target.due_on}" if target else ""
        print(f"  {kpi.name}: {shown(kpi.value)}{goal}")


def shown(figure: Figure | None) -> str:
    """Without a number there is a reason."""
    if figure is None or figure.value is None:
        return figure.null_reason.value if figure and figure.null_reason else "-"
    return str(figure.value)


async def changes(token: str, tenant: str) -> AsyncIterator[Sequence[ChangesMetricChangedKpis]]:
    """The present state at once, and again whenever something of it has changed."""
    api = Azimuth(
        ws_url=f"{ADDRESS.replace('http', 'ws', 1)}/graphql",
        ws_connection_init_payload={"Authorization": f"Bearer {token}"},
    )
    async for told in api.changes(tenant):
        yield told.metric_changed.kpis


async def main() -> None:
    auth = ClientCredentials(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
    async with httpx.AsyncClient(auth=auth, transport=Patient(), timeout=30) as http:
        api = Azimuth(f"{ADDRESS}/graphql", http_client=http)
        found = [tenant async for tenant in tenants(api)]
        print(f"clients: {', '.join(tenant.name for tenant in found)}")
        first = found[0].id
        kpi = await adopt(api, first, "orders")
        await adopt(api, first, "order")  # which there is not
        if kpi:
            await aim(api, kpi, (await board_of(api, first)).today)
        show(await board_of(api, first))
        async for kpis in changes(auth.token, first):
            print(f"told: {', '.join(f'{each.name} {shown(each.value)}' for each in kpis)}")


asyncio.run(main())
