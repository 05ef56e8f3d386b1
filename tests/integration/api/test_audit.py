"""Every change leaves one entry that cannot be altered or taken away without it showing; nothing else leaves any."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tenants.audit.service import follow_chain
from tests.factories.tenants import Tenancy
from tests.integration.api.client import Caller
from tests.integration.api.ledger import Ledger
from tests.integration.api.shapes import OF_ORGANIZATION, leaves, mutations, sample
from tests.integration.api.world import World

OWN_WORDS: dict[str, dict[str, Any]] = {
    "connectionStart": {"provider": "shopify"},
    "grantCreate": {"scopes": ["manage_tenants"]},
}
"""Where a choice is kept in our words and not in the schema's."""

SAID = {
    "connectionStart.account",
    "kpiCreate.metricKey",
    "kpiCreate.segment",
    "tenantCreate.currency",
    "tenantCreate.timeZone",
}
"""Texts from closed lists, and a shop's address. Any other text is somebody's own words."""

ENTRIES = "SELECT * FROM audit_entries WHERE tenant_id = $1 ORDER BY position"


async def entries(ledger: Ledger, tenant: Tenancy) -> list[Any]:
    return list(await ledger.connection.fetch(ENTRIES, tenant.id))


async def broken_link(world: World, tenant: Tenancy) -> int | None:
    async with world.database.snapshot(tenant.scope) as session:
        return (await follow_chain(session, tenant_id=tenant.id)).broken_at


async def busy_tenant(agency: Caller, world: World) -> Tenancy:
    """With five entries."""
    tenant = await world.another_tenant()
    input = {"tenantId": tenant.gid, "metricKey": "orders"}
    assert await agency.attempts("kpiCreate", [{**input, "name": f"number {at}"} for at in range(5)]) == [None] * 5
    return tenant


@pytest.mark.parametrize("mutation", [name for name in mutations() if name not in OF_ORGANIZATION])
async def test_each_change_leaves_one_entry(agency: Caller, world: World, ledger: Ledger, mutation: str) -> None:
    input = await sample(mutation, world.agency)
    before = await entries(ledger, world.agency.tenant)
    await agency.change(mutation, **input, idempotencyKey=f"audit-{mutation}", clientMutationId="c")
    *same, entry = await entries(ledger, world.agency.tenant)
    assert same == before
    actor = world.agency.machine.actor
    assert (entry["action"], entry["organization_id"]) == (mutation, actor.organization_id)
    assert (entry["actor_kind"], entry["actor_id"]) == ("APP", str(actor.app_id))
    assert entry["position"] == len(before) + 1
    changes = json.loads(entry["changes"])
    own_words = {leaf.path[0] for leaf in leaves("String") if leaf.mutation == mutation and str(leaf) not in SAID}
    told = {name: {"characters": len(said)} if name in own_words else said for name, said in input.items()}
    assert {name: changes[name] for name in input} == {**told, **OWN_WORDS.get(mutation, {})}
    assert not {"idempotencyKey", "clientMutationId"} & set(changes)
    assert entry["subject_id"]
    assert await broken_link(world, world.agency.tenant) is None


async def test_a_new_tenants_chain_begins_with_its_opening(agency: Caller, world: World, ledger: Ledger) -> None:
    input = await sample("tenantCreate", world.agency)
    before = await ledger.read()
    gid = (await agency.change("tenantCreate", "tenant { id }", **input))["tenant"]["id"]
    assert (await ledger.read()).added(before) == {
        "audit_entries": 1,
        "grants": 1,
        "organizations": 1,
        "tenant_profiles": 1,
        "tenant_states": 1,
        "tenants": 1,
    }
    first = (await ledger.connection.fetch("SELECT * FROM audit_entries WHERE subject_id = $1", gid))[0]
    assert (first["action"], first["position"], first["previous_hash"]) == ("tenantCreate", 1, bytes(32))


async def test_what_was_refused_leaves_none(agency: Caller, stranger: Caller, world: World, ledger: Ledger) -> None:
    tenant = world.agency.tenant.gid
    before = await ledger.read()
    await agency.refusal("kpiCreate", tenantId=tenant, metricKey="wishes")
    await agency.refusal("kpiCreate", tenantId=tenant, metricKey="orders", segment="color=red")
    await stranger.refusal("kpiCreate", tenantId=tenant, metricKey="orders")
    assert await ledger.read() == before


async def test_positions_follow_each_other_whoever_comes_at_once(agency: Caller, world: World, ledger: Ledger) -> None:
    tenant = await world.another_tenant()
    input = {"tenantId": tenant.gid, "metricKey": "orders"}
    await asyncio.gather(*(agency.change("kpiCreate", **input, name=f"number {at}") for at in range(8)))
    assert [entry["position"] for entry in await entries(ledger, tenant)] == list(range(1, 9))
    assert await broken_link(world, tenant) is None


def change(what: str, position: int) -> tuple[str, int]:
    return f"UPDATE audit_entries SET {what} WHERE tenant_id = $1 AND position = {position}", position


def without(position: int) -> tuple[str, int]:
    return f"DELETE FROM audit_entries WHERE tenant_id = $1 AND position = {position}", position


TAMPERING = {
    "another action": change("action = 'kpiArchive'", 3),
    "another actor": change("actor_id = 'x'", 2),
    "another kind of actor": change("actor_kind = 'PERSON'", 2),
    "another organization": change("organization_id = NULL", 2),
    "another time": change("at = at + interval '1 ms'", 5),
    "another subject": change("subject_id = 'kpi_x'", 4),
    "other words": change("changes = jsonb_set(changes, '{metricKey}', '\"x\"')", 1),
    "another hash": change("entry_hash = sha256('x')", 2),
    "one taken out": without(3),
    "the first taken out": without(1),
    "one moved to the end": (change("position = 60", 3)[0], 3),
    "a gap before the last": (change("position = 60", 5)[0], 5),
}


@pytest.mark.parametrize(("sql", "position"), TAMPERING.values(), ids=TAMPERING)
async def test_tampering_shows(agency: Caller, world: World, ledger: Ledger, sql: str, position: int) -> None:
    """By whoever owns the database itself."""
    tenant = await busy_tenant(agency, world)
    assert await broken_link(world, tenant) is None
    await ledger.execute(sql, tenant.id)
    assert await broken_link(world, tenant) == position


@pytest.mark.parametrize("sql", ["UPDATE audit_entries SET actor_id = 'x'", "DELETE FROM audit_entries"])
async def test_the_application_cannot_alter_what_it_wrote(agency: Caller, world: World, sql: str) -> None:
    tenant = await busy_tenant(agency, world)
    with pytest.raises(ProgrammingError) as refused:
        async with world.database.unit_of_work(tenant.scope) as session:
            await session.execute(text(sql))
    assert isinstance(refused.value.orig and refused.value.orig.__cause__, asyncpg.InsufficientPrivilegeError)


async def test_own_words_are_measured_and_not_kept(agency: Caller, world: World, ledger: Ledger) -> None:
    tenant = await world.another_tenant()
    words = "Ask Maria Schmidt, maria@example.com"
    when = {"startsOn": "2025-01-01", "dueOn": "2025-12-31"}
    await agency.change("objectiveCreate", tenantId=tenant.gid, title="Maria", description=words, **when)
    (entry,) = await entries(ledger, tenant)
    changes = json.loads(entry["changes"])
    assert (changes["title"], changes["description"]) == ({"characters": 5}, {"characters": len(words)})
    assert (changes["tenantId"], changes["startsOn"]) == (tenant.gid, "2025-01-01")
    assert "maria" not in str(entry).lower()


async def test_no_secret_and_nobodys_name_gets_into_it(agency: Caller, world: World, ledger: Ledger) -> None:
    """Of a connection that is begun the audit knows the shop, and not the way in."""
    tenant = await world.another_tenant()
    started = await agency.change(
        "connectionStart", "authorizeUrl", tenantId=tenant.gid, provider="SHOPIFY", account="audit.myshopify.com"
    )
    state = started["authorizeUrl"].partition("state=")[2].partition("&")[0]
    said = str(await entries(ledger, tenant))
    assert "audit.myshopify.com" in said
    for secret in (state, agency.token, world.agency.machine.secret, "client_id=", "https://"):
        assert secret not in said
