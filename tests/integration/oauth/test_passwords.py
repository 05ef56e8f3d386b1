"""A person's own password: changed by who knows it, set anew by who holds a link of the operator's."""

import asyncio
from datetime import UTC, datetime

import httpx2
import pytest
from sqlalchemy import select

from tenants.access.keys import system_key
from tenants.access.kinds import MemberRole
from tenants.access.passwords import issue_recovery
from tenants.audit.models import OrganizationAuditEntry
from tenants.database import Database
from tenants.errors import NotFound
from tenants.scope import Scope
from tenants.secrets.keyring import KeyRing
from tests.factories.people import KnownPerson, new_person
from tests.integration.oauth.browser import Page, Visit, press
from tests.integration.oauth.world import ManualClock, World

NEW = "another horse entirely"


@pytest.fixture
async def person(database: Database, world: World) -> KnownPerson:
    return await new_person(database, world.organization_id, MemberRole.OWNER)


async def recovery(database: Database, keyring: KeyRing, person: KnownPerson) -> str:
    """The page of a link that was issued now."""
    async with database.unit_of_work() as session:
        _, token = await issue_recovery(session, address=person.address, key=system_key(keyring), now=datetime.now(UTC))
    return f"/oauth/recovery?token={token}"


async def change(http: httpx2.AsyncClient, person: KnownPerson, old: str, new: str) -> httpx2.Response:
    page = await http.get("/oauth/password")
    return await press(http, page, "change", address=person.address, password=old, new_password=new)


async def signs_in(http: httpx2.AsyncClient, world: World, person: KnownPerson, password: str) -> bool:
    http.cookies.clear()
    answer = await Visit(http, world.front_end).sign_in(KnownPerson(person.person_id, person.address, password))
    assert answer.status_code in (200, 403)
    return answer.status_code == 200


async def told(database: Database, world: World, person: KnownPerson) -> list[tuple[str, str]]:
    async with database.snapshot(Scope(organization_id=world.organization_id)) as session:
        rows = await session.scalars(
            select(OrganizationAuditEntry)
            .where(OrganizationAuditEntry.subject_id == str(person.person_id))
            .order_by(OrganizationAuditEntry.id)
        )
        return [(row.action, row.actor_kind) for row in rows]


async def test_a_changed_password_ends_all_that_was_begun_by_the_old_one(
    http: httpx2.AsyncClient, address: str, database: Database, world: World, person: KnownPerson
) -> None:
    async with httpx2.AsyncClient(base_url=address) as elsewhere:
        visit = Visit(elsewhere, world.front_end)
        allowed = (await visit.redeem((await visit.authorize(person))["code"])).json()
        assert "allow" in (await visit.open()).text
        done = await change(http, person, person.password, NEW)
        assert (done.status_code, "Your password is changed" in done.text) == (200, True)
        assert "password" in Page((await visit.open()).text).fields, "signed out in the other browser"
        form = {"grant_type": "refresh_token", "client_id": world.front_end.client_id}
        again = await elsewhere.post("/oauth/token", data={**form, "refresh_token": allowed["refresh_token"]})
        assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert "allow" in (await Visit(http, world.front_end).open()).text, "and signed in here"
    assert not await signs_in(http, world, person, person.password)
    assert await signs_in(http, world, person, NEW)
    assert await told(database, world, person) == [("passwordChange", "PERSON")]


async def test_who_does_not_know_the_old_password_changes_nothing(
    http: httpx2.AsyncClient, world: World, person: KnownPerson, clock: ManualClock
) -> None:
    wrong = await change(http, person, "not their password", NEW)
    assert (wrong.status_code, "do not belong together" in wrong.text) == (403, True)
    short = await change(http, person, person.password, "short")
    assert (short.status_code, "at least 12 characters" in short.text) == (400, True)
    page = await http.get("/oauth/password")
    fields = {"address": person.address, "password": person.password, "new_password": NEW, "form_token": "0" * 64}
    assert (await http.post(page.url, data=fields)).status_code == 403
    assert await signs_in(http, world, person, person.password)
    for _ in range(9):
        await change(http, person, "not their password", NEW)
    assert (await change(http, person, person.password, NEW)).status_code == 429


async def test_a_link_sets_a_new_password_once(
    http: httpx2.AsyncClient, database: Database, keyring: KeyRing, world: World, person: KnownPerson
) -> None:
    there = await recovery(database, keyring, person)
    page = await http.get(there)
    assert (page.status_code, page.headers["referrer-policy"]) == (200, "same-origin")
    short = await press(http, page, "recover", password="short")
    assert (short.status_code, "at least 12 characters" in short.text) == (400, True)
    done = sorted(
        each.status_code
        for each in await asyncio.gather(*(press(http, short, "recover", password=NEW) for _ in range(2)))
    )
    assert done[0] == 200
    assert done[1] in (403, 410), "of two at once one gets through"
    late = await http.get(there)
    assert (late.status_code, "was used, or has expired" in late.text) == (410, True)
    assert not await signs_in(http, world, person, person.password)
    assert await signs_in(http, world, person, NEW)
    assert await told(database, world, person) == [("recoveryIssue", "OPERATOR"), ("passwordChange", "PERSON")]


async def test_a_link_ends(
    http: httpx2.AsyncClient, database: Database, keyring: KeyRing, person: KnownPerson, clock: ManualClock
) -> None:
    """After a day, when the password was changed meanwhile, and where it is not ours."""
    there = await recovery(database, keyring, person)
    clock.advance(hours=25)
    assert (await http.get(there)).status_code == 410
    clock.ahead *= 0
    await change(http, person, person.password, NEW)
    assert (await http.get(there)).status_code == 410
    for token in ("", "azl_", "azl_x", there.rpartition("=")[2][:-2] + "AA", "\0"):
        assert (await http.get("/oauth/recovery", params={"token": token})).status_code == 410


async def test_nobody_sets_a_password_by_a_form_of_another_site(
    http: httpx2.AsyncClient, database: Database, keyring: KeyRing, world: World, person: KnownPerson
) -> None:
    there = await recovery(database, keyring, person)
    await http.get(there)
    forged = await http.post(there, data={"action": "recover", "password": NEW, "form_token": "0" * 64})
    assert forged.status_code == 403
    assert await signs_in(http, world, person, person.password)


async def test_a_link_is_for_somebody_there_is(database: Database, keyring: KeyRing) -> None:
    async with database.unit_of_work() as session:
        with pytest.raises(NotFound):
            await issue_recovery(
                session, address="nobody@agency.example", key=system_key(keyring), now=datetime.now(UTC)
            )
