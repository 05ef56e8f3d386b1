"""Signing in, apart from the page on which it happens."""

import time
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from tenants.access.errors import SignInRefused
from tenants.access.keys import system_key
from tenants.access.sign_in import sign_in
from tenants.database import Database
from tenants.secrets.keyring import KeyRing
from tests.factories.people import PASSWORD, new_person
from tests.integration.oauth.world import ManualClock, World

Try = Callable[[str, str], Awaitable[UUID]]


@pytest.fixture
def sign(database: Database, keyring: KeyRing, clock: ManualClock) -> Try:
    key = system_key(keyring)
    return lambda address, password: sign_in(database, address=address, password=password, key=key, clock=clock)


async def test_signing_in_often_is_no_guessing(sign: Try, database: Database, world: World) -> None:
    busy = await new_person(database, world.organization_id)
    for spelling in (busy.address, busy.address.upper(), f" {busy.address} ") * 4:
        assert await sign(spelling, PASSWORD) == busy.person_id


async def test_an_unknown_person_takes_as_long_to_refuse(sign: Try, database: Database, world: World) -> None:
    """Without a hash to check the answer would come many times faster, and tell who has an account."""
    person = await new_person(database, world.organization_id)

    async def seconds(address: str) -> float:
        start = time.perf_counter()
        with pytest.raises(SignInRefused):
            await sign(address, "a wrong guess")
        return time.perf_counter() - start

    # In turn, so that a busy moment of the machine meets both.
    times = [(await seconds(person.address), await seconds(f"nobody{at}@agency.example")) for at in range(5)]
    known, unknown = (min(column) for column in zip(*times, strict=True))
    assert unknown > known / 2


async def test_an_accent_is_the_same_however_it_was_typed(sign: Try, database: Database, world: World) -> None:
    person = await new_person(database, world.organization_id, password="caf\u00e9 con leche")
    assert await sign(person.address, "cafe\u0301 con leche") == person.person_id
    with pytest.raises(SignInRefused):
        await sign(person.address, "cafe con leche")
