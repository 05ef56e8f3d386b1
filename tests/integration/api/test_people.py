"""People come to an organization by invitation, get a role there, and go again."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import update

from api.execution.executor import PlannedExecutor
from api.ids import Kind, encode, organization_gid
from tenants.access.actor import ApiScope
from tenants.access.kinds import AppKind, MemberRole
from tenants.access.models import Person
from tenants.access.service import membership_add
from tenants.scope import Scope
from tests.factories.organizations import Machine, new_machine
from tests.factories.people import PASSWORD, KnownPerson, new_person
from tests.factories.tenants import new_tenant
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.ledger import Ledger
from tests.integration.api.people import MANAGE, member_gid, new_address, roles, sign_in_to
from tests.integration.api.world import World
from tests.integration.oauth.browser import Page, Visit, press
from tests.integration.oauth.world import REDIRECT, KnownApp, new_app

INVITATIONS = "{ viewer { organization { invitations { nodes { id address role acceptedAt revokedAt } } } } }"


async def test_who_is_invited_makes_an_account_and_works(
    http: httpx2.AsyncClient, browser: httpx2.AsyncClient, caller: Caller, front_end: KnownApp
) -> None:
    address = new_address()
    made = await caller.change(
        "invitationCreate",
        "url invitation { id address role expiresAt acceptedAt }",
        address=f" {address.upper()} ",
        role="ANALYST",
    )
    invitation = made["invitation"]
    assert (invitation["address"], invitation["role"], invitation["acceptedAt"]) == (address, "ANALYST", None)
    in_a_week = datetime.now(UTC) + timedelta(days=7)
    assert abs(datetime.fromisoformat(invitation["expiresAt"]) - in_a_week) < timedelta(minutes=1)

    page = await browser.get(made["url"])
    assert "North & Sons asks you to join as an analyst." in Page(page.text).text
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "same-origin")
    short = await press(browser, page, "account", password="short")
    assert (short.status_code, "at least 12 characters" in short.text) == (400, True)
    joined = await press(browser, short, "account", password=PASSWORD)
    assert (joined.status_code, "You are a member of North & Sons now." in Page(joined.text).text) == (200, True)

    assert await roles(caller) == {address: "ANALYST"}
    listed = (await caller.ask(INVITATIONS)).data["viewer"]["organization"]["invitations"]["nodes"]
    assert [(each["id"], each["acceptedAt"] is None) for each in listed] == [(invitation["id"], False)]
    person = KnownPerson(UUID(int=0), address)
    analyst = await sign_in_to(http, front_end, person, "read_metrics", "write_kpis", "manage_tenants")
    viewer = (await analyst.ask("{ viewer { isPerson scopes } }")).data["viewer"]
    assert viewer == {"isPerson": True, "scopes": ["READ_METRICS", "WRITE_KPIS"]}


async def test_an_invitation_works_once(browser: httpx2.AsyncClient, caller: Caller) -> None:
    made = await caller.change("invitationCreate", "url", address=new_address(), role="VIEWER")
    page = await browser.get(made["url"])
    assert (await press(browser, page, "account", password=PASSWORD)).status_code == 200
    for late in (await browser.get(made["url"]), await press(browser, page, "account", password=PASSWORD)):
        assert (late.status_code, "has expired" in late.text) == (410, True)


async def test_who_has_an_account_signs_in_to_join(
    world: World, browser: httpx2.AsyncClient, caller: Caller, machine: Machine
) -> None:
    """Knowing of the invitation is not enough."""
    person = await new_person(world.database)
    made = await caller.change("invitationCreate", "url", address=person.address, role="ADMIN")
    page = await browser.get(made["url"])
    wrong = await press(browser, page, "sign_in", password="something else entirely")
    assert (wrong.status_code, await roles(caller)) == (403, {})
    # Neither a page of another step nor another action gets around the password.
    for action in ("accept", "account"):
        forced = await press(browser, page, action, password="something else entirely")
        assert (forced.status_code, await roles(caller)) == (403, {}), action
    assert (await press(browser, wrong, "sign_in", password=PASSWORD)).status_code == 200
    assert await roles(caller) == {person.address: "ADMIN"}


async def test_the_page_tells_nobody_whether_there_is_an_account(
    world: World, browser: httpx2.AsyncClient, caller: Caller
) -> None:
    """Not even who holds the link: whoever invites holds it too."""
    person = await new_person(world.database)
    told = []
    for address in (person.address, new_address()):
        made = await caller.change("invitationCreate", "url", address=address, role="VIEWER")
        browser.cookies.clear()
        page = await browser.get(made["url"])
        short = await press(browser, page, "join", password="short")
        assert (page.status_code, short.status_code) == (200, 400)
        told.append([_blank(each, address) for each in (page, short)])
    assert told[0] == told[1]


def _blank(page: httpx2.Response, address: str) -> str:
    """Without what differs from page to page anyway."""
    form = Page(page.text)
    text = page.text.replace(address, "").replace(form.fields["form_token"], "")
    return re.sub(r"token=[\w%-]+", "", text)


async def test_who_is_signed_in_joins_by_a_button(
    world: World, browser: httpx2.AsyncClient, caller: Caller, machine: Machine
) -> None:
    person = await new_person(world.database)
    first = await caller.change("invitationCreate", "url", address=person.address, role="VIEWER")
    await press(browser, await browser.get(first["url"]), "sign_in", password=PASSWORD)
    other = await sign_in(browser, await new_machine(world.database))
    second = await other.change("invitationCreate", "url", address=person.address, role="VIEWER")
    page = await browser.get(second["url"])
    assert "password" not in Page(page.text).fields
    left = await press(browser, page, "leave")
    assert "password" in Page(left.text).fields
    assert (await press(browser, page, "accept")).status_code == 403, "signed out meanwhile"
    joined = await press(browser, left, "sign_in", password=PASSWORD)
    assert joined.status_code == 200
    assert await roles(other) == {person.address: "VIEWER"}


async def test_a_form_of_another_site_joins_nobody(browser: httpx2.AsyncClient, caller: Caller) -> None:
    made = await caller.change("invitationCreate", "url", address=new_address(), role="VIEWER")
    await browser.get(made["url"])
    forged = await browser.post(made["url"], data={"action": "account", "password": PASSWORD, "form_token": "0" * 64})
    assert (forged.status_code, await roles(caller)) == (403, {})


async def test_afterwards_one_goes_on_to_the_app(browser: httpx2.AsyncClient, world: World, machine: Machine) -> None:
    everything = tuple(ApiScope)
    app = await new_app(world.database, machine.organization_id, AppKind.CONFIDENTIAL, scopes=everything)
    form = {"grant_type": "client_credentials"}
    answer = await browser.post("/oauth/token", data=form, auth=(app.client_id, app.secret))
    partner = Caller(browser, answer.json()["access_token"])
    refusal = await partner.refusal(
        "invitationCreate", address=new_address(), role="VIEWER", redirectUri=f"{REDIRECT}&more=1"
    )
    assert (refusal.code, refusal.field) == ("REDIRECT_URI_UNKNOWN", ("input", "redirectUri"))
    made = await partner.change("invitationCreate", "url", address=new_address(), role="VIEWER", redirectUri=REDIRECT)
    joined = await press(browser, await browser.get(made["url"]), "account", password=PASSWORD)
    assert f'<a href="{REDIRECT}">Go on</a>' in joined.text


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"address": "nobody"}, "address", "ADDRESS_INVALID"),
        ({"expiresAt": "2020-01-01T00:00:00+00:00"}, "expiresAt", "ENDS_IN_THE_PAST"),
        ({"expiresAt": "2100-01-01T00:00:00+00:00"}, "expiresAt", "ENDS_TOO_LATE"),
        ({"organizationId": "org_nonsense"}, "organizationId", "NOT_FOUND"),
    ],
)
async def test_what_is_wrong_with_an_invitation_is_said(
    caller: Caller, ledger: Ledger, wrong: dict[str, str], field: str, code: str
) -> None:
    before = await ledger.read()
    refusal = await caller.refusal("invitationCreate", **{"address": new_address(), "role": "VIEWER", **wrong})
    assert (refusal.code, refusal.field) == (code, ("input", field))
    assert await ledger.read() == before


async def test_members_are_not_invited_again(world: World, caller: Caller, machine: Machine) -> None:
    person = await new_person(world.database, machine.organization_id)
    refusal = await caller.refusal("invitationCreate", address=person.address, role="ADMIN")
    assert (refusal.code, refusal.field) == ("ALREADY_MEMBER", ("input", "address"))


async def test_an_invitation_is_taken_back(browser: httpx2.AsyncClient, caller: Caller) -> None:
    made = await caller.change("invitationCreate", "url invitation { id }", address=new_address(), role="VIEWER")
    page = await browser.get(made["url"])
    gone = await caller.change("invitationRevoke", "invitation { revokedAt }", invitationId=made["invitation"]["id"])
    assert gone["invitation"]["revokedAt"] is not None
    assert (await press(browser, page, "account", password=PASSWORD)).status_code == 410
    assert (await caller.refusal("invitationRevoke", invitationId=made["invitation"]["id"])).code == "INVITATION_ENDED"
    assert await roles(caller) == {}


async def test_only_owners_decide_who_owns(
    http: httpx2.AsyncClient, world: World, machine: Machine, caller: Caller, front_end: KnownApp
) -> None:
    """Neither an administrator nor an app on its own, once there is an owner."""
    owner = await new_person(world.database, machine.organization_id, MemberRole.OWNER)
    admin = await new_person(world.database, machine.organization_id, MemberRole.ADMIN)
    administrator = await sign_in_to(http, front_end, admin, *MANAGE)
    for who in (administrator, caller):
        for mutation, input, field in (
            ("invitationCreate", {"address": new_address(), "role": "OWNER"}, "role"),
            ("memberUpdate", {"memberId": member_gid(machine, admin), "role": "OWNER"}, "role"),
            ("memberUpdate", {"memberId": member_gid(machine, owner), "role": "VIEWER"}, "role"),
            ("memberRemove", {"memberId": member_gid(machine, owner)}, "memberId"),
        ):
            refusal = await who.refusal(mutation, **input)
            assert (refusal.code, refusal.field) == ("OWNERS_ONLY", ("input", field))
    by_owner = await sign_in_to(http, front_end, owner, *MANAGE)
    await by_owner.change("memberUpdate", memberId=member_gid(machine, admin), role="OWNER")
    assert await roles(caller) == {owner.address: "OWNER", admin.address: "OWNER"}


async def test_an_organization_keeps_an_owner(
    http: httpx2.AsyncClient, world: World, machine: Machine, front_end: KnownApp
) -> None:
    owner = await new_person(world.database, machine.organization_id, MemberRole.OWNER)
    by_owner = await sign_in_to(http, front_end, owner, *MANAGE)
    gid = member_gid(machine, owner)
    for mutation, input in (("memberUpdate", {"memberId": gid, "role": "ADMIN"}), ("memberRemove", {"memberId": gid})):
        refusal = await by_owner.refusal(mutation, **input)
        assert (refusal.code, refusal.field) == ("LAST_OWNER", ("input", "memberId"))


async def test_who_is_taken_out_is_a_stranger(world: World, machine: Machine, caller: Caller) -> None:
    person = await new_person(world.database, machine.organization_id, MemberRole.ANALYST)
    gid = member_gid(machine, person)
    assert (await caller.change("memberRemove", "memberId", memberId=gid))["memberId"] == gid
    assert await roles(caller) == {}
    for mutation, input in (("memberRemove", {}), ("memberUpdate", {"role": "VIEWER"})):
        refusal = await caller.refusal(mutation, memberId=gid, **input)
        assert (refusal.code, refusal.field) == ("NOT_FOUND", ("input", "memberId"))


async def test_of_another_organization_nobody_is_told(world: World, machine: Machine, caller: Caller) -> None:
    """Neither its people nor whom it invites, by their ids or through an organization that is met on a tenant."""
    stranger = world.stranger.gids
    node = "query($id: ID!) { node(id: $id) { id } }"
    for kind in (Kind.MEMBER, Kind.INVITATION, Kind.ORGANIZATION):
        assert (await caller.ask(node, id=stranger[kind])).code == "NOT_FOUND"
    for mutation, input in (
        ("memberRemove", {"memberId": stranger[Kind.MEMBER]}),
        ("memberUpdate", {"memberId": stranger[Kind.MEMBER], "role": "VIEWER"}),
        ("invitationRevoke", {"invitationId": stranger[Kind.INVITATION]}),
    ):
        assert (await caller.refusal(mutation, **input)).code == "NOT_FOUND"
    # Nor by a way that leads past it.
    tenant = await new_tenant(world.database, world.keyring, machine.actor)
    guest = await new_machine(world.database)
    await caller.change(
        "grantCreate",
        tenantId=tenant.gid,
        organizationId=organization_gid(guest.organization_id),
        role="VIEWER",
        scopes=["READ_METRICS"],
    )
    met = "query($id: ID!) { tenant(id: $id) { grants { nodes { organization { name %s { nodes { id } } } } } } }"
    for field in ("members", "invitations", "subOrganizations", "apps"):
        assert (await caller.ask(met % field, id=tenant.gid)).code == "NOT_FOUND", field


async def test_nobody_makes_somebody_who_may_more_than_their_token(
    http: httpx2.AsyncClient, world: World, machine: Machine
) -> None:
    few = await sign_in(http, machine, ApiScope.MANAGE_ORGANIZATION, ApiScope.MANAGE_TENANTS, ApiScope.READ_METRICS)
    person = await new_person(world.database, machine.organization_id)
    tenant = await new_tenant(world.database, world.keyring, machine.actor)
    for mutation, input in (
        ("invitationCreate", {"address": new_address(), "role": "VIEWER"}),
        ("memberUpdate", {"memberId": member_gid(machine, person), "role": "ADMIN"}),
        ("tenantOwnerInvite", {"address": new_address(), "tenantId": tenant.gid}),
    ):
        refusal = await few.refusal(mutation, **input)
        assert (refusal.code, refusal.field) == ("SCOPE_BEYOND_YOURS", ("input", "role")), mutation


async def test_an_invitation_is_worth_what_who_made_it_may(
    http: httpx2.AsyncClient,
    browser: httpx2.AsyncClient,
    world: World,
    machine: Machine,
    caller: Caller,
    front_end: KnownApp,
) -> None:
    """Who is put out has no way back that they left open: neither an owner, nor who managed before there was one."""
    early = await caller.change("invitationCreate", "url", address=new_address(), role="OWNER")
    owner = await new_person(world.database, machine.organization_id, MemberRole.OWNER)
    other = await new_person(world.database, machine.organization_id, MemberRole.OWNER)
    leaving = await sign_in_to(http, front_end, other, *MANAGE)
    left_open = [
        await leaving.change("invitationCreate", "url", address=new_address(), role=role)
        for role in ("OWNER", "VIEWER")
    ]
    staying = await sign_in_to(http, front_end, owner, *MANAGE)
    await staying.change("memberRemove", memberId=member_gid(machine, other))
    for made in (early, *left_open):
        browser.cookies.clear()
        late = await press(browser, await browser.get(made["url"]), "account", password=PASSWORD)
        assert late.status_code == 410
    assert await roles(caller) == {owner.address: "OWNER"}


async def test_what_an_app_that_was_put_away_left_open_is_shut(
    http: httpx2.AsyncClient, browser: httpx2.AsyncClient, world: World, machine: Machine, caller: Caller
) -> None:
    second = await new_machine(world.database, organization_id=machine.organization_id)
    by_second = await sign_in(http, second)
    made = await by_second.change("invitationCreate", "url", address=new_address(), role="ADMIN")
    await caller.change("appArchive", appId=encode(Kind.APP, machine.organization_id, second.actor.app_id))
    late = await press(browser, await browser.get(made["url"]), "account", password=PASSWORD)
    assert late.status_code == 410


async def test_who_comes_again_has_allowed_nothing_yet(
    http: httpx2.AsyncClient, world: World, machine: Machine, caller: Caller, front_end: KnownApp
) -> None:
    """What they had allowed before they were put out does not come to life again."""
    person = await new_person(world.database, machine.organization_id, MemberRole.ADMIN)
    http.cookies.clear()
    visit = Visit(http, front_end, {"scope": "read_metrics"})
    allowed = (await visit.redeem((await visit.authorize(person))["code"])).json()
    await caller.change("memberRemove", memberId=member_gid(machine, person))
    async with world.database.unit_of_work(Scope(organization_id=machine.organization_id)) as session:
        await membership_add(
            session, organization_id=machine.organization_id, person_id=person.person_id, role=MemberRole.ADMIN
        )
    form = {"grant_type": "refresh_token", "client_id": front_end.client_id}
    again = await http.post("/oauth/token", data={**form, "refresh_token": allowed["refresh_token"]})
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert (await Caller(http, allowed["access_token"]).post({"query": "{ viewer { clientId } }"})).status_code == 401


async def test_one_invitation_that_is_accepted_twice_at_once_makes_one_member(
    address: str, world: World, caller: Caller
) -> None:
    made = await caller.change("invitationCreate", "url", address=new_address(), role="VIEWER")

    async def join() -> int:
        async with httpx2.AsyncClient(base_url=address) as client:
            return (await press(client, await client.get(made["url"]), "account", password=PASSWORD)).status_code

    statuses = sorted(await asyncio.gather(join(), join()))
    assert statuses[0] == 200
    assert statuses[1] in (200, 403, 410), "the second is told, whatever it met"
    assert len(await roles(caller)) == 1


async def test_who_is_disabled_joins_nothing(browser: httpx2.AsyncClient, world: World, caller: Caller) -> None:
    person = await new_person(world.database)
    first, second = [
        await (await sign_in(browser, await new_machine(world.database))).change(
            "invitationCreate", "url", address=person.address, role="VIEWER"
        )
        for _ in range(2)
    ]
    await press(browser, await browser.get(first["url"]), "sign_in", password=PASSWORD)
    page = await browser.get(second["url"])
    async with world.database.unit_of_work(Scope(person_id=person.person_id)) as session:
        await session.execute(update(Person).where(Person.id == person.person_id).values(disabled_at=datetime.now(UTC)))
    assert (await press(browser, page, "accept")).status_code == 400, "they are signed in no more"
    assert (await press(browser, page, "join", password=PASSWORD)).status_code == 403


async def test_lists_of_people_are_answered_by_a_plan(world: World, machine: Machine, caller: Caller) -> None:
    await new_person(world.database, machine.organization_id)
    lists = "members { nodes { id address createdAt role } } invitations { nodes { id address createdAt role } }"
    before = PlannedExecutor.plans.fallbacks
    teams = "subOrganizations { nodes { id name } }"
    assert (await caller.ask(f"{{ viewer {{ organization {{ {lists} {teams} }} }} }}")).data
    assert PlannedExecutor.plans.fallbacks == before
