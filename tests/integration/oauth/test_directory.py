"""Organizations, people and apps come into being, or are refused with the field that is wrong."""

import asyncio
import secrets
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text

from tenants.access import service
from tenants.access.apps import register_app
from tenants.access.clients import find_client
from tenants.access.errors import SignInAddressTaken
from tenants.access.kinds import AppKind, MemberRole, OrganizationKind
from tenants.access.members import find_members
from tenants.access.models import App, AppSecret, Organization, Person
from tenants.database import Database
from tenants.errors import InvalidInput
from tenants.scope import Scope
from tests.factories.people import PASSWORD, new_person
from tests.integration.oauth.world import World, new_app


async def test_secrets_and_passwords_are_kept_as_hashes_only(database: Database, world: World) -> None:
    app = await new_app(database, world.organization_id, AppKind.CONFIDENTIAL)
    person = await new_person(database, world.organization_id)
    scope = Scope(organization_id=world.organization_id, person_id=person.person_id)
    async with database.snapshot(scope) as session:
        secret_hash = await session.scalar(select(AppSecret.secret_hash).where(AppSecret.app_id == app.app_id))
        password_hash = await session.scalar(select(Person.password_hash).where(Person.id == person.person_id))
    assert secret_hash
    assert app.secret not in secret_hash
    assert password_hash
    assert password_hash.startswith("$argon2id$")
    assert PASSWORD not in password_hash


async def test_a_public_app_has_no_secret(database: Database, world: World) -> None:
    async with database.unit_of_work(Scope(organization_id=world.organization_id)) as session:
        app, secret = await register_app(
            session,
            organization_id=world.organization_id,
            name="Front end",
            kind=AppKind.PUBLIC,
            redirect_uris=["https://front.example/"],
            scopes=["read_metrics"],
        )
    assert secret is None
    async with database.snapshot(Scope(organization_id=world.organization_id)) as session:
        assert (await session.scalars(select(AppSecret).where(AppSecret.app_id == app.id))).first() is None


async def test_one_address_is_one_person(database: Database) -> None:
    address = f"Ada{secrets.token_hex(4)}@Example.COM"

    async def create(spelling: str) -> object:
        try:
            async with database.unit_of_work() as session:
                return await service.person_create(session, address=spelling, password=PASSWORD)
        except SignInAddressTaken as refused:
            return refused.code

    spellings = (address, address.lower(), f"  {address.upper()} ")
    outcomes = await asyncio.gather(*(create(spelling) for spelling in spellings))
    assert outcomes.count("SIGN_IN_ADDRESS_TAKEN") == 2


@pytest.mark.parametrize(
    ("address", "password", "code", "field"),
    [
        ("nobody", PASSWORD, "ADDRESS_INVALID", "address"),
        ("a@b@c", PASSWORD, "ADDRESS_INVALID", "address"),
        ("a b@example.com", PASSWORD, "ADDRESS_INVALID", "address"),
        ("a\0@example.com", PASSWORD, "ADDRESS_INVALID", "address"),
        ("a" * 250 + "@example.com", PASSWORD, "ADDRESS_INVALID", "address"),
        ("a@example.com", "short", "PASSWORD_TOO_SHORT", "password"),
        ("a@example.com", "x" * 257, "PASSWORD_TOO_LONG", "password"),
    ],
)
async def test_a_person_that_cannot_sign_in_is_not_created(
    database: Database, address: str, password: str, code: str, field: str
) -> None:
    async with database.unit_of_work() as session:
        with pytest.raises(InvalidInput) as refused:
            await service.person_create(session, address=address, password=password)
    assert (refused.value.code, refused.value.field) == (code, (field,))


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"name": " "}, "NAME_INVALID", ("name",)),
        ({"name": "a\nb"}, "NAME_INVALID", ("name",)),
        ({"name": "x" * 201}, "NAME_INVALID", ("name",)),
        ({"scopes": ["read_metrics", "everything"]}, "SCOPE_UNKNOWN", ("scopes",)),
        ({"scopes": []}, "SCOPE_MISSING", ("scopes",)),
        ({"redirect_uris": ["https://a.example/", "http://a.example/"]}, "REDIRECT_URI_INVALID", ("redirectUris", "1")),
        ({"redirect_uris": ["https://a.example/"] * 21}, "REDIRECT_URIS_TOO_MANY", ("redirectUris",)),
        ({"redirect_uris": [], "kind": AppKind.PUBLIC}, "REDIRECT_URI_MISSING", ("redirectUris",)),
    ],
)
async def test_an_app_that_cannot_work_is_not_created(
    database: Database, world: World, changes: dict[str, object], code: str, field: tuple[str, ...]
) -> None:
    wanted: dict[str, object] = {
        "name": "Reports",
        "kind": AppKind.CONFIDENTIAL,
        "redirect_uris": [],
        "scopes": ["read_metrics"],
        **changes,
    }
    async with database.unit_of_work(Scope(organization_id=world.organization_id)) as session:
        before = len(list(await session.scalars(select(App.id))))
        with pytest.raises(InvalidInput) as refused:
            await register_app(session, organization_id=world.organization_id, **wanted)  # type: ignore[arg-type]
        assert len(list(await session.scalars(select(App.id)))) == before
    assert (refused.value.code, refused.value.field) == (code, field)


async def test_a_member_takes_up_another_role(database: Database, world: World) -> None:
    person = await new_person(database, world.organization_id, MemberRole.VIEWER)
    async with database.unit_of_work(Scope(organization_id=world.organization_id)) as session:
        await service.membership_add(
            session, organization_id=world.organization_id, person_id=person.person_id, role=MemberRole.ADMIN
        )
    async with database.snapshot() as session:
        client = await find_client(session, client_id=world.front_end.client_id, now=datetime.now(UTC))
        assert client is not None
        (member,) = await find_members(session, client=client, person_id=person.person_id)
    assert (member.organization_id, member.role) == (world.organization_id, MemberRole.ADMIN)


async def test_creating_an_organization_shows_no_other(database: Database, world: World) -> None:
    async with database.unit_of_work(Scope(organization_id=world.organization_id)) as session:
        created = await service.organization_create(session, kind=OrganizationKind.TENANT, name="Café Zürich")
        visible = list(await session.scalars(select(Organization.id)))
        apps = await session.scalar(text("SELECT count(*) FROM apps"))
    assert visible == [created.id]
    assert apps == 0
