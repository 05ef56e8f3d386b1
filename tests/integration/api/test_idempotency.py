"""A mutation with a key is done once: whoever sends it again is told what was told the first time."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from tenants.ids import new_id
from tests.factories.organizations import new_machine
from tests.factories.tenants import change_grants, give_grant
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.conftest import Asking
from tests.integration.api.ledger import Ledger
from tests.integration.api.shapes import KEY, OF_ORGANIZATION, TOLD_BACK, leaves, mutations, sample
from tests.integration.api.world import World

OBJECT = {
    "appCreate": "app",
    "appSecretRotate": "app",
    "appKeyAdd": "app",
    "appKeyRevoke": "app",
    "appUpdate": "app",
    "appArchive": "app",
    "persistedOperationSetCreate": "set",
    "persistedOperationSetArchive": "set",
    "organizationCreate": "organization",
    "organizationUpdate": "organization",
    "organizationArchive": "organization",
    "invitationCreate": "invitation",
    "invitationRevoke": "invitation",
    "memberUpdate": "member",
    "tenantCreate": "tenant",
    "tenantOwnerInvite": "invitation",
    "grantCreate": "grant",
    "grantRevoke": "grant",
    "clientsAssign": "job",
    "clientsUnassign": "job",
    "connectionStart": "connection",
    "objectiveCreate": "objective",
    "objectiveKpiLink": "objective",
    "objectiveArchive": "objective",
    "kpiCreate": "kpi",
    "kpiArchive": "kpi",
    "baselineFreeze": "baseline",
    "baselineRevise": "baseline",
    "targetCreate": "target",
    "targetArchive": "target",
    "initiativeCreate": "initiative",
    "initiativeLink": "link",
    "initiativeArchive": "initiative",
    "templateCreate": "template",
    "templateRevise": "template",
    "templateArchive": "template",
    "templateApply": "job",
}
PLAIN = ("clientTagsSet",)
"""Those that answer no object of the schema's."""
WITH_SECRETS = ("connectionStart", "appCreate", "appSecretRotate", "invitationCreate", "tenantOwnerInvite")
OF_WHAT_IS_GONE = ("tenantLeave", "memberRemove", "consentRevoke", "signInEnd", "organizationLeave")
WITHOUT_ANOTHER = ("organizationLeave",)
"""Of which there is but one."""
OTHERS = {"String": "another", "Decimal": "0.01", "Date": "2025-12-30", "Int": 2}


def key() -> str:
    return f"key-{new_id()}"


@pytest.mark.parametrize(
    "mutation", [name for name in mutations() if name not in (*WITH_SECRETS, *OF_WHAT_IS_GONE, *PLAIN)]
)
async def test_the_same_again_does_nothing_and_says_the_same(
    agency: Caller, world: World, ledger: Ledger, mutation: str
) -> None:
    input = {**await sample(mutation, world.agency), "idempotencyKey": key()}
    selection = f"clientMutationId {OBJECT[mutation]} {{ __typename id }}"
    first = await agency.attempt(mutation, input, selection)
    assert first.data[mutation]["userErrors"] == []
    assert first.data[mutation][OBJECT[mutation]]["id"]
    before = await ledger.read()
    again = await agency.attempt(mutation, input, selection)
    assert again.anonymous == first.anonymous
    assert await ledger.read() == before
    renamed = await agency.attempt(mutation, {**input, "clientMutationId": "another"}, selection)
    assert renamed.data[mutation] == {**first.data[mutation], "clientMutationId": "another"}


@pytest.mark.parametrize("mutation", [name for name in mutations() if name not in WITHOUT_ANOTHER])
async def test_the_same_key_for_something_else_is_a_conflict(
    asking: Asking, agency: Caller, world: World, ledger: Ledger, mutation: str
) -> None:
    """Another value in any field, and another mutation."""
    once, asker = key(), await asking(mutation)
    input = {**await sample(mutation, asker.home), "idempotencyKey": once}
    another, caller = await sample(mutation, asker.home), await asker.sign_in()
    await caller.change(mutation, **input)
    before = await ledger.read()
    wanted = [
        leaf for leaf in leaves(*OTHERS, "ID") if leaf.mutation == mutation and leaf.path[-1] not in (KEY, *TOLD_BACK)
    ]
    values = [(leaf, OTHERS[leaf.type] if leaf.type in OTHERS else leaf.get(another)) for leaf in wanted]
    others = [leaf.put(input, value) for leaf, value in values if value != leaf.get(input)]
    assert others
    refusals = await caller.attempts(mutation, others)
    assert {refusal and (refusal.code, refusal.field) for refusal in refusals} == {
        ("IDEMPOTENCY_CONFLICT", ("input", "idempotencyKey"))
    }
    if mutation not in OF_ORGANIZATION:
        other = await agency.refusal("kpiCreate", tenantId=world.agency.tenant.gid, metricKey="x", idempotencyKey=once)
        assert other.code == "IDEMPOTENCY_CONFLICT"
    assert await ledger.read() == before


async def test_a_refusal_is_remembered_too(agency: Caller, world: World, ledger: Ledger) -> None:
    """Even where the same would go through by now."""
    kpi = await world.agency.planner.kpi()
    window = {"start": "2025-01-01", "end": "2025-01-31"}
    input = {"kpiId": kpi, "window": window, "reason": "First.", "idempotencyKey": key()}
    before = await ledger.read()
    first = await agency.attempt("baselineRevise", input)
    assert first.data["baselineRevise"]["userErrors"][0]["code"] == "NO_BASELINE"
    assert (await ledger.read()).added(before) == {"idempotency_keys": 1}
    await agency.change("baselineFreeze", kpiId=kpi, window=window)
    assert (await agency.attempt("baselineRevise", input)).anonymous == first.anonymous
    await agency.change("baselineRevise", **{**input, "idempotencyKey": key()})


async def test_a_key_is_not_needed(agency: Caller, world: World, ledger: Ledger) -> None:
    input = await sample("kpiCreate", world.agency)
    before = await ledger.read()
    await agency.change("kpiCreate", **input)
    await agency.change("kpiCreate", **input)
    assert (await ledger.read()).added(before) == {"kpis": 2, "audit_entries": 2}


@pytest.mark.parametrize("mutation", ["kpiCreate", "tenantCreate"])
async def test_of_many_at_once_one_is_done(agency: Caller, world: World, ledger: Ledger, mutation: str) -> None:
    input = {**await sample(mutation, world.agency), "idempotencyKey": key()}
    selection = f"{OBJECT[mutation]} {{ id }}"
    before = await ledger.read()
    answers = await asyncio.gather(*(agency.attempt(mutation, input, selection) for _ in range(6)))
    assert len({json.dumps(answer.data) for answer in answers}) == 1
    added = (await ledger.read()).added(before)
    assert added[{"kpiCreate": "kpis", "tenantCreate": "tenants"}[mutation]] == 1
    assert added["audit_entries"] == 1


async def test_of_two_at_once_with_other_inputs_one_is_refused(agency: Caller, world: World, ledger: Ledger) -> None:
    input = {**await sample("kpiCreate", world.agency), "idempotencyKey": key()}
    before = await ledger.read()
    answers = await asyncio.gather(*(agency.attempt("kpiCreate", {**input, "name": f"number {at}"}) for at in range(4)))
    codes = [[error["code"] for error in answer.data["kpiCreate"]["userErrors"]] for answer in answers]
    assert sorted(codes) == [[], ["IDEMPOTENCY_CONFLICT"], ["IDEMPOTENCY_CONFLICT"], ["IDEMPOTENCY_CONFLICT"]]
    assert (await ledger.read()).added(before)["kpis"] == 1


async def test_another_clients_key_is_its_own(http: httpx2.AsyncClient, agency: Caller, world: World) -> None:
    """Another app of the same organization, and another organization on the same tenant."""
    sibling = await new_machine(world.database, organization_id=world.agency.machine.organization_id)
    guest = await new_machine(world.database)
    await give_grant(world.database, world.agency.tenant, guest.organization_id)
    input = {**await sample("kpiCreate", world.agency), "idempotencyKey": key()}
    made = [
        (await caller.change("kpiCreate", "kpi { id }", **input))["kpi"]["id"]
        for caller in (agency, await sign_in(http, sibling), await sign_in(http, guest))
    ]
    assert len(set(made)) == 3


async def test_a_key_belongs_to_the_tenant_acted_on(agency: Caller, world: World) -> None:
    once = key()
    for home in (world.agency, world.sister):
        await agency.change("kpiCreate", tenantId=home.tenant.gid, metricKey="orders", idempotencyKey=once)
    await agency.change("tenantCreate", **{**await sample("tenantCreate", world.agency), "idempotencyKey": once})


async def test_a_secret_is_shown_once(agency: Caller, world: World, ledger: Ledger) -> None:
    once = key()
    input = {**await sample("connectionStart", world.agency), "account": "once.myshopify.com", "idempotencyKey": once}
    selection = "authorizeUrl connection { id status }"
    first = await agency.change("connectionStart", selection, **input)
    assert first["authorizeUrl"].startswith("https://once.myshopify.com/")
    before = await ledger.read()
    again = (await agency.attempt("connectionStart", input, selection)).data["connectionStart"]
    assert [error["code"] for error in again["userErrors"]] == ["SECRET_ALREADY_SHOWN"]
    assert (again["authorizeUrl"], again["connection"]) == (None, first["connection"])
    assert await ledger.read() == before
    secret = first["authorizeUrl"].partition("state=")[2].partition("&")[0]
    assert len(secret) > 20
    kept = await ledger.connection.fetch("SELECT outcome::text FROM idempotency_keys WHERE key = $1", once)
    assert len(kept) == 1
    assert secret not in kept[0]["outcome"]


async def test_it_is_remembered_for_a_day(agency: Caller, world: World, ledger: Ledger) -> None:
    input = {**await sample("kpiCreate", world.agency), "idempotencyKey": key()}
    first = await agency.change("kpiCreate", "kpi { id }", **input)
    left = await ledger.connection.fetchval(
        "SELECT expires_at FROM idempotency_keys WHERE key = $1", input["idempotencyKey"]
    )
    assert timedelta(hours=23) < left - datetime.now(UTC) < timedelta(hours=25)
    await ledger.execute("UPDATE idempotency_keys SET expires_at = now() WHERE key = $1", input["idempotencyKey"])
    later = await agency.change("kpiCreate", "kpi { id }", **{**input, "name": "Another"})
    assert later["kpi"]["id"] != first["kpi"]["id"]


async def test_a_memory_is_no_way_around_a_grant_that_ended(http: httpx2.AsyncClient, world: World) -> None:
    tenant = await world.another_tenant()
    guest = await new_machine(world.database)
    await give_grant(world.database, tenant, guest.organization_id)
    caller = await sign_in(http, guest)
    input = {"tenantId": tenant.gid, "metricKey": "orders", "idempotencyKey": key()}
    await caller.change("kpiCreate", **input)
    await change_grants(world.database, tenant, revoked_at=datetime.now(UTC))
    assert (await caller.refusal("kpiCreate", **input)).code == "GRANT_ENDED"


async def test_several_in_one_document_are_done_one_after_the_other(
    agency: Caller, world: World, ledger: Ledger
) -> None:
    """Each in a unit of its own: what follows sees what came before, and a failure takes nothing back."""
    tenant = await world.another_tenant()
    before = await ledger.read()
    document = """mutation($first: KpiCreateInput!, $bad: KpiCreateInput!, $third: KpiCreateInput!) {
      first: kpiCreate(input: $first) { kpi { name } userErrors { code } }
      bad: kpiCreate(input: $bad) { kpi { name } userErrors { code } }
      third: kpiCreate(input: $third) { kpi { name } userErrors { code } }
    }"""
    answer = await agency.ask(
        document,
        first={"tenantId": tenant.gid, "metricKey": "orders"},
        bad={"tenantId": tenant.gid, "metricKey": "wishes"},
        third={"tenantId": tenant.gid, "metricKey": "net_revenue"},
    )
    assert answer.data == {
        "first": {"kpi": {"name": "Orders"}, "userErrors": []},
        "bad": {"kpi": None, "userErrors": [{"code": "UNKNOWN_METRIC"}]},
        "third": {"kpi": {"name": "Net revenue"}, "userErrors": []},
    }
    assert (await ledger.read()).added(before) == {"kpis": 2, "audit_entries": 2}


async def test_a_failure_of_ours_takes_nothing_of_the_others_back(agency: Caller, world: World, ledger: Ledger) -> None:
    """The second breaks in the database; the first stays and the third is not begun twice."""
    planner = world.planner(await world.another_tenant())
    await ledger.execute("ALTER TABLE kpis ADD CONSTRAINT mood CHECK (name <> 'Sad') NOT VALID")
    try:
        before = await ledger.read()
        document = """mutation($t: ID!) {
          first: kpiCreate(input: {tenantId: $t, metricKey: "orders"}) { userErrors { code } }
          second: kpiCreate(input: {tenantId: $t, metricKey: "orders", name: "Sad"}) { userErrors { code } }
        }"""
        answer = await agency.ask(document, t=planner.tenant.gid)
        assert (answer.code, answer.error["path"]) == ("INTERNAL_ERROR", ["second"])
        assert (await ledger.read()).added(before) == {"kpis": 1, "audit_entries": 1}
    finally:
        await ledger.execute("ALTER TABLE kpis DROP CONSTRAINT mood")


async def test_each_sees_what_the_one_before_it_did(agency: Caller, world: World) -> None:
    planner = world.planner(await world.another_tenant())
    objective, kpi = await planner.objective(), await planner.kpi()
    document = """mutation($o: ID!, $k: ID!) {
      empty: objectiveKpiLink(input: {objectiveId: $o, kpiId: $k}) { objective { kpis { nodes { id } } } }
      away: kpiArchive(input: {kpiId: $k}) { kpi { archivedAt } }
      after: objectiveArchive(input: {objectiveId: $o}) { objective { archivedAt kpis { nodes { id } } } }
    }"""
    found = (await agency.ask(document, o=objective, k=kpi)).data
    assert found["empty"]["objective"]["kpis"]["nodes"] == [{"id": kpi}]
    assert found["away"]["kpi"]["archivedAt"] is not None
    assert found["after"]["objective"]["kpis"]["nodes"] == []
