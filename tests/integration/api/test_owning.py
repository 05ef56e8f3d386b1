"""Businesses are handed to whoever owns them, and clients of an agency to its teams."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import httpx2
import pytest

from api.ids import Kind, decode_as, organization_gid
from api.oauth.tokens import Terms, verify_access_token
from tenants.access.actor import Actor, ApiScope
from tenants.access.callers import CallerEnded, Callers
from tenants.access.keys import SigningKeys
from tenants.access.kinds import AppKind, Audience, MemberRole, OrganizationKind
from tests.factories.organizations import Machine, new_machine, new_organization
from tests.factories.people import PASSWORD, KnownPerson, new_person
from tests.factories.tenants import new_tenant
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.ledger import Ledger
from tests.integration.api.people import MANAGE, new_address, roles, sign_in_to
from tests.integration.api.world import World
from tests.integration.oauth.browser import Page, Visit, press
from tests.integration.oauth.world import KnownApp, new_app

VIEWER = "{ viewer { isPerson app { id } organization { id name kind } } tenants { nodes { name } } }"


async def test_a_business_is_handed_to_its_owner(
    http: httpx2.AsyncClient,
    browser: httpx2.AsyncClient,
    world: World,
    caller: Caller,
    machine: Machine,
    ledger: Ledger,
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
    audited = await ledger.connection.fetch(
        "SELECT organization_id FROM organization_audit_entries WHERE action = 'invitationAccept'"
        " AND subject_id = $1", str(decode_as(Kind.INVITATION, made["invitation"]["id"]).id)
    )  # fmt: skip
    assert len({row["organization_id"] for row in audited}) == 2, "whom it concerns, and who invited"
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
    assert (refusal.code, refusal.field) == ("HAS_OWNER", ("input", "organizationId"))
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


async def test_a_team_is_given_another_name_by_itself_or_by_its_agency(
    http: httpx2.AsyncClient, world: World, machine: Machine, caller: Caller, ledger: Ledger
) -> None:
    team = await new_organization(world.database, name="Team", parent_id=machine.organization_id)
    by_team = await sign_in(http, await new_machine(world.database, organization_id=team))
    gid, own = organization_gid(team), organization_gid(machine.organization_id)
    for who, each, name in ((caller, gid, "Wholesale"), (by_team, gid, "Retail"), (caller, own, "North & Daughters")):
        named = await who.change("organizationUpdate", "organization { id name }", organizationId=each, name=name)
        assert named["organization"] == {"id": each, "name": name}
    before = await ledger.read()
    for who, foreign in ((by_team, str(own)), (caller, world.stranger.gids[Kind.ORGANIZATION])):
        refused = await who.refusal("organizationUpdate", organizationId=foreign, name="Mine")
        assert (refused.code, refused.field) == ("NOT_FOUND", ("input", "organizationId"))
    assert (await caller.refusal("organizationUpdate", organizationId=gid, name=" ")).code == "NAME_INVALID"
    assert await ledger.read() == before


async def test_a_team_is_put_away_when_it_has_no_clients_any_more(
    http: httpx2.AsyncClient,
    world: World,
    machine: Machine,
    caller: Caller,
    front_end: KnownApp,
    browser: httpx2.AsyncClient,
) -> None:
    team = await new_organization(world.database, name="Team", parent_id=machine.organization_id)
    its_app = await new_machine(world.database, organization_id=team)
    person = await new_person(world.database, team, MemberRole.OWNER)
    gid, tenant = organization_gid(team), await new_tenant(world.database, world.keyring, machine.actor)
    grant = await caller.change(
        "grantCreate", "grant { id }", tenantId=tenant.gid, organizationId=gid, role="VIEWER", scopes=["READ_METRICS"]
    )
    refused = await caller.refusal("organizationArchive", organizationId=gid)
    assert (refused.code, refused.field) == ("HOLDS_GRANTS", ("input", "organizationId"))
    by_team, in_team = await sign_in(http, its_app), await sign_in_to(http, front_end, person, *MANAGE)
    left_open = await by_team.change("invitationCreate", "url", address=new_address(), role="VIEWER")
    await caller.change("grantRevoke", grantId=grant["grant"]["id"])
    away = await caller.change("organizationArchive", "organization { id archivedAt }", organizationId=gid)
    assert away["organization"]["archivedAt"] is not None

    form = {"grant_type": "client_credentials"}
    assert (await http.post("/oauth/token", data=form, auth=its_app.credentials)).status_code == 401
    assert (await browser.get(left_open["url"])).status_code == 410
    http.cookies.clear()
    nowhere = await Visit(http, front_end).sign_in(person)
    assert (nowhere.status_code, "not a member" in Page(nowhere.text).text) == (403, True)
    with pytest.raises(CallerEnded):
        await Callers(world.database, memory_seconds=0).admit(await _actor(world, in_team))
    under = "{ viewer { organization { subOrganizations { nodes { id } } } } }"
    assert (await caller.ask(under)).data["viewer"]["organization"]["subOrganizations"]["nodes"] == []
    again = await caller.refusal("organizationArchive", organizationId=gid)
    assert (again.code, again.field) == ("ALREADY_ARCHIVED", ("input", "organizationId"))
    own = await caller.refusal("organizationArchive", organizationId=organization_gid(machine.organization_id))
    assert own.code == "NOT_FOUND"


async def _actor(world: World, caller: Caller) -> Actor:
    """Who an access token says it is."""
    keys = await SigningKeys(world.database, world.keyring).public()
    issuer = str(caller.http.base_url).rstrip("/")
    return verify_access_token(caller.token, keys=keys, terms=Terms(issuer, 3600), now=datetime.now(UTC))[0]


async def test_only_agencies_have_teams(http: httpx2.AsyncClient, world: World) -> None:
    partner = await new_organization(world.database, kind=OrganizationKind.CRM_PARTNER)
    caller = await sign_in(http, await new_machine(world.database, organization_id=partner))
    assert (await caller.refusal("organizationCreate", name="Team")).code == "NOT_AN_AGENCY"


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


async def test_an_agency_that_lets_go_of_a_business_names_no_owner_any_more(
    browser: httpx2.AsyncClient, world: World, machine: Machine, caller: Caller
) -> None:
    tenant = await new_tenant(world.database, world.keyring, machine.actor)
    made = await caller.change("tenantOwnerInvite", "url", tenantId=tenant.gid, address=new_address())
    await caller.change("tenantLeave", tenantId=tenant.gid)
    assert (await browser.get(made["url"])).status_code == 410
