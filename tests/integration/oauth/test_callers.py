"""A valid token is not all: who it was issued to may have been put away, or allowed less, since."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, update

from tenants.access import service
from tenants.access.actor import Actor, ApiScope
from tenants.access.callers import CallerEnded, Callers
from tenants.access.kinds import AppKind, MemberRole
from tenants.access.models import App, Authorization, Membership, Person
from tenants.database import Database
from tenants.ids import new_id
from tenants.scope import Scope
from tests.factories.people import new_person
from tests.integration.oauth.world import World, new_app


@pytest.fixture
async def machine(database: Database, world: World) -> Actor:
    app = await new_app(database, world.organization_id, AppKind.CONFIDENTIAL)
    return Actor(world.organization_id, app.app_id, app.client_id, frozenset({"read_metrics", "write_kpis"}))


@pytest.fixture
async def analyst(database: Database, world: World, machine: Actor) -> Actor:
    person = await new_person(database, world.organization_id, MemberRole.ANALYST)
    return replace(machine, person_id=person.person_id)


async def change(database: Database, world: World, statement: object, person: Actor | None = None) -> None:
    scope = Scope(organization_id=world.organization_id, person_id=person.person_id if person else None)
    async with database.unit_of_work(scope) as session:
        await session.execute(statement)  # type: ignore[call-overload]


async def test_an_app_may_what_its_token_says(callers: Callers, machine: Actor, analyst: Actor) -> None:
    assert await callers.admit(machine) is machine
    assert await callers.admit(analyst) is analyst


async def test_an_app_that_was_put_away_may_nothing(
    database: Database, world: World, callers: Callers, machine: Actor, analyst: Actor
) -> None:
    await change(database, world, update(App).where(App.id == machine.app_id).values(archived_at=datetime.now(UTC)))
    for actor in (machine, analyst):
        with pytest.raises(CallerEnded):
            await callers.admit(actor)


async def test_an_app_that_is_allowed_less_may_less_at_once(
    database: Database, world: World, callers: Callers, machine: Actor
) -> None:
    await change(database, world, update(App).where(App.id == machine.app_id).values(scopes=["read_metrics"]))
    assert (await callers.admit(machine)).scopes == {"read_metrics"}


async def test_a_lesser_role_lends_less(database: Database, world: World, callers: Callers, analyst: Actor) -> None:
    assert analyst.person_id is not None
    async with database.unit_of_work(Scope(organization_id=world.organization_id)) as session:
        await service.membership_add(
            session, organization_id=world.organization_id, person_id=analyst.person_id, role=MemberRole.VIEWER
        )
    assert (await callers.admit(analyst)).scopes == {ApiScope.READ_METRICS}


async def test_who_left_or_is_disabled_may_nothing(
    database: Database, world: World, callers: Callers, machine: Actor, analyst: Actor
) -> None:
    person = await new_person(database, world.organization_id, MemberRole.OWNER)
    disabled = replace(machine, person_id=person.person_id)
    by_id = Person.id == person.person_id
    await change(database, world, update(Person).where(by_id).values(disabled_at=datetime.now(UTC)), disabled)
    await change(database, world, delete(Membership).where(Membership.person_id == analyst.person_id))
    for actor in (disabled, analyst):
        with pytest.raises(CallerEnded):
            await callers.admit(actor)


async def test_what_a_person_allowed_may_be_taken_back(
    database: Database, world: World, callers: Callers, analyst: Actor
) -> None:
    async with database.unit_of_work(Scope(organization_id=world.organization_id)) as session:
        rows = [
            Authorization(
                organization_id=world.organization_id,
                app_id=app_id,
                person_id=analyst.person_id,
                acts_for_id=world.organization_id,
                app_title="Reports",
                scopes=["read_metrics"],
                expires_at=datetime.now(UTC),
                ended_at=ended_at,
            )
            for app_id, ended_at in (
                (analyst.app_id, None),
                (analyst.app_id, datetime.now(UTC)),
                (world.machine.app_id, None),
            )
        ]
        session.add_all(rows)
        await session.flush()
        live, ended, of_another_app = (replace(analyst, authorization_id=row.id) for row in rows)
    assert await callers.admit(live) is live
    for actor in (ended, of_another_app, replace(analyst, authorization_id=new_id())):
        with pytest.raises(CallerEnded):
            await callers.admit(actor)


async def test_who_never_was_may_nothing(callers: Callers, machine: Actor, world: World) -> None:
    for stranger in (
        replace(machine, app_id=new_id()),
        replace(machine, organization_id=new_id()),
        replace(machine, person_id=new_id()),
        replace(machine, person_id=world.stranger.person_id),
    ):
        with pytest.raises(CallerEnded):
            await callers.admit(stranger)


async def test_what_was_seen_is_remembered_for_a_while(database: Database, world: World, machine: Actor) -> None:
    callers = Callers(database, memory_seconds=60)
    assert await callers.admit(machine) is machine
    await change(database, world, update(App).where(App.id == machine.app_id).values(archived_at=datetime.now(UTC)))
    assert await callers.admit(machine) is machine
    with pytest.raises(CallerEnded):
        await Callers(database).admit(machine)
