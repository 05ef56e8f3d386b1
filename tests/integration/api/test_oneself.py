"""People find what they allowed apps and where they are signed in, end it, and leave."""

import httpx2
import pytest

from api.ids import Kind, decode, encode, organization_gid
from tenants.access.actor import ApiScope
from tenants.access.kinds import AppKind, Audience, MemberRole
from tests.factories.organizations import Machine, new_machine
from tests.factories.people import new_person
from tests.integration.api.client import Caller
from tests.integration.api.ledger import Ledger
from tests.integration.api.people import member_gid, roles, sign_in_to
from tests.integration.api.world import World
from tests.integration.oauth.browser import Page, Visit
from tests.integration.oauth.world import KnownApp, new_app

CONSENTS = """{ viewer { consents { nodes { id appName appOrganization { name } organization { id name } scopes
  createdAt } } } }"""
SIGN_INS = "{ viewer { signIns { nodes { id method createdAt expiresAt } } } }"
EVERYTHING = tuple(ApiScope)


async def consents(caller: Caller) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (await caller.ask(CONSENTS)).data["viewer"]["consents"]["nodes"]
    return found


async def actions(ledger: Ledger, organization_id: object) -> list[str]:
    rows = await ledger.connection.fetch(
        "SELECT action FROM organization_audit_entries WHERE organization_id = $1 ORDER BY at, id", organization_id
    )
    return [row["action"] for row in rows]


async def test_what_was_allowed_is_found_and_taken_back(
    http: httpx2.AsyncClient, world: World, machine: Machine, front_end: KnownApp, ledger: Ledger
) -> None:
    """Also a stranger's app, for another organization of theirs: all its tokens end."""
    person = await new_person(world.database, machine.organization_id, MemberRole.ADMIN)
    partner = await new_machine(world.database)
    strange = await new_app(
        world.database,
        partner.organization_id,
        AppKind.PUBLIC,
        name="Board",
        scopes=EVERYTHING,
        audience=Audience.ANY_ORGANIZATION,
    )
    http.cookies.clear()
    visit = Visit(http, strange, {"scope": "read_metrics write_kpis"})
    allowed = (await visit.redeem((await visit.authorize(person))["code"])).json()
    me = await sign_in_to(http, front_end, person, "manage_account")
    theirs, ours = await consents(me)
    assert (theirs["appName"], theirs["scopes"]) == ("Board", ["READ_METRICS", "WRITE_KPIS"])
    assert theirs["organization"] == {"id": organization_gid(machine.organization_id), "name": "North & Sons"}
    assert ours["scopes"] == ["MANAGE_ACCOUNT"]

    gone = await me.change("consentRevoke", "consentId", consentId=theirs["id"])
    assert gone["consentId"] == theirs["id"]
    assert [each["id"] for each in await consents(me)] == [ours["id"]]
    form = {"grant_type": "refresh_token", "client_id": strange.client_id}
    again = await http.post("/oauth/token", data={**form, "refresh_token": allowed["refresh_token"]})
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    ended = Caller(http, allowed["access_token"])
    assert (await ended.post({"query": "{ viewer { clientId } }"})).status_code == 401
    refused = await me.refusal("consentRevoke", consentId=theirs["id"])
    assert (refused.code, refused.field) == ("NOT_FOUND", ("input", "consentId"))
    assert await actions(ledger, machine.organization_id) == ["consentRevoke"]
    assert await actions(ledger, partner.organization_id) == ["authorizationEnd"]


async def test_a_sign_in_is_found_and_ended(
    http: httpx2.AsyncClient, address: str, world: World, machine: Machine, front_end: KnownApp, ledger: Ledger
) -> None:
    person = await new_person(world.database, machine.organization_id)
    async with httpx2.AsyncClient(base_url=address) as elsewhere:
        visit = Visit(elsewhere, front_end)
        assert "allow" in (await visit.sign_in(person)).text
        me = await sign_in_to(http, front_end, person, "manage_account")
        there, here = (await me.ask(SIGN_INS)).data["viewer"]["signIns"]["nodes"]
        assert (there["method"], here["method"]) == ("PASSWORD", "PASSWORD")
        await me.change("signInEnd", "signInId", signInId=there["id"])
        assert "password" in Page((await visit.open()).text).fields
    assert (await me.ask(SIGN_INS)).data["viewer"]["signIns"]["nodes"] == [here]
    assert "allow" in (await Visit(http, front_end).open()).text
    refused = await me.refusal("signInEnd", signInId=there["id"])
    assert (refused.code, refused.field) == ("NOT_FOUND", ("input", "signInId"))
    assert await actions(ledger, machine.organization_id) == ["signInEnd"]


async def test_who_uses_another_account_is_signed_in_no_more(
    http: httpx2.AsyncClient, world: World, machine: Machine, front_end: KnownApp
) -> None:
    """Not even by a copy of the cookie."""
    person = await new_person(world.database, machine.organization_id)
    me = await sign_in_to(http, front_end, person, "manage_account")
    visit = Visit(http, front_end)
    page = await visit.open()
    kept = dict(http.cookies)
    await visit.submit(page, "leave")
    http.cookies.clear()
    http.cookies.update(kept)
    assert "password" in Page((await visit.open()).text).fields
    assert (await me.ask(SIGN_INS)).data["viewer"]["signIns"]["nodes"] == []


async def test_of_others_nobody_ends_anything(
    http: httpx2.AsyncClient, world: World, machine: Machine, front_end: KnownApp
) -> None:
    one, two = [await new_person(world.database, machine.organization_id) for _ in range(2)]
    me, other = [await sign_in_to(http, front_end, each, "manage_account") for each in (one, two)]
    (theirs,) = await consents(other)
    (sign_in,) = (await other.ask(SIGN_INS)).data["viewer"]["signIns"]["nodes"]
    assert len(await consents(me)) == 1
    for mutation, name, gid, kind in (
        ("consentRevoke", "consentId", str(theirs["id"]), Kind.CONSENT),
        ("signInEnd", "signInId", sign_in["id"], Kind.SIGN_IN),
    ):
        disguised = encode(kind, one.person_id, decode(gid).id)
        for each in (gid, disguised):
            assert (await me.refusal(mutation, **{name: each})).code == "NOT_FOUND"
    assert len(await consents(other)) == 1


async def test_it_takes_the_scope_and_a_person(
    http: httpx2.AsyncClient, world: World, machine: Machine, front_end: KnownApp, caller: Caller
) -> None:
    person = await new_person(world.database, machine.organization_id, MemberRole.OWNER)
    manager = await sign_in_to(http, front_end, person, "manage_organization")
    for query in (CONSENTS, SIGN_INS):
        refused = await manager.ask(query)
        assert refused.error["extensions"]["requiredScope"] == "manage_account"
        assert (await caller.ask(query)).code == "PERSONS_ONLY"


async def test_a_strangers_app_never_gets_ones_account(
    http: httpx2.AsyncClient, world: World, machine: Machine
) -> None:
    person = await new_person(world.database, machine.organization_id, MemberRole.OWNER)
    stranger = await new_machine(world.database)
    app = await new_app(
        world.database,
        stranger.organization_id,
        AppKind.PUBLIC,
        scopes=EVERYTHING,
        audience=Audience.ANY_ORGANIZATION,
    )
    theirs = await sign_in_to(http, app, person, "read_metrics", "manage_account")
    assert (await theirs.ask("{ viewer { scopes } }")).data["viewer"]["scopes"] == ["READ_METRICS"]


@pytest.mark.parametrize("role", MemberRole)
async def test_one_leaves_without_asking_anybody(
    http: httpx2.AsyncClient,
    world: World,
    machine: Machine,
    front_end: KnownApp,
    caller: Caller,
    ledger: Ledger,
    role: MemberRole,
) -> None:
    """But the last owner stays."""
    person = await new_person(world.database, machine.organization_id, role)
    me = await sign_in_to(http, front_end, person, "manage_account")
    gid = organization_gid(machine.organization_id)
    other = await me.refusal("organizationLeave", organizationId=world.stranger.gids[Kind.ORGANIZATION])
    assert (other.code, other.field) == ("NOT_FOUND", ("input", "organizationId"))
    if role is MemberRole.OWNER:
        refused = await me.refusal("organizationLeave", organizationId=gid)
        assert (refused.code, refused.field) == ("LAST_OWNER", ("input", "organizationId"))
        await new_person(world.database, machine.organization_id, role)
    gone = await me.change("organizationLeave", "organizationId", organizationId=gid)
    assert gone["organizationId"] == gid
    assert person.address not in await roles(caller)
    assert await actions(ledger, machine.organization_id) == ["organizationLeave"]
    assert (await caller.refusal("memberRemove", memberId=member_gid(machine, person))).code == "NOT_FOUND"
