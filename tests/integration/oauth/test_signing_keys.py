"""Where the keys come from, who can read them, and for how long they are believed."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from sqlalchemy import event, select, update

from api.oauth.tokens import AccessTokens, InvalidAccessToken, Terms
from tenants.access.clients import Client, find_client
from tenants.access.errors import KeyWaits
from tenants.access.keys import (
    LEAD,
    SigningKeys,
    signing_key_ensure,
    signing_key_rotate,
    signing_keys_replace,
    system_key,
)
from tenants.access.models import SigningKey
from tenants.database import Database
from tenants.secrets.keyring import DirectoryKeyRing, KeyRing
from tenants.secrets.sealing import SealBroken
from tests.integration.oauth.world import ManualClock, World

TERMS = Terms("https://api.example.com", 600)
Change = Callable[..., Awaitable[SigningKey]]


@pytest.fixture
async def client(database: Database, world: World, clock: ManualClock) -> Client:
    async with database.snapshot() as session:
        found = await find_client(session, client_id=world.machine.client_id, now=clock.now())
    assert found is not None
    return found


async def test_processes_that_start_at_once_agree_on_one_key(
    database: Database, keyring: KeyRing, clock: ManualClock
) -> None:
    await _retire_all(database, clock)

    async def start() -> str:
        async with database.unit_of_work() as session:
            return (await signing_key_ensure(session, key=system_key(keyring), now=clock.now())).kid

    assert len(set(await asyncio.gather(*(start() for _ in range(8))))) == 1
    async with database.snapshot() as session:
        active = list(await session.scalars(select(SigningKey.kid).where(SigningKey.retired_at.is_(None))))
    assert len(active) == 1


async def test_a_token_of_one_process_is_believed_by_another_at_once(
    database: Database, keyring: KeyRing, clock: ManualClock, client: Client
) -> None:
    await _retire_all(database, clock)
    reader = AccessTokens(SigningKeys(database, keyring, clock), TERMS, clock=clock)
    known_before = set(await reader.keys.public())
    writer = AccessTokens(SigningKeys(database, keyring, clock), TERMS, clock=clock)
    token = (await writer.signer())(client, ["read_metrics"])
    assert (await reader.verify(token)).app_id == client.app_id
    assert len(set(await reader.keys.public()) - known_before) == 1


async def test_a_retired_key_is_believed_until_its_tokens_have_expired(
    database: Database, keyring: KeyRing, clock: ManualClock, client: Client
) -> None:
    a_day = Terms(TERMS.issuer, 86_400)
    tokens = AccessTokens(SigningKeys(database, keyring, clock), a_day, clock=clock)
    token = (await tokens.signer())(client, ["read_metrics"])
    await _retire_all(database, clock)
    other = AccessTokens(SigningKeys(database, keyring, clock, memory_seconds=0), a_day, clock=clock)
    assert (await other.signer())(client, []).split(".")[0] != token.split(".")[0]
    clock.advance(hours=23, minutes=59)
    assert (await other.verify(token)).app_id == client.app_id
    clock.advance(minutes=2)
    with pytest.raises(InvalidAccessToken):
        await other.verify(token)
    assert len(await other.keys.public()) == 1


async def test_a_withdrawn_key_is_no_longer_believed_even_for_tokens_seen_before(
    database: Database, keyring: KeyRing, clock: ManualClock, client: Client
) -> None:
    await _retire_all(database, clock)
    tokens = AccessTokens(SigningKeys(database, keyring, clock, memory_seconds=0), TERMS, clock=clock)
    token = (await tokens.signer())(client, ["read_metrics"])
    assert (await tokens.verify(token)).app_id == client.app_id
    kid = (await tokens.keys.private()).kid
    long_ago = clock.now() - timedelta(days=2)
    async with database.unit_of_work() as session:
        await session.execute(update(SigningKey).where(SigningKey.kid == kid).values(retired_at=long_ago))
    with pytest.raises(InvalidAccessToken, match="unknown key"):
        await tokens.verify(token)


async def test_a_token_seen_before_expires_all_the_same(
    database: Database, keyring: KeyRing, clock: ManualClock, client: Client
) -> None:
    tokens = AccessTokens(SigningKeys(database, keyring, clock), TERMS, clock=clock)
    token = (await tokens.signer())(client, ["read_metrics"])
    assert await tokens.verify(token) == await tokens.verify(token)
    clock.advance(seconds=600)
    with pytest.raises(InvalidAccessToken, match="expired"):
        await tokens.verify(token)


async def test_tokens_seen_before_fill_no_memory(
    database: Database, keyring: KeyRing, clock: ManualClock, client: Client
) -> None:
    tokens = AccessTokens(SigningKeys(database, keyring, clock), TERMS, clock=clock, remembered=3)
    sign = await tokens.signer()
    many = [sign(client, ["read_metrics"]) for _ in range(10)]
    for token in [*many, *many]:
        assert (await tokens.verify(token)).app_id == client.app_id
    assert len(tokens._verified) == 3


async def test_invented_keys_do_not_become_queries(
    database: Database, keyring: KeyRing, clock: ManualClock, client: Client
) -> None:
    keys = SigningKeys(database, keyring, clock)
    asked: list[str] = []

    def count(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "signing_keys" in statement:
            asked.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", count)
    await keys.public()
    await asyncio.gather(*(keys.public(kid=f"invented-{at}") for at in range(50)))
    for at in range(50):
        await keys.public(kid=f"invented-{at}")
    event.remove(database.engine.sync_engine, "before_cursor_execute", count)
    assert len(asked) == 2, "the first reading, and one search for all that followed"


async def test_the_private_half_opens_with_the_key_ring_only(
    database: Database, keyring: KeyRing, clock: ManualClock, tmp_path: Path
) -> None:
    private = await SigningKeys(database, keyring, clock).private()
    async with database.snapshot() as session:
        stored = await session.scalar(select(SigningKey).where(SigningKey.kid == private.kid))
    assert stored is not None
    assert b"PRIVATE" not in stored.sealed_private_key
    assert "d" not in stored.public_jwk
    another = SigningKeys(database, DirectoryKeyRing(tmp_path, b"x" * 32), clock)
    with pytest.raises(SealBroken):
        await another.private()
    assert "PRIVATE" not in repr(private)


async def test_anybody_can_check_a_token_with_the_published_keys(http: httpx2.AsyncClient, world: World) -> None:
    credentials = (world.machine.client_id, world.machine.secret)
    answer = await http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=credentials)
    signed, _, signature = answer.json()["access_token"].rpartition(".")
    published = (await http.get("/oauth/jwks")).json()["keys"]
    assert all(set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"} for key in published)
    raw = _bytes(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    kid = httpx2.Response(200, content=_bytes(signed.split(".")[0])).json()["kid"]
    key = next(key for key in published if key["kid"] == kid)
    x, y = (int.from_bytes(_bytes(key[name])) for name in ("x", "y"))
    ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key().verify(
        der, signed.encode(), ec.ECDSA(hashes.SHA256())
    )


# Rotation


async def machines_token(http: httpx2.AsyncClient, world: World) -> str:
    credentials = (world.machine.client_id, world.machine.secret)
    answer = await http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=credentials)
    return str(answer.json()["access_token"])


async def is_active(http: httpx2.AsyncClient, world: World, token: str) -> bool:
    credentials = (world.machine.client_id, world.machine.secret)
    answer = await http.post("/oauth/introspect", data={"token": token}, auth=credentials)
    return bool(answer.json()["active"])


async def published(http: httpx2.AsyncClient) -> list[str]:
    return [key["kid"] for key in (await http.get("/oauth/jwks")).json()["keys"]]


def kid_of(token: str) -> str:
    return str(json.loads(_bytes(token.split(".")[0]))["kid"])


async def rotate(database: Database, keyring: KeyRing, clock: ManualClock, change: Change = signing_key_rotate) -> str:
    async with database.unit_of_work() as session:
        return (await change(session, key=system_key(keyring), now=clock.now())).kid


async def test_a_key_is_published_before_it_signs_and_after(
    http: httpx2.AsyncClient, database: Database, keyring: KeyRing, world: World, clock: ManualClock
) -> None:
    """While tokens are out, at a server that nobody starts anew."""
    await _retire_all(database, clock)
    clock.advance(days=2)
    first = kid_of(await machines_token(http, world))
    assert await published(http) == [first]
    second = await rotate(database, keyring, clock)
    assert await published(http) == [first, second]
    clock.advance(seconds=LEAD.total_seconds() - 5)
    last_of_the_first = await machines_token(http, world)
    assert kid_of(last_of_the_first) == first
    clock.advance(seconds=10)
    first_of_the_second = await machines_token(http, world)
    assert kid_of(first_of_the_second) == second
    assert [await is_active(http, world, token) for token in (last_of_the_first, first_of_the_second)] == [True, True]
    clock.advance(seconds=580)
    assert await is_active(http, world, last_of_the_first)
    clock.advance(seconds=20)
    assert not await is_active(http, world, last_of_the_first), "it expired"
    clock.advance(days=1)
    assert await published(http) == [second]


async def test_there_is_one_next_key_at_a_time(database: Database, keyring: KeyRing, clock: ManualClock) -> None:
    clock.advance(days=4)
    await rotate(database, keyring, clock)
    with pytest.raises(KeyWaits):
        await rotate(database, keyring, clock)
    clock.advance(seconds=LEAD.total_seconds())
    outcomes = await asyncio.gather(*(rotate(database, keyring, clock) for _ in range(4)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in outcomes) == ["KeyWaits"] * 3 + ["str"]


async def test_a_key_that_may_be_known_is_believed_no_more(
    http: httpx2.AsyncClient, database: Database, keyring: KeyRing, world: World, clock: ManualClock
) -> None:
    """Nor the one that was to come, nor those before."""
    clock.advance(days=6)
    await rotate(database, keyring, clock)
    clock.advance(seconds=LEAD.total_seconds())
    token = await machines_token(http, world)
    await rotate(database, keyring, clock)
    assert len(await published(http)) == 3
    fresh = await rotate(database, keyring, clock, signing_keys_replace)
    assert await published(http) == [fresh]
    assert not await is_active(http, world, token)
    assert kid_of(await machines_token(http, world)) == fresh


async def test_a_process_whose_clock_is_behind_makes_no_key_of_its_own(
    database: Database, keyring: KeyRing, clock: ManualClock
) -> None:
    clock.advance(days=8)
    await _retire_all(database, clock)
    clock.advance(minutes=1)
    async with database.unit_of_work() as session:
        made = await signing_key_ensure(session, key=system_key(keyring), now=clock.now())
        behind = await signing_key_ensure(session, key=system_key(keyring), now=clock.now() - timedelta(seconds=3))
    assert behind.kid == made.kid


async def _retire_all(database: Database, clock: ManualClock) -> None:
    async with database.unit_of_work() as session:
        await session.execute(update(SigningKey).where(SigningKey.retired_at.is_(None)).values(retired_at=clock.now()))


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
