"""The pages that integrators, partners and agencies begin with, done as they are written."""

import re
import shutil
from pathlib import Path

import httpx2
import pytest

from tests.factories.organizations import Machine
from tests.factories.people import PASSWORD
from tests.integration.api.client import Caller
from tests.integration.api.world import World
from tests.integration.oauth.browser import Page, press
from tests.pages import ROOT, Reader, steps

PAGES = ROOT / "docs" / "quickstart"
pytestmark = pytest.mark.skipif(
    any(shutil.which(each) is None for each in ("bash", "curl", "jq")), reason="bash, curl or jq is not installed"
)


@pytest.fixture
def reader(address: str, machine: Machine, browser: httpx2.AsyncClient, tmp_path: Path) -> Reader:
    """With an app of an organization that has nothing yet."""

    async def accept(reader: Reader) -> None:
        page = await browser.get(reader.known["INVITATION"])
        joined = await press(browser, page, "account", password=PASSWORD)
        assert "You are a member of Team North now." in Page(joined.text).text

    client_id, client_secret = machine.credentials
    known = {"AZIMUTH": address, "CLIENT_ID": client_id, "CLIENT_SECRET": client_secret}
    return Reader(known, tmp_path, {"Ada: accepts": accept})


@pytest.mark.parametrize("page", ["integrator", "partner", "agency"])
async def test_what_a_page_says_is_so(reader: Reader, page: str) -> None:
    await reader.follow(PAGES / f"{page}.md")


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("```sh\nexit 3\n```\n", "page.md:1:"),
        ("```sh\necho $NOBODY\n```\n", "NOBODY: unbound variable"),
        ("Text.\n\n```sh\necho one\n```\n\n```text answer\ntwo\n```\n", "page.md:3: the answer.0 is 'one'"),
        ("```sh\necho '[1, 2]'\n```\n```json answer\n[1]\n```\n", "the answer is [1, 2]"),
        ('```sh\necho \'{"a": 1, "b": 2}\'\n```\n```json answer\n{ "a": 1 }\n```\n', "the answer has ['a', 'b']"),
        ('```sh\necho \'["x", "y"]\'\n```\n```json answer\n["$NEW", "$NEW"]\n```\n', "the answer.1 is 'y'"),
        ("```graphql\n{ viewer { nonsense } }\n```\n", "nonsense"),
        ('```graphql\nmutation { kpiArchive(input: { kpiId: "x" }) { userErrors { code } } }\n```\n', "NOT_FOUND"),
        ("```graphql\n{ viewer { isPerson } }\n```\n```json answer\n{}\n```\n", "data has ['viewer']"),
    ],
)
async def test_what_is_not_so_is_found(reader: Reader, caller: Caller, tmp_path: Path, page: str, said: str) -> None:
    reader.known["TOKEN"] = caller.token
    written = tmp_path / "page.md"
    written.write_text(page)
    with pytest.raises(AssertionError) as failed:
        await reader.follow(written)
    assert said in str(failed.value)


async def test_the_first_query_of_the_readme_is_answered(agency: Caller, world: World) -> None:
    query, *_ = re.findall(r"^    query .*?^    }$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    objective, *_ = (await agency.ask(query, tenant=world.agency.tenant.gid)).data["tenant"]["objectives"]["nodes"]
    assert objective["kpis"]["nodes"][0]["explain"]["inputs"]


def test_every_page_is_done() -> None:
    """Those about webhooks by a journey, which has a shop."""
    assert {page.stem for page in PAGES.glob("*.md")} == {"integrator", "partner", "agency", "webhooks"}
    assert all(len(steps(page)) >= 7 for page in PAGES.glob("*.md"))
