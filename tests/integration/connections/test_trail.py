"""What an owner or a provider does to a connection stands in the tenant's audit, once, and holds with the rest."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from api.ids import decode
from tenants.audit.service import follow_chain
from tenants.scope import Scope
from tests.integration.connections.office import SCOPES, Client, Office
from tests.integration.connections.test_consent import signed
from tests.integration.connections.test_inbox import post, states
from tests.integration.oauth.world import ManualClock
from tests.sandbox.client import Store

ENTRIES = "SELECT * FROM audit_entries WHERE tenant_id = $1 AND actor_kind = 'PROVIDER' ORDER BY position"


@pytest.fixture
def store(office: Office) -> Store:
    return office.open_shop(customers=1)


@pytest.fixture
async def tenant(office: Office) -> str:
    return await office.open_tenant()


async def trail(office: Office, tenant: str) -> list[tuple[str, dict[str, Any]]]:
    """Actions and what is said of them, by the provider alone. All of the chain holds."""
    tenant_id = decode(tenant).owner
    rows = await office.admin.fetch(ENTRIES, tenant_id)
    (connection,) = await office.connections(tenant)
    assert {(row["actor_id"], row["organization_id"], row["subject_id"]) for row in rows} <= {
        ("shopify", None, connection["id"])
    }
    async with office.house.database.snapshot(Scope.of_tenant(tenant_id)) as session:
        assert (await follow_chain(session, tenant_id=tenant_id)).broken_at is None
    return [(row["action"], json.loads(row["changes"])) for row in rows]


async def actions(office: Office, tenant: str) -> list[str]:
    return [action for action, _ in await trail(office, tenant)]


async def begun_by(office: Office, tenant: str) -> str:
    """As the mutation that began it tells."""
    sql = "SELECT actor_id FROM audit_entries WHERE tenant_id = $1 AND action = 'connectionStart'"
    return f"app:{await office.admin.fetchval(sql, decode(tenant).owner)}"


async def test_a_consent_tells_what_was_given_and_who_asked(office: Office, tenant: str, store: Store) -> None:
    await office.connect(store, tenant=tenant)
    ((action, said),) = await trail(office, tenant)
    assert action == "connectionAuthorized"
    assert said == {
        "from": "CONNECTING",
        "to": "ACTIVE",
        "code": None,
        "account": store.domain,
        "scopes": said["scopes"],
        "missingScopes": [],
        "begunBy": await begun_by(office, tenant),
    }
    assert sorted(said["scopes"]) == sorted(SCOPES)


async def test_a_consent_to_less_says_what_lacks(office: Office, tenant: str, store: Store) -> None:
    await office.call_back(await office.decide(await office.start(tenant, store), scopes=["read_orders"]))
    ((action, said),) = await trail(office, tenant)
    assert (action, said["to"], said["code"]) == ("connectionAuthorized", "NEEDS_REAUTH", "SCOPE_MISSING")
    assert said["missingScopes"] == ["read_all_orders", "read_customers", "read_products"]


async def test_of_an_answer_told_twice_one_is_kept(office: Office, tenant: str, store: Store) -> None:
    query = await office.decide(await office.start(tenant, store), decision="cancel")
    for _ in range(2):
        await office.call_back(query)
    ((action, said),) = await trail(office, tenant)
    assert (action, said["from"], said["to"], said["code"]) == (
        "connectionDenied",
        "CONNECTING",
        "REVOKED",
        "CONSENT_DENIED",
    )
    given = await office.decide(await office.start(tenant, store))
    for _ in range(2):
        await office.call_back(given)
    assert await actions(office, tenant) == ["connectionDenied", "connectionAuthorized"]


async def test_a_signed_consent_we_cannot_take_is_kept_with_the_reason(
    office: Office, tenant: str, store: Store, clock: ManualClock
) -> None:
    query = await office.decide(await office.start(tenant, store))
    await office.call_back(signed(office, {**query, "shop": office.open_shop(customers=1).domain}))
    await office.call_back(signed(office, {**query, "code": "no-code-of-theirs"}))
    query = await office.decide(await office.start(tenant, store))
    clock.advance(minutes=11)
    await office.call_back(signed(office, {**query, "timestamp": str(int(clock.now().timestamp()))}))
    assert [(action, said["code"]) for action, said in await trail(office, tenant)] == [
        ("connectionRefused", "ACCOUNT_MISMATCH"),
        ("connectionRefused", "CONSENT_REFUSED"),
        ("connectionRefused", "STATE_EXPIRED"),
    ]


async def test_who_comes_second_to_a_shop_is_told_in_their_own_trail(office: Office, tenant: str, store: Store) -> None:
    other = await office.open_tenant()
    query = await office.decide(await office.start(other, store))
    await office.connect(store, tenant=tenant)
    await office.call_back(query)
    ((action, said),) = await trail(office, other)
    assert (action, said["code"]) == ("connectionRefused", "ACCOUNT_ALREADY_CONNECTED")
    assert await actions(office, tenant) == ["connectionAuthorized"]


async def test_nobody_fills_a_trail_who_cannot_sign(office: Office, tenant: str, store: Store) -> None:
    query = await office.decide(await office.start(tenant, store))
    for name in ("hmac", "code", "shop"):
        await office.call_back({**query, name: "0" * 64})
    assert await trail(office, tenant) == []


async def test_a_dead_consent_is_kept_once_and_so_is_its_renewal(client: Client) -> None:
    client.store.control("POST", "/tokens/revoke", {"client_id": client.office.client_id})
    for _ in range(3):
        await client.sync()
    await client.office.connect(client.store, tenant=client.tenant)
    _, (lapsed, why), (renewed, how) = await trail(client.office, client.tenant)
    assert (lapsed, why) == (
        "connectionLapsed",
        {"from": "ACTIVE", "to": "NEEDS_REAUTH", "code": "NEEDS_REAUTH"},
    )
    assert (renewed, how["from"], how["to"]) == ("connectionAuthorized", "NEEDS_REAUTH", "ACTIVE")


async def test_a_scope_that_proves_missing_while_reading_is_kept_once(
    office: Office, tenant: str, store: Store
) -> None:
    """As after the owner has narrowed the consent at the provider."""
    await office.call_back(await office.decide(await office.start(tenant, store), scopes=["read_orders"]))
    client = await office.client(tenant, store)
    await client.rows("UPDATE connections SET status = 'ACTIVE', missing_scopes = '{}' WHERE tenant_id = $1")
    for _ in range(2):
        await client.sync()
    _, (action, said) = await trail(office, tenant)
    assert (action, said["from"], said["to"], said["code"]) == (
        "connectionLapsed",
        "ACTIVE",
        "NEEDS_REAUTH",
        "SCOPE_MISSING",
    )
    assert said["missingScopes"]


async def test_an_uninstallation_is_kept_once(client: Client) -> None:
    """Though it is told in two deliveries."""
    for _ in range(2):
        assert (await post(client, b"{}", topic="app/uninstalled")).status_code == 200
        assert await client.work_off() == 1
    assert [outcome for _, _, outcome in await states(client)] == ["UNINSTALLED"] * 2
    _, (action, said) = await trail(client.office, client.tenant)
    assert (action, said) == ("connectionUninstalled", {"from": "ACTIVE", "to": "REVOKED", "code": "UNINSTALLED"})


async def test_no_token_gets_into_it(client: Client) -> None:
    tokens = (await client.reading()).account.tokens
    secrets = (await tokens.current(), client.office.client_secret)
    kept = str(await client.rows("SELECT * FROM audit_entries WHERE tenant_id = $1"))
    assert not [secret for secret in secrets if secret in kept]


@asynccontextmanager
async def audit_out_of_order(admin: asyncpg.Pool) -> AsyncIterator[None]:
    await admin.execute("REVOKE INSERT ON audit_entries FROM azimuth_app")
    try:
        yield
    finally:
        await admin.execute("GRANT INSERT ON audit_entries TO azimuth_app")


async def test_what_cannot_be_written_down_does_not_happen(client: Client) -> None:
    """One transaction: there is no uninstallation without its entry, and it happens when it can be kept."""
    async with audit_out_of_order(client.office.admin):
        await post(client, b"{}", topic="app/uninstalled")
        assert await client.work_off() == 1
        assert (await client.connection())["status"] == "ACTIVE"
    await client.rows("UPDATE webhook_deliveries SET due_at = now() - interval '1 s' WHERE tenant_id = $1")
    assert await client.work_off() == 1
    assert (await client.connection())["status"] == "REVOKED"
    assert (await actions(client.office, client.tenant))[-1] == "connectionUninstalled"
