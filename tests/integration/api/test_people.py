"""People come to an organization by invitation, get a role there, and go again."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx2
import pytest

from api.ids import Kind, encode, organization_gid
from tenants.access.actor import ApiScope
from tenants.access.kinds import AppKind, Audience, MemberRole, OrganizationKind
from tests.factories.organizations import Machine, new_machine, new_organization
from tests.factories.people import PASSWORD, KnownPerson, new_person
from tests.factories.tenants import new_tenant
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.ledger import Ledger
from tests.integration.api.people import sign_in_to
from tests.integration.api.world import World
from tests.integration.oauth.browser import Page, press
from tests.integration.oauth.world import REDIRECT, KnownApp, new_app

MEMBERS = "{ viewer { organization { members(first: 100) { nodes { id address role } } } } }"
INVITATIONS = "{ viewer { organization { invitations { nodes { id address role acceptedAt revokedAt } } } } }"
VIEWER = "{ viewer { isPerson app { id } organization { id name kind } } tenants { nodes { name } } }"
MANAGE = (ApiScope.MANAGE_ORGANIZATION, ApiScope.READ_METRICS)


@pytest.fixture
async def machine(world: World) -> Machine:
    """Of an organization of its own."""
    return await new_machine(world.database)


@pytest.fixture
async def caller(http: httpx2.AsyncClient, machine: Machine) -> Caller:
    return await sign_in(http, machine)


@pytest.fixture
async def front_end(world: World, machine: Machine) -> KnownApp:
    return await new_app(world.database, machine.organization_id, AppKind.PUBLIC, scopes=tuple(ApiScope))


@pytest.fixture
async def browser(address: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Of somebody who was never here."""
    async with httpx2.AsyncClient(base_url=address) as client:
        yield client


def new_address() -> str:
    return f"{secrets.token_hex(6)}@people.example"


def member_gid(machine: Machine, person: KnownPerson) -> str:
    return encode(Kind.MEMBER, machine.organization_id, person.person_id)


async def roles(caller: Caller) -> dict[str, str]:
    nodes = (await caller.ask(MEMBERS)).data["viewer"]["organization"]["members"]["nodes"]
    return {node["address"]: node["role"] for node in nodes}


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
    app = await new_app(world.database, machine.organization_id, AppKind.CONFIDENTIAL, scopes=MANAGE)
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


async def test_a_business_is_handed_to_its_owner(
    http: httpx2.AsyncClient, browser: httpx2.AsyncClient, world: World, caller: Caller, machine: Machine
) -> None:
    """The agency opened it; its owner decides from then on, through the agency's front end."""
    tenant = await new_tenant(world.database, world.keyring, machine.actor, name="Corner Bakery")
    address = new_address()
    made = await caller.change("tenantOwnerInvite", "url invitation { id role }", tenantId=tenant.gid, address=address)
    assert made["invitation"]["role"] == "OWNER"
    second = await caller.change("tenantOwnerInvite", "url", tenantId=tenant.gid, address=new_address())
    joined = await press(browser, await browser.get(made["url"]), "account", password=PASSWORD)
    assert "You are a member of Corner Bakery now." in Page(joined.text).text

    # Whoever comes second finds it owned, and so does the agency.
    late = await press(browser, await browser.get(second["url"]), "account", password=PASSWORD)
    assert (late.status_code, "has an owner" in late.text) == (400, True)
    refusal = await caller.refusal("tenantOwnerInvite", tenantId=tenant.gid, address=new_address())
    assert (refusal.code, refusal.field) == ("HAS_OWNER", ("input", "tenantId"))

    front_end = await new_app(
        world.database,
        machine.organization_id,
        AppKind.PUBLIC,
        scopes=tuple(ApiScope),
        audience=Audience.ANY_ORGANIZATION,
    )
    owner = await sign_in_to(http, front_end, KnownPerson(UUID(int=0), address), "read_metrics", "manage_tenants")
    shown = (await owner.ask(VIEWER)).data
    assert (shown["viewer"]["isPerson"], shown["viewer"]["app"]) == (True, None)
    assert (shown["viewer"]["organization"]["name"], shown["viewer"]["organization"]["kind"]) == (
        "Corner Bakery",
        "TENANT",
    )
    assert shown["tenants"]["nodes"] == [{"name": "Corner Bakery"}]
    grants = "query($id: ID!) { tenant(id: $id) { grants { nodes { id organization { name } } } } }"
    (grant,) = (await owner.ask(grants, id=tenant.gid)).data["tenant"]["grants"]["nodes"]
    await owner.change("grantRevoke", grantId=grant["id"])
    name = "query($id: ID!) { tenant(id: $id) { name } }"
    assert (await caller.ask(name, id=tenant.gid)).code == "GRANT_ENDED"
    assert (await owner.ask(name, id=tenant.gid)).data["tenant"]["name"] == "Corner Bakery"


async def test_teams_see_what_was_passed_on_to_them(
    http: httpx2.AsyncClient,
    browser: httpx2.AsyncClient,
    world: World,
    machine: Machine,
    caller: Caller,
    front_end: KnownApp,
) -> None:
    """Two account managers of an agency, each with clients of their own; the agency sees all."""
    tenants = [await new_tenant(world.database, world.keyring, machine.actor, name=f"Client {at}") for at in range(3)]
    teams, managers = [], []
    for name, clients in (("Team A", tenants[:1]), ("Team B", tenants[1:])):
        team = (await caller.change("organizationCreate", "organization { id name kind }", name=name))["organization"]
        assert (team["name"], team["kind"]) == (name, "AGENCY")
        teams.append(team["id"])
        for client in clients:
            await caller.change(
                "grantCreate", tenantId=client.gid, organizationId=team["id"], role="ANALYST", scopes=["READ_METRICS"]
            )
        address = new_address()
        made = await caller.change("invitationCreate", "url", address=address, role="OWNER", organizationId=team["id"])
        browser.cookies.clear()
        await press(browser, await browser.get(made["url"]), "account", password=PASSWORD)
        managers.append(await sign_in_to(http, front_end, KnownPerson(UUID(int=0), address), *MANAGE))
    names = "{ tenants { nodes { name } } }"
    seen = [[node["name"] for node in (await each.ask(names)).data["tenants"]["nodes"]] for each in managers]
    assert seen == [["Client 0"], ["Client 1", "Client 2"]]
    tenant = "query($id: ID!) { tenant(id: $id) { name } }"
    assert (await managers[0].ask(tenant, id=tenants[1].gid)).code == "NOT_FOUND"
    under = "{ viewer { organization { subOrganizations { nodes { id name } } } } }"
    listed = (await caller.ask(under)).data["viewer"]["organization"]["subOrganizations"]["nodes"]
    assert [each["id"] for each in listed] == teams

    # A team manages itself: the agency has no say in who else is in it, and teams do not see each other.
    refusal = await caller.refusal("invitationCreate", address=new_address(), role="OWNER", organizationId=teams[0])
    assert refusal.code == "HAS_OWNER"
    refusal = await caller.refusal("invitationCreate", address=new_address(), role="ADMIN", organizationId=teams[0])
    assert (refusal.code, refusal.field) == ("FIRST_OWNER_ONLY", ("input", "role"))
    refusal = await managers[0].refusal(
        "invitationCreate", address=new_address(), role="OWNER", organizationId=teams[1]
    )
    assert (refusal.code, refusal.field) == ("NOT_FOUND", ("input", "organizationId"))
    node = "query($id: ID!) { node(id: $id) { id ... on Organization { name } } }"
    assert (await managers[0].ask(node, id=teams[1])).code == "NOT_FOUND"
    assert (await caller.ask(node, id=teams[1])).data["node"]["name"] == "Team B"
    assert (await managers[0].refusal("organizationCreate", name="Team of a team")).code == "NOT_AN_AGENCY"

    # What the agency loses, its teams lose.
    await caller.change("tenantLeave", tenantId=tenants[0].gid)
    assert (await managers[0].ask(names)).data["tenants"]["nodes"] == []


async def test_who_opens_a_team_owns_it(
    http: httpx2.AsyncClient, world: World, machine: Machine, front_end: KnownApp
) -> None:
    owner = await new_person(world.database, machine.organization_id, MemberRole.OWNER)
    by_owner = await sign_in_to(http, front_end, owner, *MANAGE)
    team = (await by_owner.change("organizationCreate", "organization { id }", name="Team"))["organization"]["id"]
    in_team = await sign_in_to(http, front_end, owner, *MANAGE, organization=team)
    assert await roles(in_team) == {owner.address: "OWNER"}


async def test_only_agencies_have_teams(http: httpx2.AsyncClient, world: World) -> None:
    partner = await new_organization(world.database, kind=OrganizationKind.CRM_PARTNER)
    caller = await sign_in(http, await new_machine(world.database, organization_id=partner))
    assert (await caller.refusal("organizationCreate", name="Team")).code == "NOT_AN_AGENCY"


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
    # An invitation's id that names somebody else as its owner.
    own = encode(Kind.MEMBER, machine.organization_id, world.stranger.machine.actor.app_id)
    assert (await caller.refusal("memberRemove", memberId=own)).code == "NOT_FOUND"
    assert organization_gid(machine.organization_id) != stranger[Kind.ORGANIZATION]


async def test_who_was_let_in_does_not_hand_the_business_on(
    http: httpx2.AsyncClient, world: World, caller: Caller, machine: Machine
) -> None:
    """Else a partner's partner could take it over."""
    tenant = await new_tenant(world.database, world.keyring, machine.actor)
    guest = await new_machine(world.database)
    await caller.change(
        "grantCreate",
        tenantId=tenant.gid,
        organizationId=organization_gid(guest.organization_id),
        role="ADMIN",
        scopes=["MANAGE_TENANTS"],
    )
    visitor = await sign_in(http, guest)
    refusal = await visitor.refusal("tenantOwnerInvite", tenantId=tenant.gid, address=new_address())
    assert (refusal.code, refusal.field) == ("NO_GRANT", ("input", "tenantId"))


async def test_of_two_first_owners_who_come_at_once_one_is(
    address: str, world: World, caller: Caller, machine: Machine
) -> None:
    tenant = await new_tenant(world.database, world.keyring, machine.actor)
    urls = [
        (await caller.change("tenantOwnerInvite", "url", tenantId=tenant.gid, address=new_address()))["url"]
        for _ in range(2)
    ]

    async def join(url: str) -> int:
        async with httpx2.AsyncClient(base_url=address) as client:
            return (await press(client, await client.get(url), "account", password=PASSWORD)).status_code

    assert sorted(await asyncio.gather(*map(join, urls))) == [200, 400]
