"""PostGraphile as a reference: GraphQL made from views over the same tables, under the same row-level security."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from api.demo.processes import Program, free_port, running
from bench.cpu import Charged
from bench.endpoints import JSON, Endpoint, Request, pid_of, until_all_ready
from bench.node import node_for
from bench.seeding import Ground
from bench.shape import Shape
from bench.stage import Stage
from tenants.roles import APPLICATION

NAME = "postgraphile"
SOURCE = Path(__file__).with_name("reference") / NAME


@asynccontextmanager
async def postgraphile(stage: Stage, ground: Ground, shape: Shape) -> AsyncIterator[Endpoint]:
    """Raises Unavailable where Node or the packages cannot be had."""
    node = await asyncio.to_thread(node_for, SOURCE)
    await _lay_views(ground)
    port = free_port()
    environment = {
        "BENCH_DATABASE_URL": ground.urls.application,
        "BENCH_APPLICATION": f"bench {NAME}",
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
        **stage.crew.environment,
    }
    arguments = ("bench.reference.on_node", str(node.program), str(node.folder / "server.mjs"), str(port))
    program = Program(NAME, arguments, environment, stage.directory / f"{NAME}-{port}.log")
    async with running([program]):
        await until_all_ready(program, port)
        charged = Charged(pid_of(program), ground.name, APPLICATION, f"bench {NAME}")
        yield Endpoint(NAME, port, charged, list(_requests(ground, shape)), program, READERS[shape.name])


async def _lay_views(ground: Ground) -> None:
    """Made anew: another shape of the same run may have made them."""
    connection = await asyncpg.connect(ground.urls.migration)
    try:
        await connection.execute("DROP SCHEMA IF EXISTS graph CASCADE")
        await connection.execute((SOURCE / "schema.sql").read_text())
    finally:
        await connection.close()


def _requests(ground: Ground, shape: Shape) -> list[Request]:
    document = shape.dialect(NAME)
    readable = [ground.tenants] if shape.of_all else [(tenant_id,) for tenant_id in ground.tenants]
    return [
        Request(
            "POST",
            "/graphql",
            {"Content-Type": JSON, "Bench-Tenants": f"{{{','.join(map(str, tenants))}}}"},
            orjson.dumps({"query": document, "variables": variables}),
        )
        for tenants, variables in zip(readable, shape.variables_for(ground, str), strict=True)
    ]


# What it answers, in the form of our answers: columns of a view that belong together are an object there.


def _dashboard(body: Mapping[str, Any]) -> Any:
    tenant = body["data"]["tenant"]
    objectives = [
        {**objective, "kpis": {"nodes": [_card(each) for each in objective["kpis"]["nodes"]]}}
        for objective in tenant["objectives"]["nodes"]
    ]
    return {"tenant": {**tenant, "objectives": {"nodes": objectives}}}


def _card(card: Mapping[str, Any]) -> dict[str, Any]:
    period = {"start": card["monthStart"], "end": card["monthEnd"]}
    return {
        **_picked(card, "name", "metricKey", "segment"),
        "current": {**_picked(card, "value", "currency", "n", "nullReason"), "period": period},
        "series": _picked(card, "unit", "points"),
        "baseline": _prefixed(card, "baseline"),
        "target": _prefixed(card, "target"),
    }


def _portfolio(body: Mapping[str, Any]) -> Any:
    tenants = [
        {**tenant, "kpis": {"nodes": [_standing(each) for each in tenant["kpis"]["nodes"]]}}
        for tenant in body["data"]["tenants"]["nodes"]
    ]
    return {"tenants": {"nodes": tenants}}


def _standing(kpi: Mapping[str, Any]) -> dict[str, Any]:
    target = None if kpi["targetStatus"] is None else _prefixed(kpi, "target")
    return {**_picked(kpi, "name", "metricKey"), "value": _picked(kpi, "value", "n"), "target": target}


def _picked(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _prefixed(row: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """`targetDueOn` is `dueOn` of the object that is meant."""
    found = ((name.removeprefix(prefix), value) for name, value in row.items() if name.startswith(prefix))
    return {name[0].lower() + name[1:]: value for name, value in found}


READERS: dict[str, Callable[[Any], Any]] = {"dashboard": _dashboard, "portfolio": _portfolio}
