"""The API process tells a collector what each request did: whole, under its caller's trace, and nothing of whom."""

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import httpx2
import pytest

from api.demo.processes import Program, free_port, running, until_ready
from api.explain import DASHBOARD
from api.ids import Kind, decode
from tenants.embedded import DatabaseUrls
from tests.collector import CLIENT, SERVER, Collector, Told, collecting
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.ledger import Ledger
from tests.integration.api.world import World

LIST = "query {name}($id: ID!) {{ tenant(id: $id) {{ kpis(first: 5) {{ nodes {{ name value {{ value }} }} }} }} }}"
NODE = "query Node($id: ID!) { node(id: $id) { ... on Initiative { name kind } } }"
REQUEST = {
    "graphql.operation.type",
    "graphql.operation.name",
    "azimuth.outcome",
    "azimuth.statements",
    "azimuth.waited_seconds",
}
PLAN = (
    "mutation {name}($input: ObjectiveCreateInput!) "
    "{{ objectiveCreate(input: $input) {{ objective {{ id title }} userErrors {{ message }} }} }}"
)
PERSON = "Wilhelmina Featherstonehaugh"


@dataclass(frozen=True)
class Process:
    caller: Caller
    collector: Collector
    log: Path

    async def ask(self, query: str, *, traceparent: str = "", **variables: Any) -> None:
        headers = {"traceparent": traceparent, "tracestate": f"vendor={PERSON.split()[0]}"} if traceparent else {}
        answer = await self.caller.send(json.dumps({"query": query, "variables": variables}).encode(), **headers)
        assert answer.status_code == 200, answer.text

    def logged(self, trace: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("trace_id") == trace]


class Serve(Protocol):
    def __call__(self, processes: int) -> AbstractAsyncContextManager[Process]: ...


@pytest.fixture(scope="module")
def serve(
    world: World,
    database_urls: DatabaseUrls,
    keys_directory: Path,
    master_key: bytes,
    tmp_path_factory: pytest.TempPathFactory,
) -> Serve:
    @asynccontextmanager
    async def serve_(processes: int) -> AsyncIterator[Process]:
        port, log = free_port(), tmp_path_factory.mktemp("tracing") / "serve.log"
        url = f"http://127.0.0.1:{port}"
        with collecting() as collector:
            environment = collector.environment | {
                "DATABASE_URL": database_urls.application,
                "AZIMUTH_PUBLIC_URL": url,
                "AZIMUTH_KEYRING_DIR": str(keys_directory),
                "AZIMUTH_MASTER_KEY": base64.b64encode(master_key).decode(),
                "AZIMUTH_PROCESSES": str(processes),
                "AZIMUTH_BUDGET_POINTS_PER_SECOND": "1000000",  # none is asked for on the way
            }
            program = Program("serve", ("api.cli", "serve", "--port", str(port)), environment, log)
            async with running([program]):
                await until_ready(program, f"{url}/readyz")
                async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as http:
                    yield Process(await sign_in(http, world.agency.machine), collector, log)

    return serve_


@pytest.fixture(scope="module")
async def process(serve: Serve) -> AsyncIterator[Process]:
    async with serve(1) as alone:
        yield alone


def new_parent(*, sampled: bool = True) -> tuple[str, str, str]:
    """A trace, a span of it, and the header that names both."""
    trace, span = os.urandom(16).hex(), os.urandom(8).hex()
    return trace, span, f"00-{trace}-{span}-{'01' if sampled else '00'}"


async def whole(collector: Collector, trace: str) -> tuple[Told, list[Told]]:
    """The request of that trace, and its parts."""
    (work,) = await collector.until(lambda: [span for span in collector.of_trace(trace) if span.kind == SERVER])
    return work, await collector.until(lambda: collector.parts(work), work.attributes["azimuth.statements"])


async def test_a_request_goes_on_with_its_callers_trace_and_shows_each_statement(
    process: Process, world: World
) -> None:
    document, gid = DASHBOARD.read_text(), world.agency.gids[Kind.TENANT]
    await process.ask(document, tenant=gid)  # a name that comes again has a name of its own
    trace, parent, traceparent = new_parent()
    await process.ask(document, tenant=gid, traceparent=traceparent)
    work, parts = await whole(process.collector, trace)

    assert (work.name, work.parent, work.state, work.failed) == ("query Dashboard", parent, "", False)
    assert work.teller["service.name"] == "azimuth"
    assert set(work.attributes) == REQUEST
    assert work.attributes["graphql.operation.name"] == "Dashboard"
    assert work.attributes["azimuth.outcome"] == "ok"
    assert len(parts) == work.attributes["azimuth.statements"] >= 6
    names = [part.name for part in sorted(parts, key=lambda each: each.began)]
    assert names[0] == "BEGIN"
    assert "domain.objectives.repository.pages" in names
    assert {part.kind for part in parts} == {CLIENT}
    assert {json.dumps(part.attributes) for part in parts} == {'{"db.system.name": "postgresql"}'}
    for part in parts:
        assert work.began <= part.began <= part.ended <= work.ended


async def test_a_request_that_names_no_trace_begins_one_and_its_log_lines_name_it(
    process: Process, world: World
) -> None:
    document = LIST.format(name="Begun")
    for _ in range(2):
        await process.ask(document, id=world.agency.gids[Kind.TENANT])
    (second,) = await process.collector.until(lambda: process.collector.named("query Begun"))
    first = process.collector.named("query other")[-1]
    assert first.trace != second.trace
    assert (first.parent, second.parent) == ("", "")
    (line,) = process.logged(second.trace)
    assert (line["event"], line["operation"]) == ("graphql", "Begun")
    assert UUID(line["request_id"]).hex != second.trace


async def test_a_caller_who_collects_nothing_makes_us_collect_nothing(process: Process, world: World) -> None:
    gid = world.agency.gids[Kind.TENANT]
    silent, _, header = new_parent(sampled=False)
    await process.ask(LIST.format(name="Quiet"), id=gid, traceparent=header)
    told, _, header = new_parent()
    await process.ask(LIST.format(name="Quiet"), id=gid, traceparent=header)
    await whole(process.collector, told)
    assert process.collector.of_trace(silent) == []
    assert [line["event"] for line in process.logged(silent)] == ["graphql"]


@pytest.mark.parametrize("header", ["", "00-zz-01", f"00-{'0' * 32}-{'0' * 16}-01", "x" * 4000])
async def test_a_header_that_names_no_trace_hinders_nothing(process: Process, world: World, header: str) -> None:
    before = len(process.collector.named("query Unhindered") + process.collector.named("query other"))
    await process.ask(LIST.format(name="Unhindered"), id=world.agency.gids[Kind.TENANT], traceparent=header)
    found = await process.collector.until(
        lambda: process.collector.named("query Unhindered") + process.collector.named("query other"), before + 1
    )
    assert found[-1].parent == ""
    assert "opentelemetry" not in process.log.read_text(), "it has nothing to say of what callers send"


async def test_what_a_caller_got_wrong_is_no_failure_and_what_we_did_is(
    process: Process, world: World, ledger: Ledger
) -> None:
    gid = await world.planner(await world.another_tenant()).initiative()
    await ledger.execute("UPDATE initiatives SET kind = 'no_such_kind' WHERE id = $1", decode(gid).id)
    theirs, _, header = new_parent()
    await process.ask(NODE, id=world.stranger.gids[Kind.INITIATIVE], traceparent=header)
    nonsense, _, header = new_parent()
    await process.ask("{ nonsense }", traceparent=header)
    ours, _, header = new_parent()
    await process.ask(NODE, id=gid, traceparent=header)

    mistaken, _ = await whole(process.collector, theirs)
    unread, _ = await whole(process.collector, nonsense)
    failed, _ = await whole(process.collector, ours)
    assert (mistaken.attributes["azimuth.outcome"], mistaken.failed) == ("errors", False)
    assert (unread.name, unread.attributes["azimuth.statements"], unread.failed) == ("graphql", 0, False)
    assert (failed.attributes["azimuth.outcome"], failed.failed, failed.events) == ("errors", True, 0)
    assert {line["event"] for line in process.logged(ours)} == {"graphql", "request failed"}


async def test_a_webhook_is_a_trace_of_its_own_whatever_it_names(process: Process, world: World) -> None:
    trace, _, header = new_parent()
    answer = await process.caller.http.post(
        f"/webhooks/shopify/{world.agency.provider_app_id}", content=b"{}", headers={"traceparent": header}
    )
    assert answer.status_code == 401
    (work,) = await process.collector.until(lambda: process.collector.named("webhook shopify"))
    assert (work.kind, work.parent, work.failed) == (SERVER, "", False)
    assert work.trace != trace
    assert work.attributes["azimuth.provider"] == "shopify"
    assert work.attributes["azimuth.outcome"] == "SIGNATURE_REFUSED"
    assert await process.collector.until(lambda: process.collector.parts(work), work.attributes["azimuth.statements"])


@pytest.mark.long
async def test_each_process_behind_the_port_tells_for_itself(serve: Serve, world: World) -> None:
    def tellers() -> set[str]:
        return {span.teller["service.instance.id"] for span in together.collector.spans}

    async with serve(2) as together:
        for _ in range(600):
            # Whoever is free takes a new connection.
            async with httpx2.AsyncClient(base_url=together.caller.http.base_url, trust_env=False, timeout=30) as http:
                await Process(together.caller.at(http), together.collector, together.log).ask("{ viewer { clientId } }")
            if len(tellers()) == 2:
                break
            await asyncio.sleep(0.05)
        assert len(tellers()) == 2


async def test_nothing_says_who_asked_of_whom_or_with_what(process: Process, world: World) -> None:
    home, caller, machine = await world.another_tenant(), process.caller, world.agency.machine
    given = {"tenantId": home.gid, "title": PERSON, "startsOn": "2026-01-01", "dueOn": "2026-12-31"}
    traces = []
    for document, variables in (
        (PLAN.format(name="Plan"), {"input": given}),
        (PLAN.format(name="Plan"), {"input": given}),
        (PLAN.format(name=PERSON.partition(" ")[2]), {"input": given}),
        (f'query Node {{ node(id: "{PERSON}") {{ id }} }}', {}),
    ):
        trace, _, header = new_parent()
        await process.ask(document, traceparent=header, **variables)
        traces.append(await whole(process.collector, trace))
    assert [work.name for work, _ in traces[:3]] == ["mutation other", "mutation Plan", "mutation other"]
    _, parts = traces[1]
    assert [part for part in parts if part.name.startswith("INSERT INTO objectives")]
    assert [part for part in parts if part.name == "COMMIT"]

    told = b"".join(process.collector.bodies)
    for word in (
        *PERSON.split(),
        *(home.gid, str(home.id), home.id.hex, str(machine.organization_id)),
        *(*machine.credentials, caller.token, "Bearer"),
    ):
        assert word.encode() not in told, word
    assert home.id.bytes not in told
