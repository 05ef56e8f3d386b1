"""What is logged at the chattiest level names nobody and opens nothing."""

import logging

import httpx2
import pytest

from tests.integration.oauth.browser import Page, Visit
from tests.integration.oauth.world import World

# The test's own client talks in the same process.
OF_THE_CLIENT = ("httpx2", "httpcore", "asyncio")


async def test_no_secret_is_logged(http: httpx2.AsyncClient, world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("authlib").setLevel(logging.DEBUG)
    credentials = (world.machine.client_id, world.machine.secret)
    machine = await http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=credentials)
    visit = Visit(http, world.machine)
    await visit.submit(await visit.open(), "sign_in", address=world.owner.address, password="wrong password")
    consent = await visit.sign_in(world.owner)
    code = (await visit.authorize(world.owner))["code"]
    person = await visit.redeem(code)
    again = await visit.redeem(code)
    assert (machine.status_code, person.status_code, again.status_code) == (200, 200, 400)
    logged = "\n".join(
        record.getMessage() + (record.exc_text or "")
        for record in caplog.records
        if not record.name.startswith(OF_THE_CLIENT)
    )
    assert "Authenticate" in logged, "the library logs what it does, so this test sees what it would give away"
    for secret in (
        world.machine.secret,
        world.owner.password,
        "wrong password",
        world.owner.address,
        code,
        visit.verifier,
        machine.json()["access_token"],
        person.json()["access_token"],
        Page(consent.text).fields["form_token"],
        *http.cookies.values(),
    ):
        assert secret not in logged
    logging.getLogger("authlib").setLevel(logging.NOTSET)
