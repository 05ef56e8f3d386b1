"""The whole process with a provider in its settings: the page offers it, and its answer is believed."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from sandbox.app import create_app as create_sandbox
from sandbox.config import SandboxConfig
from sandbox.shopify.settings import ShopifySettings
from tests.factories.organizations import Machine
from tests.integration.api.client import Caller
from tests.integration.api.conftest import Open
from tests.integration.api.people import new_address, roles
from tests.integration.oauth.conftest import serving
from tests.integration.oauth.practice import Practice
from tests.loopback import listen


@pytest.fixture
async def sandbox() -> AsyncIterator[tuple[str, str]]:
    config = SandboxConfig(shopify=ShopifySettings(shops=()))
    with listen() as server:
        async with serving(create_sandbox(config), server):
            yield f"http://127.0.0.1:{server.getsockname()[1]}", config.control_token


async def test_who_is_invited_comes_by_a_provider_of_the_settings(
    opened: Open, sandbox: tuple[str, str], machine: Machine, caller: Caller
) -> None:
    url, token = sandbox
    provider = {"key": "practice", "name": "Practice & Co", "issuer": f"{url}/openid/practice"}
    client = {"client_id": "azimuth at practice", "client_secret": "a practice secret: with/odd+signs"}
    async with (
        opened(local_accounts=False, sign_in_providers=({**provider, **client},)) as here,
        httpx2.AsyncClient(base_url=here) as browser,
        httpx2.AsyncClient() as elsewhere,
    ):
        practice = await Practice.open(url, token, elsewhere, here)
        address = new_address()
        made = await caller.change("invitationCreate", "url", address=address, role="VIEWER")
        page = await browser.get(f"/oauth/invitation?{made['url'].partition('?')[2]}")
        joined = await practice.sign_in(browser, page, await practice.person(address))
        assert (joined.status_code, "You are a member" in joined.text) == (200, True)
    assert await roles(caller) == {address: "VIEWER"}
