"""Documents asked for by their hash: registered ahead, or sent once."""

import hashlib
from typing import Any

import httpx2
import pytest

from api.ids import Kind, encode
from tests.factories.organizations import Machine, new_machine
from tests.factories.tenants import Tenancy, give_grant
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.conftest import Open
from tests.integration.api.subscriber import ORDERS, STATUS, subscriber
from tests.integration.api.world import World

VIEWER = "query Who { viewer { clientId } }"
NAMED = "query Named($t: ID!) { tenant(id: $t) { name kpis { nodes { name value(period: LAST_YEAR) { value } } } } }"
OTHER = "{ viewer { scopes } }"
SET = "set { id version archivedAt operations { id name document } }"


def sha256(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def by_hash(document: str, **more: Any) -> dict[str, Any]:
    """As Apollo's clients ask."""
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256(document)}}, **more}


def code(response: httpx2.Response) -> str:
    (error,) = response.json()["errors"]
    return str(error["extensions"]["code"])


async def register(caller: Caller, machine: Machine, *documents: str, **more: Any) -> dict[str, Any]:
    app = (await caller.ask("{ viewer { app { id } } }")).data["viewer"]["app"]["id"]
    operations = [{"name": f"Q{at}", "document": each} for at, each in enumerate(documents)]
    made = await caller.change("persistedOperationSetCreate", SET, appId=app, operations=operations, **more)
    found: dict[str, Any] = made["set"]
    return found


async def test_a_registered_operation_is_asked_for_by_its_id(caller: Caller, machine: Machine) -> None:
    made = await register(caller, machine, VIEWER, NAMED)
    assert made["version"] == 1
    assert made["operations"][0] == {"id": f"sha256:{sha256(VIEWER)}", "name": "Q0", "document": VIEWER}
    answer = await caller.post({"documentId": made["operations"][0]["id"]})
    assert answer.json()["data"] == {"viewer": {"clientId": machine.actor.client_id}}
    assert (await register(caller, machine, VIEWER))["version"] == 2
    listed = await caller.ask("{ viewer { app { persistedOnly persistedOperationSets { nodes { version } } } } }")
    assert listed.data["viewer"]["app"] == {
        "persistedOnly": False,
        "persistedOperationSets": {"nodes": [{"version": 1}, {"version": 2}]},
    }


async def test_a_set_that_is_put_away_is_known_no_more(opened: Open, caller: Caller, machine: Machine) -> None:
    first, second = await register(caller, machine, VIEWER), await register(caller, machine, VIEWER, NAMED)
    archived = await caller.change("persistedOperationSetArchive", SET, setId=second["id"])
    assert archived["set"]["archivedAt"]
    async with opened() as url, httpx2.AsyncClient(base_url=url, trust_env=False) as other:
        asker = await sign_in(other, machine)
        assert (await asker.post({"documentId": first["operations"][0]["id"]})).json()["data"]
        gone = await asker.post({"documentId": f"sha256:{sha256(NAMED)}"})
        assert code(gone) == "PERSISTED_OPERATION_NOT_FOUND"
    assert (await caller.refusal("persistedOperationSetArchive", setId=second["id"])).code == "ALREADY_ARCHIVED"


async def test_an_app_may_be_asked_by_nothing_else(opened: Open, caller: Caller, machine: Machine) -> None:
    made = await register(caller, machine, VIEWER, persistedOnly=True)
    async with opened() as url, httpx2.AsyncClient(base_url=url, trust_env=False) as other:
        asker = await sign_in(other, machine)
        assert code(await asker.post({"query": OTHER})) == "PERSISTED_ONLY"
        assert code(await asker.post(by_hash(OTHER, query=OTHER))) == "PERSISTED_ONLY"
        assert code(await asker.post(by_hash(OTHER))) == "PERSISTED_QUERY_NOT_FOUND"
        for body in ({"documentId": made["operations"][0]["id"]}, by_hash(VIEWER), {"query": VIEWER}):
            assert (await asker.post(body)).json()["data"]["viewer"], body


async def test_it_subscribes_by_nothing_else_either(
    opened: Open, caller: Caller, machine: Machine, tenant: Tenancy
) -> None:
    await register(caller, machine, ORDERS, persistedOnly=True)
    async with (
        opened() as url,
        httpx2.AsyncClient(base_url=url, trust_env=False) as other,
        subscriber(url, (await sign_in(other, machine)).token) as told,
    ):
        await told.subscribe(STATUS, id="other", t=tenant.gid)
        assert await told.code("other") == "PERSISTED_ONLY"
        await told.subscribe(ORDERS, t=tenant.gid)
        assert await told.next() == {"metricChanged": {"kpis": []}}


async def test_an_app_is_let_out_of_it_again(opened: Open, caller: Caller, machine: Machine) -> None:
    await register(caller, machine, VIEWER, persistedOnly=True)
    app = encode(Kind.APP, machine.organization_id, machine.actor.app_id)
    changed = await caller.change("appUpdate", "app { persistedOnly }", appId=app, persistedOnly=False)
    assert changed["app"] == {"persistedOnly": False}
    async with opened() as url, httpx2.AsyncClient(base_url=url, trust_env=False) as other:
        assert (await (await sign_in(other, machine)).post({"query": OTHER})).json()["data"]["viewer"]


async def test_of_other_apps_nothing_is_known(caller: Caller, machine: Machine, world: World) -> None:
    made = await register(caller, machine, VIEWER)
    sibling = await new_machine(world.database, organization_id=machine.organization_id)
    for other in (world.stranger.machine, sibling):
        asker = await sign_in(caller.http, other)
        assert code(await asker.post({"documentId": made["operations"][0]["id"]})) == "PERSISTED_OPERATION_NOT_FOUND"


async def test_what_was_sent_once_is_asked_for_by_its_hash(caller: Caller, machine: Machine, agency: Caller) -> None:
    document = "query Sent { viewer { isPerson clientId } }"
    unknown = await caller.post(by_hash(document))
    assert (unknown.status_code, unknown.json()["errors"][0]["message"]) == (200, "PersistedQueryNotFound")
    assert code(unknown) == "PERSISTED_QUERY_NOT_FOUND"
    sent = await caller.post(by_hash(document, query=document))
    assert sent.json()["data"]["viewer"]["clientId"] == machine.actor.client_id
    assert (await caller.post(by_hash(document))).json()["data"] == sent.json()["data"]
    assert code(await agency.post(by_hash(document))) == "PERSISTED_QUERY_NOT_FOUND"
    wrong = await caller.post(by_hash(document, query=VIEWER))
    assert (wrong.status_code, code(wrong)) == (400, "PERSISTED_QUERY_HASH_MISMATCH")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": VIEWER, "documentId": f"sha256:{'0' * 64}"},
        {"documentId": "sha256:0"},
        {"documentId": f"md5:{'0' * 64}"},
        {"documentId": 1},
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "0" * 64}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "x"}}},
        {"extensions": {"persistedQuery": "x"}},
    ],
)
async def test_what_names_no_document_is_refused(caller: Caller, body: dict[str, Any]) -> None:
    answer = await caller.post(body)
    assert (answer.status_code, code(answer)) == (400, "MALFORMED_REQUEST")


@pytest.mark.parametrize(
    ("operations", "where", "refused"),
    [
        ([], ("operations",), "INVALID"),
        ([("A", "{ nonsense }")], ("operations", "0", "document"), "DOCUMENT_INVALID"),
        ([("A", VIEWER), ("B", "{")], ("operations", "1", "document"), "DOCUMENT_INVALID"),
        ([("A", VIEWER), ("B", VIEWER)], ("operations", "1", "document"), "INVALID"),
        ([("", VIEWER)], ("operations", "0", "name"), "NAME_INVALID"),
    ],
)
async def test_a_set_that_makes_no_sense(
    caller: Caller, operations: list[tuple[str, str]], where: tuple[str, ...], refused: str
) -> None:
    app = (await caller.ask("{ viewer { app { id } } }")).data["viewer"]["app"]["id"]
    given = [{"name": name, "document": document} for name, document in operations]
    refusal = await caller.refusal("persistedOperationSetCreate", appId=app, operations=given)
    assert (refusal.code, refusal.field) == (refused, ("input", *where))


@pytest.fixture
async def tenant(world: World, machine: Machine) -> Tenancy:
    tenant = await world.another_tenant(name="Kept")
    await give_grant(world.database, tenant, machine.organization_id)
    return tenant
