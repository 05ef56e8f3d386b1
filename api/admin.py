"""What an operator sets up by hand: organizations, people, apps, provider apps, signing keys."""

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import orjson
import typer

from api.ids import Kind, decode_as
from domain.connections.apps import register_provider_app
from tenants.access import keys
from tenants.access import service as access
from tenants.access.actor import ApiScope
from tenants.access.apps import register_app
from tenants.access.keys import system_key
from tenants.access.kinds import AppKind, Audience, MemberRole, OrganizationKind
from tenants.access.passwords import issue_recovery
from tenants.audit.author import OPERATOR
from tenants.audit.service import follow_chain, record_organization_change
from tenants.database import Session
from tenants.errors import NotFound, Refusal
from tenants.scope import Scope
from tenants.settings import settings

if TYPE_CHECKING:
    from api.wiring import Parts

admin = typer.Typer(no_args_is_help=True, help=__doc__)

PROVIDER_SCOPES = {"shopify": ["read_orders", "read_all_orders", "read_customers", "read_products"]}
Organization = Annotated[UUID, typer.Option(help="The id of the organization it belongs to.")]


@admin.command()
def organization(name: str, kind: OrganizationKind = OrganizationKind.AGENCY) -> None:
    """Open an organization."""

    async def work(parts: "Parts") -> dict[str, object]:
        async with parts.house.database.unit_of_work() as session:
            row = await access.organization_create(session, kind=kind, name=name)
            await _record(parts, session, row.id, "organizationCreate", row.id, {"kind": kind})
        parts.house.keyring.create(row.id)
        return {"organization_id": row.id}

    _do(work)


@admin.command()
def person(address: str, organization: Organization, role: MemberRole = MemberRole.OWNER) -> None:
    """Let somebody sign in. The password is asked for, or read from standard input."""
    password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")

    async def work(parts: "Parts") -> dict[str, object]:
        async with parts.house.database.unit_of_work(Scope(organization_id=organization)) as session:
            person_id = await access.person_create(session, address=address, password=password)
            await access.membership_add(session, organization_id=organization, person_id=person_id, role=role)
            await _record(parts, session, organization, "personCreate", person_id, {"role": role})
        return {"person_id": person_id}

    _do(work)


@admin.command()
def recovery_link(address: str) -> None:
    """Let somebody set a new password, or sign in at a provider instead, who cannot any more. Works once, for a day.

    Hand it to them on a way that reaches nobody else.
    """

    async def work(parts: "Parts") -> dict[str, object]:
        house = parts.house
        async with house.database.unit_of_work() as session:
            person_id, token = await issue_recovery(
                session, address=address, key=system_key(house.keyring), now=house.clock.now()
            )
        return {"person_id": str(person_id), "url": house.recovery_url(token)}

    _do(work)


@admin.command("app")
def create_app(
    name: str,
    organization: Organization,
    kind: AppKind = AppKind.CONFIDENTIAL,
    redirect_uri: Annotated[list[str] | None, typer.Option(help="Where people are sent back to. Repeatable.")] = None,
    scope: Annotated[list[ApiScope] | None, typer.Option(help="By default all. Repeatable.")] = None,
    audience: Annotated[Audience, typer.Option(help="Whose people sign in to it.")] = Audience.OWN_ORGANIZATION,
) -> None:
    """Register a client of the API. Its secret is shown once."""

    async def work(parts: "Parts") -> dict[str, object]:
        async with parts.house.database.unit_of_work(Scope(organization_id=organization)) as session:
            row, secret = await register_app(
                session,
                organization_id=organization,
                name=name,
                kind=kind,
                redirect_uris=redirect_uri or [],
                scopes=[str(each) for each in scope or ApiScope],
                audience=audience,
            )
            content = {"kind": kind, "scopes": row.scopes, "audience": audience}
            await _record(parts, session, organization, "appCreate", row.id, content)
        return {"client_id": row.client_id, "client_secret": secret}

    _do(work)


@admin.command()
def provider_app(
    provider: str,
    client_id: str,
    organization: Organization,
    base_url: Annotated[str | None, typer.Option(help="A template with {shop}. By default the provider's own.")] = None,
    shared: Annotated[bool, typer.Option(help="Every organization may connect through it.")] = False,
) -> None:
    """Enter our registration at a provider. The client secret is read from standard input, or asked for."""
    if provider not in PROVIDER_SCOPES:
        raise typer.BadParameter(f"one of {', '.join(PROVIDER_SCOPES)}")
    secret = getpass.getpass("Client secret: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")

    async def work(parts: "Parts") -> dict[str, object]:
        async with parts.house.database.unit_of_work(Scope(organization_id=organization)) as session:
            row = await register_provider_app(
                session,
                keyring=parts.house.keyring,
                organization_id=organization,
                provider=provider,
                client_id=client_id,
                client_secret=secret,
                scopes=PROVIDER_SCOPES[provider],
                base_url=base_url or parts.settings.shopify_base_url,
                shared=shared,
            )
            content = {"provider": provider, "scopes": row.scopes, "shared": shared}
            await _record(parts, session, organization, "providerAppCreate", row.id, content)
        return {
            "provider_app_id": row.id,
            "redirect_uri": parts.house.callback_url(provider),
            "webhook_url": parts.house.webhook_url(provider, row.id),
        }

    _do(work)


@admin.command()
def audit_verify(tenant: Annotated[str, typer.Option(help="The tenant's id, as the API tells it.")]) -> None:
    """Follow a tenant's chain of audit entries. Fails where one was altered or is missing.

    A chain does not know that its last entries were cut off: compare length and head with those of an earlier run.
    """

    async def work(parts: "Parts") -> dict[str, object]:
        tenant_id = decode_as(Kind.TENANT, tenant).owner
        async with parts.house.database.snapshot(Scope.of_tenant(tenant_id)) as session:
            chain = await follow_chain(session, tenant_id=tenant_id)
        if chain.broken_at is not None:
            raise Refusal(f"The entry at position {chain.broken_at} does not hold.", code="CHAIN_BROKEN")
        if chain.length == 0:
            raise NotFound
        return {"entries": chain.length, "head": chain.head.hex()}

    _do(work)


@admin.command()
def signing_keys() -> None:
    """List the keys that access tokens are signed with, or may be verified by."""
    _do(_listed_keys)


@admin.command()
def signing_key_rotate(
    replace: Annotated[
        bool,
        typer.Option(help="It signs at once, and nothing that another has signed is believed: if one may be known."),
    ] = False,
) -> None:
    """Make a new key for access tokens. It is published at once, and takes over a quarter of an hour later."""

    async def work(parts: "Parts") -> dict[str, object]:
        make = keys.signing_keys_replace if replace else keys.signing_key_rotate
        async with parts.house.database.unit_of_work() as session:
            await make(session, key=keys.system_key(parts.house.keyring), now=parts.house.clock.now())
        return await _listed_keys(parts)

    _do(work)


async def _listed_keys(parts: "Parts") -> dict[str, object]:
    now = parts.house.clock.now()
    async with parts.house.database.snapshot() as session:
        rows = await keys.list_signing_keys(session, now=now)
    return {
        "keys": [
            {
                "kid": row.kid,
                "state": keys.state_of(row, now),
                "signs_from": row.signs_from,
                "retired_at": row.retired_at,
            }
            for row in rows
        ]
    }


async def _record(
    parts: "Parts", session: Session, organization_id: UUID, action: str, subject_id: UUID, changes: Mapping[str, Any]
) -> None:
    await record_organization_change(
        session,
        OPERATOR,
        organization_id=organization_id,
        action=action,
        subject_id=str(subject_id),
        changes=changes,
        now=parts.house.clock.now(),
    )


def _do(work: Callable[["Parts"], Awaitable[dict[str, object]]]) -> None:
    from api.wiring import open_parts  # all there is: whoever asks for help need not wait for it

    async def run() -> dict[str, object]:
        async with open_parts(settings()) as parts:
            return await work(parts)

    try:
        result = asyncio.run(run())
    except Refusal as refusal:
        typer.echo(f"{refusal.code}: {refusal.message}", err=True)
        raise typer.Exit(1) from None
    typer.echo(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode())
