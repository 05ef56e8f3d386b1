"""The examples that people copy, generated, type-checked and run as their readers would do it."""

import asyncio
import json
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.export import SCHEMA_FILE
from bench.model import Unavailable
from bench.node import Node, packages_of
from tests.factories.organizations import Machine
from tests.factories.tenants import new_tenant
from tests.integration.api.conftest import CLIENTS, Open
from tests.integration.api.programs import PATIENCE_SECONDS, run, shown
from tests.integration.api.world import World
from tests.pages import ROOT

EXAMPLES = Path("docs", "examples")
NAMES = ["Corner Bakery", "Harbor Records", "Old Garage"]
LITTLE: dict[str, Any] = {"operation_points": 100, "budget_points": 100, "budget_points_per_second": 40}


@pytest.fixture
async def surroundings(opened: Open, world: World, machine: Machine) -> AsyncIterator[dict[str, str]]:
    """Of an organization with three clients, whose app may ask for little at once."""
    for name in NAMES:
        await new_tenant(world.database, world.keyring, machine.actor, name=name)
    client_id, client_secret = machine.credentials
    async with opened(**LITTLE) as address:
        yield {"AZIMUTH": address, "CLIENT_ID": client_id, "CLIENT_SECRET": client_secret}


def copied(name: str, place: Path) -> Path:
    """The example where it is in the repository, for what is generated and installed there."""
    (place / "api").mkdir()
    shutil.copy(SCHEMA_FILE, place / "api")
    shutil.copytree(ROOT / EXAMPLES / name, place / EXAMPLES / name)
    return place / EXAMPLES / name


@asynccontextmanager
async def spent(surroundings: dict[str, str]) -> AsyncIterator[asyncio.Task[None]]:
    """All that the app may ask for, as other processes of its do: until the task is ended."""
    form, credentials = {"grant_type": "client_credentials"}, (surroundings["CLIENT_ID"], surroundings["CLIENT_SECRET"])
    body = {"query": "{ metricCatalog(first: 3) { nodes { key } } }"}

    async def spend() -> int:
        return (await http.post("/graphql", json=body, headers=headers)).status_code

    async def go_on() -> None:
        while True:
            await spend()

    async with httpx2.AsyncClient(base_url=surroundings["AZIMUTH"], trust_env=False) as http:
        token = (await http.post("/oauth/token", data=form, auth=credentials)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        while await spend() != 429:
            pass
        spending = asyncio.create_task(go_on())
        try:
            yield spending
        finally:
            spending.cancel()
            await asyncio.wait([spending])


async def does_its_work(command: str, folder: Path, surroundings: dict[str, str], **environment: str) -> None:
    """To where it waits for news; it has to wait for points before."""
    lines: list[str] = []
    asked = ["sh", "-c", f"exec {command} 2>&1"]
    async with spent(surroundings) as spending, shown(asked, folder, **environment, **surroundings) as printed:
        while not lines or not lines[-1].startswith("told: "):
            line = (await asyncio.wait_for(printed.readline(), PATIENCE_SECONDS)).decode()
            assert line, lines
            lines.append(line.rstrip())
            spending.cancel()
    waited = [each for each in lines if re.fullmatch(r"429: again in \d+ s", each)]
    assert lines[0] in waited
    clients, refused, board, orders, told = [each for each in lines if each not in waited]
    assert clients == f"clients: {', '.join(NAMES)}"
    assert refused.startswith("input.metricKey: UNKNOWN_METRIC: There is no metric 'order'")
    assert re.fullmatch(r"Corner Bakery on \d{4}-\d\d-\d\d, money in EUR", board), board
    assert re.fullmatch(r"  Orders: SOURCE_NOT_CONNECTED, NO_DATA for 120\.5 by \d{4}-\d\d-\d\d", orders), orders
    assert told == "told: Orders SOURCE_NOT_CONNECTED"


async def test_the_typescript_example_is_typed_and_works(
    node: Node, surroundings: dict[str, str], tmp_path: Path
) -> None:
    folder = copied("typescript", tmp_path)
    (tmp_path / "node_modules").symlink_to(node.folder / "node_modules")
    package = json.loads((folder / "package.json").read_text())
    paths = (node.program.parent, node.folder / "node_modules" / ".bin", "/usr/bin", "/bin")
    path = ":".join(map(str, paths))
    for script in ("codegen", "check"):
        await run(["sh", "-c", package["scripts"][script]], folder, PATH=path)
    await does_its_work(package["scripts"]["start"], folder, surroundings, PATH=path)


def test_the_typescript_example_names_the_packages_it_is_tested_with() -> None:
    example = json.loads((ROOT / EXAMPLES / "typescript" / "package.json").read_text())
    tested = json.loads((CLIENTS / "package.json").read_text())["dependencies"]
    assert (example["dependencies"] | example["devDependencies"]).items() <= tested.items()


def test_the_python_example_names_the_packages_it_is_tested_with() -> None:
    (name, extra, version) = re.findall(
        r'pip install "([\w-]+)\[(\w+)\]==([\d.]+)"', (ROOT / EXAMPLES / "python" / "main.py").read_text()
    )[0]
    assert (name, extra) == ("ariadne-codegen", "subscriptions")
    assert f"\n{name}=={version} " in (CLIENTS / "python.lock").read_text()


@pytest.fixture(scope="module")
def packages() -> Path:
    """Those of the Python example, and what generates its client."""
    try:
        return packages_of(CLIENTS / "python.lock")
    except Unavailable as reason:
        pytest.skip(str(reason))


async def test_the_python_example_is_generated_and_works(
    packages: Path, surroundings: dict[str, str], tmp_path: Path
) -> None:
    folder = copied("python", tmp_path)
    await run([sys.executable, packages / "bin" / "ariadne-codegen"], folder, PYTHONPATH=str(packages))
    environment = {"PYTHONPATH": str(packages), "PYTHONUNBUFFERED": "1"}
    await does_its_work(f"{sys.executable} main.py", folder, surroundings, **environment)
