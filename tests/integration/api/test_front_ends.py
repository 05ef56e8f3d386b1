"""Relay, Apollo Client and urql, as they are published, on this schema and a live server."""

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from graphql import get_named_type

from api.export import SCHEMA_FILE
from bench.node import Node
from tests.factories.organizations import Machine
from tests.factories.plans import Planner
from tests.factories.tenants import new_tenant
from tests.integration.api.client import Caller
from tests.integration.api.conftest import CLIENTS
from tests.integration.api.programs import run
from tests.integration.api.shapes import CORE
from tests.integration.api.world import World

NAMES = [f"Client {at}" for at in range(5)]
KEYS = ["orders", "net_revenue", "active_customers", "average_order_value", "revenue_growth"]
NOT_KNOWN = [{"field": ["input", "metricKey"], "code": "UNKNOWN_METRIC"}]


@pytest.fixture
async def tenant(world: World, machine: Machine) -> str:
    """The first of five clients of an organization, with five KPIs."""
    first, *_ = [await new_tenant(world.database, world.keyring, machine.actor, name=name) for name in NAMES]
    planner = Planner(world.database, machine.actor, first)
    for key in KEYS:
        await planner.kpi(key)
    return first.gid


async def told(node: Node, script: str, caller: Caller, *arguments: str, warned: Sequence[str] = ()) -> Any:
    """What the program says as JSON in its last line, after nothing but what it warns of."""
    address = str(caller.http.base_url.join("/graphql"))
    said = await run([node.program, script, address, caller.token, *arguments], node.folder)
    *warnings, last = said.splitlines()
    assert warnings == list(warned), said
    return json.loads(last)


def test_the_schema_is_what_relays_specifications_ask_for() -> None:
    """https://relay.dev/graphql/connections.htm and https://graphql.org/learn/global-object-identification"""
    types: dict[str, Any] = dict(CORE.type_map)
    node = types["Query"].fields["node"]
    assert (str(node.type), {name: str(each.type) for name, each in node.args.items()}) == ("Node", {"id": "ID!"})
    assert str(types["Node"].fields["id"].type) == "ID!"
    page_info = {name: str(each.type) for name, each in types["PageInfo"].fields.items()}
    assert page_info == {
        **dict.fromkeys(("hasNextPage", "hasPreviousPage"), "Boolean!"),
        **dict.fromkeys(("startCursor", "endCursor"), "String"),
    }
    fields = [each for kind in types.values() for each in getattr(kind, "fields", {}).values()]
    connections = [each for each in fields if str(each.type).rstrip("!").endswith("Connection")]
    assert len(connections) > 15
    for each in connections:
        kind = get_named_type(each.type)
        assert str(each.args["first"].type).rstrip("!") == "Int"
        assert str(each.args["after"].type) == "String"
        assert str(kind.fields["pageInfo"].type) == "PageInfo!"
        edge = get_named_type(kind.fields["edges"].type)
        assert edge.name == kind.name.replace("Connection", "Edge")
        assert str(edge.fields["cursor"].type) == "String!"
        assert {"node"} < edge.fields.keys()


@pytest.fixture(scope="module")
async def compiled(node: Node) -> str:
    """What Relay's compiler says of `tests/clients/relay`, whose artifacts stand beside it afterwards."""
    folder = node.folder / "relay"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(CLIENTS / "relay", folder)
    shutil.copy(SCHEMA_FILE, folder / "schema.graphql")
    return await run([node.program, node.folder / "node_modules/relay-compiler/cli.js"], folder)


def test_relay_compiles_without_a_warning(compiled: str, node: Node) -> None:
    assert not re.search("warn|error", compiled, re.IGNORECASE), compiled
    assert len(list(Path(node.folder, "relay", "src", "__generated__").glob("Board*.graphql.js"))) == 9


@pytest.mark.usefixtures("compiled")
async def test_relay_walks_pages_asks_for_nodes_and_changes(
    node: Node, caller: Caller, tenant: str, world: World
) -> None:
    refusal = "Warning: MutationHandlers: Expected target node to exist."  # of the change that was refused
    found = await told(node, "relay/run.cjs", caller, tenant, world.stranger.tenant.gid, warned=[refusal])
    assert found["tenants"] == {"pages": 3, "names": NAMES}
    assert found["kpis"] == {"pages": 2, "keys": KEYS}
    refetched = found["refetched"]
    assert (refetched["name"], refetched["value"]["period"]["grain"]) == ("Orders", "YEAR")
    assert found["refused"] == NOT_KNOWN
    assert found["adopted"] == {"errors": [], "keys": [*KEYS, "gross_revenue"]}
    assert found["found"]["node"] == {"__typename": "Tenant", "id": tenant, "name": NAMES[0]}
    assert found["lost"] == {"node": None, "viewer": found["found"]["viewer"]}, "what is beside it is answered"
    assert set(found["requests"]) == {
        *("BoardQuery", "BoardTenantsPaginationQuery", "BoardKpisPaginationQuery", "BoardKpiRefetchQuery"),
        *("BoardAdoptMutation", "BoardNodeQuery"),
    }


async def test_apollo_walks_pages_changes_and_sends_documents_once(node: Node, caller: Caller, tenant: str) -> None:
    found = await told(node, "apollo.mjs", caller, tenant)
    assert found["requests"] == [
        {"sentText": False, "sentHash": True},
        {"sentText": True, "sentHash": True},
        *[{"sentText": False, "sentHash": True}] * 2,
    ]
    came_through(found, tenant, "new_customers")


async def test_urql_walks_pages_changes_and_subscribes(node: Node, caller: Caller, tenant: str) -> None:
    came_through(await told(node, "urql.mjs", caller, tenant), tenant, "refund_rate")


def came_through(found: Any, tenant: str, adopted: str) -> None:
    assert found["tenants"] == {"pages": 3, "names": NAMES}
    assert found["kpis"] == {"pages": 2, "keys": KEYS}
    assert [{"field": each["field"], "code": each["code"]} for each in found["refused"]] == NOT_KNOWN
    first, again = found["adopted"]
    assert (first["kpi"]["metricKey"], first["userErrors"]) == (adopted, [])
    assert again == first, "the same key gives the same"
    assert found["codes"] == [["NOT_FOUND"], ["PAGE_TOO_LARGE"]]
    assert [kpi["metricKey"] for kpi in found["told"]["data"]["metricChanged"]["kpis"]] == [*KEYS, adopted]
