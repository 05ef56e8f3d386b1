"""From the owner's answer at the provider back to us: nothing of a callback is believed before it is proven."""

import asyncio
import hashlib
import hmac
import time

import httpx2
import pytest

from api.demo.client import Refused
from tests.integration.connections.office import SCOPES, Client, Office
from tests.integration.oauth.world import ManualClock
from tests.sandbox.client import Store


@pytest.fixture
def store(office: Office) -> Store:
    return office.open_shop(customers=1)


@pytest.fixture
async def tenant(office: Office) -> str:
    return await office.open_tenant()


def signed(office: Office, query: dict[str, str]) -> dict[str, str]:
    """As Shopify signs, and as anybody can who knows the secret."""
    bare = {name: value for name, value in query.items() if name != "hmac"}
    message = "&".join(f"{name}={bare[name]}" for name in sorted(bare))
    return {**bare, "hmac": hmac.new(office.client_secret.encode(), message.encode(), hashlib.sha256).hexdigest()}


def refusal(landed: httpx2.Response) -> tuple[int, str]:
    return landed.status_code, landed.headers["x-azimuth-error"]


async def status_of(office: Office, tenant: str) -> tuple[str, str | None]:
    connection = (await office.connections(tenant))[0]
    return connection["status"], connection["reason"]


async def test_owner_connects_the_shop(office: Office, tenant: str, store: Store) -> None:
    client = await office.connect(store, tenant=tenant)
    connection = await client.connection()
    assert (connection["status"], connection["reason"], connection["missingScopes"]) == ("ACTIVE", None, [])
    assert sorted(connection["scopes"]) == sorted(SCOPES)
    assert store.control("GET", "/counters").get("graphql", 0) == 0, "reading is the worker's"
    assert await client.rows("SELECT 1 FROM schedules WHERE tenant_id = $1 AND kind = 'sync' AND due_at <= now()")


@pytest.mark.parametrize("account", ["evil.example.com", "shop.myshopify.com.evil.com", "http://127.0.0.1", "", "a b"])
async def test_only_a_shops_own_address_can_be_connected(office: Office, tenant: str, account: str) -> None:
    with pytest.raises(Refused, match="INVALID_ACCOUNT"):
        await office.api.change("connectionStart", "authorizeUrl", tenantId=tenant, provider="SHOPIFY", account=account)
    assert await office.connections(tenant) == []


async def test_callback_of_no_shop_is_refused(office: Office, tenant: str, store: Store) -> None:
    query = await office.decide(await office.start(tenant, store))
    landed = await office.call_back(signed(office, {**query, "shop": "evil.example.com"}))
    assert refusal(landed) == (400, "CONSENT_REFUSED")
    assert await status_of(office, tenant) == ("CONNECTING", None)


@pytest.mark.parametrize("name", ["hmac", "code", "shop", "timestamp", "state"])
async def test_altered_callback_is_refused(office: Office, tenant: str, store: Store, name: str) -> None:
    query = await office.decide(await office.start(tenant, store))
    other = {"shop": "other.myshopify.com", "timestamp": str(int(time.time()) - 1)}.get(name, "0" * 64)
    landed = await office.call_back({**query, name: other})
    assert refusal(landed)[0] == 400
    assert await status_of(office, tenant) == ("CONNECTING", None)
    assert (await office.call_back(query)).status_code == 200, "the true callback still works"


async def test_callback_without_its_parts_is_refused(office: Office, tenant: str, store: Store) -> None:
    query = await office.decide(await office.start(tenant, store))
    for name in query:
        if name != "host":
            landed = await office.call_back({key: value for key, value in query.items() if key != name})
            assert landed.status_code == 400, name
    assert await status_of(office, tenant) == ("CONNECTING", None)


async def test_state_works_once(office: Office, tenant: str, store: Store) -> None:
    query = await office.decide(await office.start(tenant, store))
    assert (await office.call_back(query)).status_code == 200
    client = await office.client(tenant, store)
    before = await client.row("SELECT token_version, sealed_access_token FROM connections WHERE tenant_id = $1")
    assert refusal(await office.call_back(query)) == (400, "STATE_USED")
    assert await client.row("SELECT token_version, sealed_access_token FROM connections WHERE tenant_id = $1") == before


async def test_of_two_callbacks_at_once_one_connects(office: Office, tenant: str, store: Store) -> None:
    query = await office.decide(await office.start(tenant, store))
    landed = await asyncio.gather(*(office.call_back(query) for _ in range(5)))
    assert sorted(each.status_code for each in landed) == [200, 400, 400, 400, 400]
    assert (await status_of(office, tenant))[0] == "ACTIVE"


async def test_state_expires(office: Office, tenant: str, store: Store, clock: ManualClock) -> None:
    query = await office.decide(await office.start(tenant, store))
    clock.advance(minutes=11)
    late = signed(office, {**query, "timestamp": str(int(clock.now().timestamp()))})
    assert refusal(await office.call_back(late)) == (400, "STATE_EXPIRED")
    assert await status_of(office, tenant) == ("CONNECTING", None)


async def test_old_callback_is_refused(office: Office, tenant: str, store: Store, clock: ManualClock) -> None:
    query = await office.decide(await office.start(tenant, store))
    clock.advance(minutes=3)
    assert refusal(await office.call_back(query)) == (400, "CONSENT_STALE")


async def test_who_may_not_any_more_connects_nothing(office: Office, tenant: str, store: Store) -> None:
    """Though they began it while they might."""
    query = await office.decide(await office.start(tenant, store))
    await office.api.change("tenantLeave", "tenantId", tenantId=tenant)
    assert refusal(await office.call_back(query)) == (400, "NO_LONGER_ALLOWED")


async def test_state_we_did_not_give_is_refused(office: Office, tenant: str, store: Store) -> None:
    query = await office.decide(await office.start(tenant, store))
    landed = await office.call_back(signed(office, {**query, "state": "a-state-of-a-stranger"}))
    assert refusal(landed) == (400, "STATE_UNKNOWN")


async def test_consent_for_another_shop_is_refused(office: Office, tenant: str, store: Store) -> None:
    query = await office.decide(await office.start(tenant, store))
    other = office.open_shop(customers=1)
    landed = await office.call_back(signed(office, {**query, "shop": other.domain}))
    assert refusal(landed) == (400, "ACCOUNT_MISMATCH")
    assert await status_of(office, tenant) == ("CONNECTING", None)


async def test_denied_consent_is_told_and_can_be_begun_again(office: Office, tenant: str, store: Store) -> None:
    query = await office.decide(await office.start(tenant, store), decision="cancel")
    assert refusal(await office.call_back(query)) == (400, "CONSENT_DENIED")
    assert await status_of(office, tenant) == ("REVOKED", "CONSENT_DENIED")
    client = await office.connect(store, tenant=tenant)
    assert (await client.connection())["status"] == "ACTIVE"
    assert len(await office.connections(tenant)) == 1


async def test_shop_of_another_tenant_cannot_be_connected_twice(office: Office, store: Store, tenant: str) -> None:
    other = await office.open_tenant()
    query = await office.decide(await office.start(other, store))
    await office.connect(store, tenant=tenant)
    # Whoever was under way when the first arrived is turned away at the door.
    assert refusal(await office.call_back(query)) == (409, "ACCOUNT_ALREADY_CONNECTED")
    with pytest.raises(Refused, match="ACCOUNT_ALREADY_CONNECTED"):
        await office.start(other, store)
    assert (await status_of(office, other))[0] != "ACTIVE"
    assert (await status_of(office, tenant))[0] == "ACTIVE"


async def test_connected_shop_is_not_connected_again(office: Office, store: Store, tenant: str) -> None:
    await office.connect(store, tenant=tenant)
    with pytest.raises(Refused, match="ACCOUNT_ALREADY_CONNECTED"):
        await office.start(tenant, store)
    assert (await status_of(office, tenant))[0] == "ACTIVE"


async def test_missing_scopes_are_named_and_given_later(office: Office, store: Store, tenant: str) -> None:
    partly = ["read_orders", "read_customers"]
    query = await office.decide(await office.start(tenant, store), scopes=partly)
    assert refusal(await office.call_back(query)) == (400, "SCOPE_MISSING")
    connection = (await office.connections(tenant))[0]
    assert (connection["status"], connection["reason"]) == ("NEEDS_REAUTH", "SCOPE_MISSING")
    assert connection["missingScopes"] == ["read_all_orders", "read_products"]
    client = await office.connect(store, tenant=tenant)
    whole = await client.connection()
    assert (whole["status"], whole["reason"], whole["missingScopes"]) == ("ACTIVE", None, [])
    assert whole["id"] == connection["id"]


async def test_owner_can_renew_a_consent_that_died(client: Client) -> None:
    """As after a revoked token: the same connection goes on where it stood."""
    await client.read()
    client.store.control("POST", "/tokens/revoke", {"client_id": client.office.client_id})
    await client.sync()
    assert (await client.connection())["status"] == "NEEDS_REAUTH"
    cursor = await client.rows("SELECT stream, cursor FROM stream_states WHERE tenant_id = $1 ORDER BY stream")
    query = await client.office.decide(await client.office.start(client.tenant, client.store), decision="cancel")
    assert refusal(await client.office.call_back(query)) == (400, "CONSENT_DENIED")
    assert (await client.connection())["status"] == "NEEDS_REAUTH", "a change of mind changes nothing"
    again = await client.office.connect(client.store, tenant=client.tenant)
    assert again.connection_id == client.connection_id
    assert (await again.connection())["status"] == "ACTIVE"
    assert cursor == await client.rows("SELECT stream, cursor FROM stream_states WHERE tenant_id = $1 ORDER BY stream")


async def test_unknown_providers_callback_is_refused(office: Office) -> None:
    landed = await office.http.get(f"{office.house.public_url}/oauth/callback/nobody", params={"state": "x"})
    assert refusal(landed) == (400, "UNKNOWN_PROVIDER")
