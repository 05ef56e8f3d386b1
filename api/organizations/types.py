import datetime as dt
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import strawberry

from api.bulk.types import Job
from api.context import Context
from api.ids import Kind, encode, organization_gid
from api.node import Node
from api.organizations import enums  # noqa: F401
from api.organizations.people import Invitation, Member
from api.organizations.persisted import PersistedOperationSet
from api.pagination import Connection, Identified, pages_of
from api.rows import OfRow, column
from api.sets import Each, set_based
from api.templates.types import Template
from api.usage import Usage, window
from domain.reading import Pages
from domain.templates.reads import template_pages
from tenants.access import models, reads
from tenants.access.actor import ApiScope
from tenants.access.kinds import AppKind, Audience, OrganizationKind
from tenants.bulk.reads import job_pages
from tenants.errors import NotFound
from tenants.persisted.reads import set_pages
from tenants.usage import reads as counted

T = TypeVar("T")
R = TypeVar("R", bound=Identified)


@strawberry.type(description="A secret of an app that works. What it is was shown once, and is kept nowhere.")
class AppSecret:
    created_at: dt.datetime
    expires_at: dt.datetime | None = strawberry.field(description="Set once another has taken its place.")


@strawberry.type(description="A public key of an app, which signs in by what it signs with the private one (RFC 7523).")
class AppKey:
    kid: str = strawberry.field(description="What the header of an assertion names it by.")
    algorithm: str = strawberry.field(description="The only one that an assertion may be signed with by it.")
    created_at: dt.datetime


@strawberry.type(description="A client of this API: a machine, or a front end that people sign in to.")
class App(OfRow):
    KIND = Kind.APP
    reading = ApiScope.MANAGE_ORGANIZATION

    row: strawberry.Private[models.App]
    client_id: str = column(description="By which it signs in at the token endpoint.")
    name: str = column()
    redirect_uris: list[str] = column(description="Where people are sent back to. Compared to the letter.")
    created_at: dt.datetime = column()
    archived_at: dt.datetime | None = column()
    persisted_only: bool = column(description="Whether it is asked by no operations but those it has registered.")

    @strawberry.field
    def kind(self) -> AppKind:
        return AppKind(self.row.kind)

    @strawberry.field(description="Whose people sign in to it.")
    def audience(self) -> Audience:
        return Audience(self.row.audience)

    @strawberry.field(description="The most that a token of this app may allow.")
    def scopes(self) -> list[ApiScope]:
        return [ApiScope(scope) for scope in self.row.scopes]

    @property
    def gid(self) -> strawberry.ID:
        return encode(Kind.APP, self.row.organization_id, self.row.id)

    @set_based(description="The secrets that work, oldest first: more than one while they are rotated.")
    async def secrets(apps: Sequence["App"], context: Context) -> Each[list[AppSecret]]:
        context.actor.require(ApiScope.MANAGE_ORGANIZATION)
        keys = [(each.row.organization_id, each.row.id) for each in apps]
        # By the moment of the read: one that a change has just ended is none.
        found = await context.reader.read(reads.live_secrets, keys, now=context.house.clock.now())
        return [
            [AppSecret(created_at=row.created_at, expires_at=row.expires_at) for row in found.get(key, ())]
            for key in keys
        ]

    @set_based(description="Its sets that are not archived, oldest first. Needs the scope manage_organization.")
    async def persisted_operation_sets(
        apps: Sequence["App"], context: Context, first: int = 20, after: str | None = None
    ) -> Each[Connection[PersistedOperationSet]]:
        context.actor.require(ApiScope.MANAGE_ORGANIZATION)
        read = partial(set_pages, organization_id=context.actor.organization_id)
        ids = [each.row.id for each in apps]
        return await pages_of(context, read, ids, lambda row: PersistedOperationSet(row=row), first=first, after=after)

    @set_based(description="What it asked. Needs the scope manage_organization.")
    async def usage(
        apps: Sequence["App"], context: Context, since: dt.datetime, until: dt.datetime | None = None
    ) -> Each[Usage]:
        context.actor.require(ApiScope.MANAGE_ORGANIZATION)
        asked, ids = window(context, since, until), [each.row.id for each in apps]
        own = context.actor.organization_id
        found = await context.reader.read(
            counted.of_apps, ids, organization_id=own, since=asked.since, until=asked.until
        )
        return [Usage.of(found.get(id, ()), asked) for id in ids]

    @set_based(description="The public keys it signs in by, oldest first.")
    async def keys(apps: Sequence["App"], context: Context) -> Each[list[AppKey]]:
        context.actor.require(ApiScope.MANAGE_ORGANIZATION)
        keys = [(each.row.organization_id, each.row.id) for each in apps]
        found = await context.reader.read(reads.live_keys, keys, now=context.house.clock.now())
        return [
            [AppKey(kid=row.kid, algorithm=row.algorithm, created_at=row.created_at) for row in found.get(key, ())]
            for key in keys
        ]


@strawberry.type(description="Who acts here: an integrator, a partner, an agency, or the business behind a tenant.")
class Organization(Node):
    row: strawberry.Private[models.Organization]

    @strawberry.field
    def name(self) -> str:
        return self.row.name

    @strawberry.field
    def kind(self) -> OrganizationKind:
        return OrganizationKind(self.row.kind)

    @strawberry.field(description="Of a team: when it was put away.")
    def archived_at(self) -> dt.datetime | None:
        return self.row.archived_at

    @property
    def gid(self) -> strawberry.ID:
        return organization_gid(self.row.id)

    @set_based(description="Its apps that are not archived, oldest first. Needs the scope manage_organization.")
    async def apps(
        organizations: Sequence["Organization"], context: Context, first: int = 20, after: str | None = None
    ) -> Each[Connection[App]]:
        return await _own_pages(organizations, context, reads.app_pages, lambda row: App(row=row), first, after)

    @set_based(description="Its people, by when they first signed up. Needs the scope manage_organization.")
    async def members(
        organizations: Sequence["Organization"], context: Context, first: int = 20, after: str | None = None
    ) -> Each[Connection[Member]]:
        return await _own_pages(organizations, context, reads.member_pages, lambda row: Member(row=row), first, after)

    @set_based(description="Those it made, oldest first. Needs the scope manage_organization.")
    async def invitations(
        organizations: Sequence["Organization"], context: Context, first: int = 20, after: str | None = None
    ) -> Each[Connection[Invitation]]:
        return await _own_pages(
            organizations, context, reads.invitation_pages, lambda row: Invitation(row=row), first, after
        )

    @set_based(description="Teams of an agency, oldest first. Needs the scope manage_organization.")
    async def sub_organizations(
        organizations: Sequence["Organization"], context: Context, first: int = 20, after: str | None = None
    ) -> Each[Connection["Organization"]]:
        return await _own_pages(
            organizations, context, reads.sub_pages, lambda row: Organization(row=row), first, after
        )

    @set_based(
        description="What it asked for in bulk, oldest first, for three months. Needs the scope manage_organization."
    )
    async def jobs(
        organizations: Sequence["Organization"], context: Context, first: int = 20, after: str | None = None
    ) -> Each[Connection[Job]]:
        return await _own_pages(organizations, context, job_pages, lambda row: Job(row=row), first, after)

    @set_based(description="Those that are not archived, oldest first. Needs the scope manage_organization.")
    async def templates(
        organizations: Sequence["Organization"], context: Context, first: int = 20, after: str | None = None
    ) -> Each[Connection[Template]]:
        return await _own_pages(organizations, context, template_pages, lambda row: Template(row=row), first, after)

    @set_based(description="What its apps asked for it. Needs the scope manage_organization.")
    async def usage(
        organizations: Sequence["Organization"],
        context: Context,
        since: dt.datetime,
        until: dt.datetime | None = None,
    ) -> Each[Usage]:
        context.actor.require(ApiScope.MANAGE_ORGANIZATION)
        asked, own = window(context, since, until), context.actor.organization_id
        found = await context.reader.read(counted.of_organization, own, since=asked.since, until=asked.until)
        return [Usage.of(found.get(own, ()), asked) if each.row.id == own else NotFound() for each in organizations]


async def _own_pages(
    organizations: Sequence[Organization],
    context: Context,
    read: Pages[R],
    of: Callable[[R], T],
    first: int,
    after: str | None,
) -> list[Connection[T] | Exception]:
    """Of the own organization. Of another, which is met on a tenant, only its name is told."""
    context.actor.require(ApiScope.MANAGE_ORGANIZATION)
    own = context.actor.organization_id
    (page,) = await pages_of(context, read, [own], of, first=first, after=after)
    return [page if each.row.id == own else NotFound() for each in organizations]
