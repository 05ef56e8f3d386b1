"""The programs that other people's front ends are made of, against a live server."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from bench.model import Unavailable
from bench.node import Node, node_for
from tests.integration.api.client import Caller

CLIENTS = Path(__file__).parents[2] / "clients"
AUDITS = 61
PATIENCE_SECONDS = 120.0


@pytest.fixture(scope="module")
def node() -> Node:
    try:
        return node_for(CLIENTS)
    except Unavailable as reason:
        if os.environ.get("AZIMUTH_REQUIRE_NODE") == "1":
            pytest.fail(str(reason))
        pytest.skip(str(reason))


async def run(node: Node, script: str, *arguments: str) -> str:
    """What it prints. Fails where it does."""
    process = await asyncio.create_subprocess_exec(
        node.program,
        node.folder / script,
        *arguments,
        cwd=node.folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    assert process.returncode == 0, said.decode()
    return said.decode()


async def test_the_audits_of_graphql_over_http_pass(node: Node, agency: Caller) -> None:
    said = await run(node, "audits.mjs", str(agency.http.base_url.join("/graphql")), agency.token)
    results = [json.loads(line) for line in said.splitlines()]
    failed = [f"{each['id']} {each['name']}: {each['reason']}" for each in results if each["status"] != "ok"]
    assert failed == []
    assert len(results) == AUDITS
