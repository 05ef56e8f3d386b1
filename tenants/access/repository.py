"""The rows of the directory. The look-ups by key work before anybody is known; the rest needs the matching scope."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select, text

from tenants.access.models import App, AppKey, AppSecret, Membership, Organization, Person
from tenants.access.public_keys import Jwk
from tenants.database import Session
from tenants.errors import NotFound

_FIND_APP = text("SELECT app_id, organization_id FROM app.find_app(:client_id)")


async def find_app_ids(session: Session, client_id: str) -> tuple[UUID, UUID] | None:
    """App and organization of a client id; an archived app is not found."""
    row = (await session.execute(_FIND_APP, {"client_id": client_id})).one_or_none()
    return None if row is None else (row.app_id, row.organization_id)


async def find_person_id(session: Session, address: str) -> UUID | None:
    found: UUID | None = await session.scalar(select(func.app.find_person(address)))
    return None if found is None else found


async def get_app(session: Session, organization_id: UUID, app_id: UUID) -> tuple[App, Organization]:
    row = (
        await session.execute(
            select(App, Organization)
            .join(Organization, Organization.id == App.organization_id)
            .where(App.organization_id == organization_id, App.id == app_id)
        )
    ).one()
    return row[0], row[1]


async def get_own_app(session: Session, organization_id: UUID, app_id: UUID) -> App:
    """To be changed. Archived ones too. Raises NotFound."""
    wanted = select(App).where(App.organization_id == organization_id, App.id == app_id)
    app = await session.scalar(wanted.with_for_update())
    if app is None:
        raise NotFound(field=("appId",))
    return app


async def list_secret_hashes(session: Session, organization_id: UUID, app_id: UUID, *, now: datetime) -> list[str]:
    return list(
        await session.scalars(
            select(AppSecret.secret_hash).where(
                AppSecret.organization_id == organization_id,
                AppSecret.app_id == app_id,
                or_(AppSecret.expires_at.is_(None), AppSecret.expires_at > now),
            )
        )
    )


async def list_public_keys(session: Session, organization_id: UUID, app_id: UUID, *, now: datetime) -> list[Jwk]:
    return list(
        await session.scalars(
            select(AppKey.public_jwk).where(
                AppKey.organization_id == organization_id,
                AppKey.app_id == app_id,
                or_(AppKey.expires_at.is_(None), AppKey.expires_at > now),
            )
        )
    )


async def find_person(session: Session, person_id: UUID) -> Person | None:
    return await session.scalar(select(Person).where(Person.id == person_id))


async def list_memberships(session: Session, person_id: UUID) -> Sequence[Membership]:
    return (await session.scalars(select(Membership).where(Membership.person_id == person_id))).all()


async def list_organizations(session: Session, ids: Collection[UUID]) -> Sequence[Organization]:
    """By name."""
    wanted = select(Organization).where(Organization.id.in_(ids))
    return (await session.scalars(wanted.order_by(Organization.name, Organization.id))).all()
