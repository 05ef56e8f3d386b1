"""`azimuth doctor explain`: a query's statements with the plans the server has for them under row-level security."""

import asyncio
import base64
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from api.ids import Kind, encode
from tenants.embedded import DatabaseUrls
from tenants.ids import new_id
from tests.integration.api.world import World

Explain = Callable[..., Awaitable[subprocess.CompletedProcess[str]]]


@pytest.fixture
def explain(database_urls: DatabaseUrls, keys_directory: Path, master_key: bytes) -> Explain:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "api.cli", "doctor", "explain", *arguments],
            env={
                "PATH": os.environ["PATH"],
                "DATABASE_URL": database_urls.application,
                "AZIMUTH_KEYRING_DIR": str(keys_directory),
                "AZIMUTH_MASTER_KEY": base64.b64encode(master_key).decode(),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    async def explained(*arguments: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(run, *arguments)

    return explained


async def test_the_dashboard_is_explained_statement_by_statement(explain: Explain, world: World) -> None:
    ended = await explain("--tenant", world.agency.gids[Kind.TENANT], "--analyze")
    assert ended.returncode == 0, ended.stderr
    titles = [line for line in ended.stdout.splitlines() if line.startswith("-- ") and not line.startswith("--  ")]
    assert [title.split()[1] for title in titles] == [str(number) for number in range(1, len(titles) + 1)]
    names = {title.split()[2] for title in titles}
    assert {"domain.objectives.repository.pages", "domain.kpis.figures.FIGURES"} <= names
    assert "actual time=" in ended.stdout
    assert "Buffers: shared" in ended.stdout


async def test_without_analyze_nothing_is_carried_out_twice(explain: Explain, world: World) -> None:
    ended = await explain("--tenant", world.agency.gids[Kind.TENANT])
    assert ended.returncode == 0, ended.stderr
    assert "cost=" in ended.stdout
    assert "actual time=" not in ended.stdout


async def test_a_query_of_ones_own_is_explained_as_json(explain: Explain, world: World, tmp_path: Path) -> None:
    file = tmp_path / "list.graphql"
    file.write_text("query ($tenant: ID!, $n: Int!) { tenant(id: $tenant) { kpis(first: $n) { nodes { name } } } }")
    wanted = ("--tenant", world.agency.gids[Kind.TENANT], "--operation", str(file), "--variables", '{"n": 2}')
    ended = await explain(*wanted, "--analyze", "--json")
    assert ended.returncode == 0, ended.stderr
    (pages,) = [each for each in json.loads(ended.stdout) if each["name"] == "domain.kpis.repository.pages"]
    assert "FROM kpis" in pages["statement"]
    (plan,) = pages["plan"]
    assert plan["Plan"]["Actual Rows"] >= 1
    # The application's role is bound by the policy of the table, and so is the plan that is shown.
    assert "app.tenant_ids()" in json.dumps(plan)


REFUSED = {
    "a change": ('mutation { kpiArchive(input: {kpiId: "x"}) { userErrors { code } } }', "{}", "Only queries"),
    "no document": ("query {", "{}", "cannot be read"),
    "no such field": ("{ nonsense }", "{}", "nonsense"),
    "no variables": ("{ viewer { clientId } }", "[]", "no JSON object"),
}


@pytest.mark.parametrize(("document", "variables", "words"), REFUSED.values(), ids=REFUSED)
async def test_what_cannot_be_explained_is_told_in_a_line(
    explain: Explain, world: World, tmp_path: Path, document: str, variables: str, words: str
) -> None:
    file = tmp_path / "bad.graphql"
    file.write_text(document)
    wanted = ("--tenant", world.agency.gids[Kind.TENANT], "--operation", str(file), "--variables", variables)
    ended = await explain(*wanted)
    assert ended.returncode == 1
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_a_tenant_that_is_not_there_is_told_in_a_line(explain: Explain) -> None:
    unknown = new_id()
    for gid in ("kpi_x", encode(Kind.TENANT, unknown, unknown)):
        ended = await explain("--tenant", gid)
        assert ended.returncode == 1
        assert "tenant" in ended.stderr
        assert "Traceback" not in ended.stderr
