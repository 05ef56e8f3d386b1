"""Beginning to connect an account, as far as it goes without the provider."""

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.factories.organizations import new_machine
from tests.factories.shops import new_provider_app
from tests.factories.tenants import new_tenant
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.ledger import Ledger
from tests.integration.api.world import World

FIELDS = (
    "authorizeUrl connection { id tenantId provider account status reason scopes missingScopes streams { stream } }"
)


async def test_the_owner_is_sent_to_the_provider(agency: Caller, world: World, ledger: Ledger) -> None:
    tenant = await world.another_tenant()
    before = await ledger.read()
    shop = {"tenantId": tenant.gid, "provider": "SHOPIFY", "account": "Corner-Bakery.myshopify.com"}
    started = await agency.change("connectionStart", FIELDS, **shop)
    assert (await ledger.read()).added(before) == {"connections": 1, "oauth_states": 1, "audit_entries": 1}
    connection = started["connection"]
    assert connection.pop("id").startswith("con_")
    assert connection == {
        "tenantId": tenant.gid,
        "provider": "SHOPIFY",
        "account": "corner-bakery.myshopify.com",
        "status": "CONNECTING",
        "reason": None,
        "scopes": [],
        "missingScopes": [],
        "streams": [],
    }
    address = urlsplit(started["authorizeUrl"])
    assert (address.scheme, address.netloc) == ("https", "corner-bakery.myshopify.com")
    asked = parse_qs(address.query)
    assert asked["redirect_uri"] == [f"{agency.http.base_url}/oauth/callback/shopify".replace("//oauth", "/oauth")]
    assert "the-secret-of-the-provider-app" not in started["authorizeUrl"]
    kept = await ledger.connection.fetch("SELECT * FROM oauth_states WHERE tenant_id = $1", tenant.id)
    assert asked["state"][0] not in str([dict(row) for row in kept])


@pytest.mark.parametrize(
    "account", ["", "shop", "https://shop.myshopify.com/", "shop.example.com", "a b.myshopify.com"]
)
async def test_an_account_has_a_form(agency: Caller, world: World, ledger: Ledger, account: str) -> None:
    before = await ledger.read()
    input = {"tenantId": world.agency.tenant.gid, "provider": "SHOPIFY", "account": account}
    refused = await agency.refusal("connectionStart", **input)
    assert (refused.code, refused.field) == ("INVALID_ACCOUNT", ("input", "account"))
    assert await ledger.read() == before


async def test_without_an_app_at_the_provider_nothing_can_be_connected(
    http: httpx2.AsyncClient, world: World, ledger: Ledger
) -> None:
    """Another organization's app is not lent."""
    machine = await new_machine(world.database)
    tenant = await new_tenant(world.database, world.keyring, machine.actor)
    caller = await sign_in(http, machine)
    before = await ledger.read()
    input = {"tenantId": tenant.gid, "provider": "SHOPIFY", "account": "own.myshopify.com"}
    refused = await caller.refusal("connectionStart", **input)
    assert (refused.code, refused.field) == ("UNKNOWN_PROVIDER", ("input", "provider"))
    assert await ledger.read() == before


async def test_what_is_connected_is_shown_to_whoever_may_see_it(world: World, agency: Caller) -> None:
    tenant = await world.another_tenant()
    shop = await world.another_shop(tenant)
    query = """query($t: ID!) { tenant(id: $t) { connections { nodes { account status
      streams { stream phase records asOf } runs { pages } inbox { received waiting duplicates } } } } }"""
    answer = await agency.ask(query, t=tenant.gid)
    [node] = answer.data["tenant"]["connections"]["nodes"]
    assert node["account"] == f"shop-{shop.connection_id}.myshopify.com"
    assert [(each["stream"], each["phase"]) for each in node["streams"]] == [
        ("customers", "INCREMENT"),
        ("orders", "INCREMENT"),
    ]
    assert (node["runs"], node["inbox"]) == ([], {"received": 0, "waiting": 0, "duplicates": 0})


async def test_a_shared_app_serves_every_organization(http: httpx2.AsyncClient, world: World, ledger: Ledger) -> None:
    operator, machine = await new_machine(world.database), await new_machine(world.database)
    app = await new_provider_app(world.database, world.keyring, operator.organization_id, shared=True)
    try:
        tenant = await new_tenant(world.database, world.keyring, machine.actor)
        caller = await sign_in(http, machine)
        input = {"tenantId": tenant.gid, "provider": "SHOPIFY", "account": "shared.myshopify.com"}
        started = await caller.change("connectionStart", FIELDS, **input)
        assert started["connection"]["status"] == "CONNECTING"
    finally:
        await ledger.execute("UPDATE provider_apps SET archived_at = now() WHERE id = $1", app)
