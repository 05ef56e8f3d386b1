"""Signing in at a provider: what it takes to be let in by it, and what an attacker or a broken provider brings."""

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import pytest
from sqlalchemy import select, update

from tenants.access.identities import link, vouched
from tenants.access.invitations import NewInvitation, create_invitation
from tenants.access.keys import system_key
from tenants.access.kinds import MemberRole
from tenants.access.models import Identity, Membership, Person
from tenants.access.passwords import issue_recovery
from tenants.access.repository import find_person_id
from tenants.audit.models import OrganizationAuditEntry
from tenants.database import Database
from tenants.scope import Scope
from tenants.secrets.keyring import KeyRing
from tenants.settings import Settings
from tests.factories.organizations import new_machine
from tests.factories.people import PASSWORD, KnownPerson, new_person
from tests.integration.oauth.browser import Page, Visit, press, received
from tests.integration.oauth.conftest import Open, serving
from tests.integration.oauth.practice import NAME, Practice, follow, link_on
from tests.integration.oauth.world import ManualClock, World
from tests.loopback import listen


@pytest.fixture(autouse=True)
async def fair_weather(practice: Practice) -> AsyncIterator[None]:
    yield
    await practice.order("DELETE", "/faults")
    await practice.order("PATCH", "", {"tells_email_at": "id_token"})
    practice.forget()


@pytest.fixture
async def other_http(address: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=address) as client:
        yield client


@pytest.fixture
async def local(database: Database, world: World) -> KnownPerson:
    """With a password, and a membership."""
    return await new_person(database, world.organization_id, MemberRole.OWNER)


@pytest.fixture
async def linked(database: Database, keyring: KeyRing, practice: Practice, local: KnownPerson) -> str:
    """What the provider calls them, who have shown before that the account is theirs."""
    subject = await practice.person(local.address)
    issuer, key = practice.provider.registration.issuer, system_key(keyring)
    who = vouched(issuer=issuer, subject=subject, address=local.address, key=key)
    async with database.unit_of_work() as session:
        await link(session, who, person_id=local.person_id, now=datetime.now(UTC))
    return subject


async def invitation(database: Database, world: World, address: str) -> str:
    """Its page."""
    actor = (await new_machine(database, organization_id=world.organization_id)).actor
    async with database.unit_of_work(Scope(organization_id=world.organization_id)) as session:
        made = NewInvitation(address, MemberRole.VIEWER)
        _, token = await create_invitation(session, actor, made, now=datetime.now(UTC))
    return f"/oauth/invitation?token={token}"


async def accounts(database: Database, address: str) -> list[Person]:
    async with database.snapshot() as session:
        found = await find_person_id(session, address)
    if found is None:
        return []
    async with database.snapshot(Scope(person_id=found)) as session:
        return list(await session.scalars(select(Person).where(Person.id == found)))


def new_address() -> str:
    return f"{secrets.token_hex(6)}@agency.example"


async def test_an_account_is_tied_to_a_provider_once_and_then_opened_by_it(
    http: httpx2.AsyncClient, database: Database, practice: Practice, world: World, local: KnownPerson
) -> None:
    visit, subject = Visit(http, world.front_end), await practice.person(local.address.upper())
    page = await visit.open()
    assert f"Sign in with {NAME}" in Page(page.text).text
    asked = await follow(http, await practice.sign_in(http, page, subject))
    assert (asked.status_code, local.address in asked.text) == (200, True), "nothing is taken over in silence"
    assert "password" in Page((await visit.open()).text).fields, "nobody is signed in yet"
    wrong = await press(http, asked, "link", password="not their password")
    assert (wrong.status_code, "do not belong together" in wrong.text) == (403, True)
    consent = await follow(http, await press(http, wrong, "link", password=local.password))
    assert "allow" in consent.text
    assert local.address in consent.text
    assert (await visit.redeem(await _code(visit, consent))).status_code == 200

    http.cookies.clear()
    again = Visit(http, world.front_end)
    consent = await follow(http, await practice.sign_in(http, await again.open(), subject))
    assert local.address in consent.text
    assert (await again.redeem(await _code(again, consent))).status_code == 200
    http.cookies.clear()
    assert (await Visit(http, world.front_end).sign_in(local)).status_code == 200, "the password works on"
    async with database.snapshot(Scope(organization_id=world.organization_id)) as session:
        told = select(OrganizationAuditEntry.action).where(OrganizationAuditEntry.subject_id == str(local.person_id))
        assert (await session.scalars(told)).all() == ["identityLink"]


async def _code(visit: Visit, consent: httpx2.Response) -> str:
    return received(await visit.submit(consent, "allow"))["code"]


async def test_who_is_invited_needs_no_password(
    http: httpx2.AsyncClient, database: Database, practice: Practice, world: World
) -> None:
    address = new_address()
    page = await http.get(await invitation(database, world, address))
    subject = await practice.person(address)
    joined = await practice.sign_in(http, page, subject)
    assert (joined.status_code, "You are a member of North & Sons now." in Page(joined.text).text) == (200, True)
    (account,) = await accounts(database, address)
    assert account.password_hash is None
    consent = await Visit(http, world.front_end).open()
    assert "allow" in consent.text
    for password in ("", PASSWORD):
        http.cookies.clear()
        refused = await Visit(http, world.front_end).sign_in(KnownPerson(account.id, address, password))
        assert refused.status_code == 403


async def test_who_has_an_account_joins_by_a_button(
    http: httpx2.AsyncClient, database: Database, practice: Practice, world: World
) -> None:
    outsider = await new_person(database)
    subject = await practice.person(outsider.address)
    asked = await follow(http, await practice.sign_in(http, await Visit(http, world.front_end).open(), subject))
    await press(http, asked, "link", password=outsider.password)
    http.cookies.clear()
    page = await http.get(await invitation(database, world, outsider.address))
    accept = await follow(http, await practice.sign_in(http, page, subject))
    assert "password" not in Page(accept.text).fields
    assert (await press(http, accept, "accept")).status_code == 200
    async with database.snapshot(Scope(organization_id=world.organization_id)) as session:
        assert await session.get(Membership, (world.organization_id, outsider.person_id)) is not None


async def test_an_invitation_is_for_its_address(
    http: httpx2.AsyncClient, database: Database, practice: Practice, world: World, linked: str, local: KnownPerson
) -> None:
    """Neither a stranger at the provider nor the account of another address gets in by it."""
    address = new_address()
    page = await http.get(await invitation(database, world, address))
    stranger = await practice.sign_in(http, page, await practice.person(new_address()))
    assert (stranger.status_code, "another address" in stranger.text) == (403, True)
    back = await follow(http, await practice.sign_in(http, page, linked))
    assert "not by the address of this invitation" in Page(back.text).text
    assert (await press(http, back, "accept", password="")).status_code == 400
    assert await accounts(database, address) == []


async def test_without_an_account_or_a_verified_address_nobody_is_let_in(
    http: httpx2.AsyncClient, database: Database, practice: Practice, world: World, local: KnownPerson
) -> None:
    address = new_address()
    told = {}
    for name, subject in (
        ("unknown", await practice.person(address)),
        ("unverified", await practice.person(local.address, verified=False)),
        ("without", await practice.person(None)),
    ):
        answer = await practice.sign_in(http, await Visit(http, world.front_end).open(), subject)
        assert answer.status_code == 403, name
        told[name] = Page(answer.text).text
        assert "password" in Page((await Visit(http, world.front_end).open()).text).fields
    assert "Nobody has an account here" in told["unknown"]
    assert "has not verified" in told["unverified"]
    assert told["unverified"] == told["without"]
    page = await http.get(await invitation(database, world, address))
    unproven = await practice.sign_in(http, page, await practice.person(address, verified=False))
    assert unproven.status_code == 403
    assert await accounts(database, address) == []


BENT = (
    "wrong_nonce", "no_nonce", "wrong_signature", "unsigned", "symmetric", "other_audience", "several_audiences",
    "other_azp", "other_issuer", "expired", "no_id_token",
)  # fmt: skip


@pytest.mark.parametrize("fault", BENT)
async def test_a_token_that_does_not_hold_lets_nobody_in(
    http: httpx2.AsyncClient, practice: Practice, world: World, linked: str, fault: str
) -> None:
    visit = Visit(http, world.front_end)
    await practice.fault("token", fault)
    answer = await practice.sign_in(http, await visit.open(), linked)
    assert (answer.status_code, "does not prove" in answer.text) == (403, True)
    assert "password" in Page((await visit.open()).text).fields
    assert (await practice.sign_in(http, await visit.open(), linked)).status_code == 303, "and the next one does"


@pytest.mark.parametrize("fault", ["no_iss", "other_iss"])
async def test_an_answer_names_its_issuer(
    http: httpx2.AsyncClient, practice: Practice, world: World, linked: str, fault: str
) -> None:
    await practice.fault("authorize", fault)
    answer = await practice.sign_in(http, await Visit(http, world.front_end).open(), linked)
    assert (answer.status_code, "does not prove" in answer.text) == (403, True)


@pytest.mark.parametrize(
    ("endpoint", "fault", "seconds"),
    [
        ("token", "http_500", 0),
        ("token", "malformed_json", 0),
        ("token", "hang", 2),
        ("configuration", "http_500", 0),
        ("configuration", "other_issuer", 0),
        ("configuration", "huge", 0),
        ("configuration", "hang", 2),
    ],
)
async def test_a_provider_in_trouble_is_told_of(
    http: httpx2.AsyncClient, practice: Practice, world: World, linked: str, endpoint: str, fault: str, seconds: float
) -> None:
    """And the page offers it all the same, for the next moment."""
    visit = Visit(http, world.front_end)
    practice.forget()
    await practice.fault(endpoint, fault, seconds=seconds)
    page = await visit.open()
    if endpoint == "token":
        answer = await practice.sign_in(http, page, linked)
    else:
        answer = await http.get(page.url.join(link_on(page)))
    assert (answer.status_code, "does not answer" in answer.text) == (502, True)
    assert (await practice.sign_in(http, await visit.open(), linked)).status_code == 303


async def test_new_keys_are_fetched(http: httpx2.AsyncClient, practice: Practice, world: World, linked: str) -> None:
    page = await Visit(http, world.front_end).open()
    await http.get(page.url.join(link_on(page)))
    await practice.order("POST", "/keys")
    assert (await practice.sign_in(http, page, linked)).status_code == 403, "not at once each time"
    practice.hands.ahead += 31
    assert (await practice.sign_in(http, page, linked)).status_code == 303


async def test_an_address_may_be_told_elsewhere(
    http: httpx2.AsyncClient, practice: Practice, world: World, local: KnownPerson
) -> None:
    await practice.order("PATCH", "", {"tells_email_at": "userinfo"})
    subject = await practice.person(local.address)
    page = await Visit(http, world.front_end).open()
    asked = await follow(http, await practice.sign_in(http, page, subject))
    assert local.address in asked.text
    await practice.fault("userinfo", "other_subject")
    answer = await practice.sign_in(http, page, subject)
    assert (answer.status_code, "does not prove" in answer.text) == (403, True)


async def test_who_declines_there_is_asked_here_again(
    http: httpx2.AsyncClient, practice: Practice, world: World
) -> None:
    page = await Visit(http, world.front_end).open()
    again = await follow(http, await practice.sign_in(http, page, ""))
    assert again.url == page.url
    assert "password" in Page(again.text).fields


async def test_an_answer_opens_only_in_the_browser_that_was_sent(
    http: httpx2.AsyncClient, other_http: httpx2.AsyncClient, practice: Practice, world: World, linked: str
) -> None:
    """Else an attacker could sign their victim in to the attacker's account."""
    page = await Visit(http, world.front_end).open()
    answer = await practice.come_back(http, page, linked)
    await Visit(other_http, world.front_end).open()
    for victim in (other_http, None):
        if victim is None:
            other_http.cookies.clear()
        refused = await other_http.get(answer)
        assert (refused.status_code, "not begun in this browser" in refused.text) == (403, True)
    assert (await http.get(answer)).status_code == 303
    late = await http.get(answer)
    assert (late.status_code, "has expired" in late.text) == (403, True), "and once"


@pytest.mark.parametrize("changed", ["state", "code", "provider"])
async def test_an_answer_cannot_be_put_together(
    http: httpx2.AsyncClient, practice: Practice, world: World, linked: str, changed: str
) -> None:
    page = await Visit(http, world.front_end).open()
    answer = httpx2.URL(await practice.come_back(http, page, linked))
    if changed == "provider":
        answer = httpx2.URL(str(answer).replace("/practice?", "/another?"))
    else:
        given = answer.params[changed]
        answer = answer.copy_set_param(changed, ("B" if given[0] == "A" else "A") + given[1:])
    assert (await http.get(answer)).status_code == 403
    assert "password" in Page((await Visit(http, world.front_end).open()).text).fields


async def test_a_code_of_another_sign_in_is_worth_nothing(
    http: httpx2.AsyncClient, practice: Practice, world: World, linked: str
) -> None:
    """Code injection: the verifier follows from the state, so it fits its own code only."""
    page = await Visit(http, world.front_end).open()
    first = httpx2.URL(await practice.come_back(http, page, linked))
    second = httpx2.URL(await practice.come_back(http, page, linked))
    mixed = second.copy_set_param("code", first.params["code"])
    answer = await http.get(mixed)
    assert (answer.status_code, "does not prove" in answer.text) == (403, True)


@pytest.mark.parametrize(
    "there",
    [
        "sign-in/nobody?page=authorize&query=a%3Db",
        "sign-in/practice?page=https%3A%2F%2Fevil.example&query=",
        "sign-in/practice?page=token&query=",
        "sign-in/practice?page=authorize&page=invitation&query=",
        "sign-in/practice",
    ],
)
async def test_one_is_sent_from_our_own_pages_only(http: httpx2.AsyncClient, there: str) -> None:
    answer = await http.get(f"/oauth/{there}")
    assert (answer.status_code, "location" in answer.headers) == (404, False)


async def test_a_form_of_another_site_ties_nothing(
    http: httpx2.AsyncClient, practice: Practice, world: World, local: KnownPerson
) -> None:
    page = await Visit(http, world.front_end).open()
    asked = await follow(http, await practice.sign_in(http, page, await practice.person(local.address)))
    form = {"action": "link", "password": local.password}
    for token in ("", "0" * 64, Page(page.text).fields["form_token"]):
        assert (await http.post(asked.url, data={**form, "form_token": token})).status_code == 403
    forged = asked.url.copy_set_param("identity", asked.url.params["state"])
    assert (await http.get(forged)).status_code == 403


async def test_guessing_on_the_way_is_slowed_as_anywhere(
    http: httpx2.AsyncClient, practice: Practice, world: World, local: KnownPerson, clock: ManualClock
) -> None:
    page = await Visit(http, world.front_end).open()
    asked = await follow(http, await practice.sign_in(http, page, await practice.person(local.address)))
    for _ in range(10):
        assert (await press(http, asked, "link", password="a wrong guess")).status_code == 403
    stopped = await press(http, asked, "link", password=local.password)
    assert stopped.status_code == 429
    assert int(stopped.headers["retry-after"]) > 0


async def test_who_is_disabled_is_not_let_in(
    http: httpx2.AsyncClient, database: Database, practice: Practice, world: World, linked: str, local: KnownPerson
) -> None:
    async with database.unit_of_work(Scope(person_id=local.person_id)) as session:
        await session.execute(update(Person).where(Person.id == local.person_id).values(disabled_at=datetime.now(UTC)))
    answer = await practice.sign_in(http, await Visit(http, world.front_end).open(), linked)
    assert (answer.status_code, "may not sign in" in answer.text) == (403, True)


async def test_where_there_are_no_local_accounts_the_provider_is_the_only_way(
    address: str,
    database: Database,
    keyring: KeyRing,
    opened: Open,
    practice: Practice,
    world: World,
    local: KnownPerson,
) -> None:
    """Who has an account already gets there by a link that the operator issued."""
    with listen() as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        issuer = practice.provider.registration.issuer
        provider = {"key": "practice", "name": NAME, "issuer": issuer, "client_id": "x", "client_secret": "x"}
        settings = Settings(public_url=url, local_accounts=False, sign_in_providers=(provider,))
        registration = practice.provider.registration
        redirects = [f"{each}/oauth/signed-in/practice" for each in (address, url)]
        client = {
            "client_id": registration.client_id,
            "client_secret": registration.client_secret,
            "redirect_uris": redirects,
        }
        await practice.order("POST", "/clients", client)
        async with serving(opened(settings), server), httpx2.AsyncClient(base_url=url) as http:
            visit = Visit(http, world.front_end)
            page = await visit.open()
            assert "password" not in Page(page.text).fields
            forced = await press(http, page, "sign_in", address=local.address, password=local.password)
            assert forced.status_code == 400
            assert (await http.get("/oauth/password")).status_code == 404
            subject = await practice.person(local.address)
            refused = await practice.sign_in(http, page, subject)
            assert (refused.status_code, "recovery link" in refused.text) == (403, True)
            async with database.unit_of_work() as session:
                _, token = await issue_recovery(
                    session, address=local.address, key=system_key(keyring), now=datetime.now(UTC)
                )
            recovery = await http.get(f"/oauth/recovery?token={token}")
            assert "password" not in Page(recovery.text).fields
            done = await practice.sign_in(http, recovery, subject)
            assert (done.status_code, f"you sign in with {NAME}" in Page(done.text).text) == (200, True)
            assert (await http.get(f"/oauth/recovery?token={token}")).status_code == 410
            assert "allow" in (await visit.open()).text

    (account,) = await accounts(database, local.address)
    assert account.password_hash is None, "what was set by whoever came first is none any more"
    async with database.snapshot(Scope(person_id=local.person_id)) as session:
        assert len((await session.scalars(select(Identity))).all()) == 1


async def test_a_recovery_link_ties_the_accounts_own_address_only(
    http: httpx2.AsyncClient, database: Database, keyring: KeyRing, practice: Practice, local: KnownPerson
) -> None:
    """Whoever the link went astray to cannot tie it to themselves at the provider, and it works on for its person."""
    async with database.unit_of_work() as session:
        _, token = await issue_recovery(session, address=local.address, key=system_key(keyring), now=datetime.now(UTC))
    page = await http.get(f"/oauth/recovery?token={token}")
    for subject in (
        await practice.person(new_address()),
        await practice.person(local.address, verified=False),
        await practice.person(None),
    ):
        refused = await practice.sign_in(http, page, subject)
        assert (refused.status_code, "another address" in refused.text) == (403, True)
    done = await practice.sign_in(http, page, await practice.person(local.address))
    assert (done.status_code, f"you sign in with {NAME}" in Page(done.text).text) == (200, True)
    assert [each.password_hash for each in await accounts(database, local.address)] == [None]
