"""What a person finds of their own: what they allowed apps, and where they are signed in."""

import datetime as dt

import strawberry

from api.context import Context
from api.ids import Kind, encode
from api.organizations.types import Organization
from api.pagination import Connection, connection, page_size, parse_cursor
from tenants.access.actor import ApiScope
from tenants.access.reads import CONSENTS, SIGN_INS, own_page
from tenants.sql import Query, Row


@strawberry.type(description="What a person allowed an app.")
class Consent:
    id: strawberry.ID
    app_name: str = strawberry.field(description="As it was called when they allowed it.")
    app_organization: Organization = strawberry.field(description="Whose app it is.")
    organization: Organization = strawberry.field(description="For which it acts.")
    scopes: list[ApiScope] = strawberry.field(description="Of these, what their role allows at the moment.")
    created_at: dt.datetime
    expires_at: dt.datetime = strawberry.field(description="When the app must ask again.")


@strawberry.type(description="A browser in which somebody is signed in to our own pages.")
class SignIn:
    id: strawberry.ID
    method: str = strawberry.field(description="PASSWORD, or by which provider, as the settings call it.")
    created_at: dt.datetime
    expires_at: dt.datetime


async def consents_of(context: Context, *, first: int, after: str | None) -> Connection[Consent]:
    rows = await _own(context, CONSENTS, first=first, after=after)
    organizations = await context.reader.read_organizations(
        {each[name] for each in rows for name in ("organization_id", "acts_for_id")}
    )
    found = [
        Consent(
            id=encode(Kind.CONSENT, row["person_id"], row["id"]),
            app_name=row["app_title"],
            app_organization=Organization(row=organizations[row["organization_id"]]),
            organization=Organization(row=organizations[row["acts_for_id"]]),
            scopes=[ApiScope(scope) for scope in row["scopes"]],
            created_at=row["created_at"],
            expires_at=row["expires_at"],
        )
        for row in rows
    ]
    return connection([(row["id"], each) for row, each in zip(rows, found, strict=True)], first=first, after=after)


async def sign_ins_of(context: Context, *, first: int, after: str | None) -> Connection[SignIn]:
    rows = await _own(context, SIGN_INS, first=first, after=after)
    found = [
        SignIn(
            id=encode(Kind.SIGN_IN, row["person_id"], row["id"]),
            method=row["method"],
            created_at=row["created_at"],
            expires_at=row["expires_at"],
        )
        for row in rows
    ]
    return connection([(row["id"], each) for row, each in zip(rows, found, strict=True)], first=first, after=after)


async def _own(context: Context, pages: Query, *, first: int, after: str | None) -> list[Row]:
    context.actor.require(ApiScope.MANAGE_ACCOUNT)
    return await context.reader.read(
        own_page,
        pages,
        context.actor.person,
        # By the moment of the read: what a change has just ended is none.
        now=context.house.clock.now(),
        after=parse_cursor(after),
        limit=page_size(first) + 1,
    )
