"""Invitations: how people come to an organization.

The token is told once, to whoever invites; they hand it on, for we send no mail. Who holds it shows that they are meant
by it, and signs in by the address it was made for, or makes an account of that address.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text, update

from tenants.access import repository
from tenants.access.actor import Actor, ApiScope
from tenants.access.errors import AlreadyMember, HasOwner, InvitationEnded
from tenants.access.kinds import MemberRole
from tenants.access.members import check_decides_owners, check_may_give, list_owners
from tenants.access.models import App, Invitation, Membership
from tenants.access.service import person_add
from tenants.access.wording import check_address
from tenants.audit.author import Author, AuthorKind
from tenants.audit.service import record_organization_change
from tenants.database import Session, enter
from tenants.errors import InvalidInput, NotFound
from tenants.ids import new_id
from tenants.scope import Scope
from tenants.secrets.hashing import hash_token, new_secret

INVITATION_PREFIX = "azi"
LIFETIME = timedelta(days=7)
LONGEST = timedelta(days=30)
KEPT = timedelta(days=30)
MANAGING = {ApiScope.MANAGE_ORGANIZATION, ApiScope.MANAGE_TENANTS}

_FIND = text("SELECT invitation_id, organization_id FROM app.find_invitation(:hash)")


@dataclass(frozen=True)
class NewInvitation:
    """`redirect_uri` is where people go on from there: one that is registered for the app that invites."""

    address: str
    role: MemberRole
    expires_at: datetime | None = None
    redirect_uri: str | None = None


@dataclass(frozen=True)
class Pending:
    """One that can be accepted."""

    invitation: Invitation
    organization_name: str
    person_id: UUID | None
    """Who signs in by its address already."""


async def create_invitation(
    session: Session, actor: Actor, invitation: NewInvitation, *, now: datetime
) -> tuple[Invitation, str]:
    """Into the actor's organization. The invitation and its token.

    Raises InvalidInput, ScopeBeyondYours, OwnersOnly, AlreadyMember.
    """
    check_may_give(actor, invitation.role)
    if invitation.role is MemberRole.OWNER:
        check_decides_owners(actor, await list_owners(session, actor.organization_id), field="role")
    return await _add(session, actor, actor.organization_id, invitation, now)


async def invite_first_owner(
    session: Session, actor: Actor, organization_id: UUID, invitation: NewInvitation, *, now: datetime, field: str
) -> tuple[Invitation, str]:
    """Into one that the actor answers for, and that nobody owns yet. `field` names it.

    Raises InvalidInput, ScopeBeyondYours, HasOwner.
    """
    check_may_give(actor, invitation.role, besides={ApiScope.MANAGE_ORGANIZATION})
    await enter(session, Scope(organization_id=organization_id))
    if await list_owners(session, organization_id):
        raise HasOwner(field)
    return await _add(session, actor, organization_id, invitation, now)


async def _add(
    session: Session, actor: Actor, into_id: UUID, invitation: NewInvitation, now: datetime
) -> tuple[Invitation, str]:
    """Comes back into the actor's organization."""
    address = check_address(invitation.address)
    expires_at = _checked_end(invitation.expires_at, now)
    person_id = await repository.find_person_id(session, address)
    if person_id is not None and await session.get(Membership, (into_id, person_id)) is not None:
        raise AlreadyMember
    await _check_return(session, actor, invitation.redirect_uri)
    await enter(session, Scope(organization_id=actor.organization_id))
    token = new_secret(INVITATION_PREFIX)
    row = Invitation(
        id=new_id(),
        created_at=now,
        organization_id=actor.organization_id,
        into_id=into_id,
        address=address,
        role=invitation.role,
        token_hash=hash_token(token),
        redirect_uri=invitation.redirect_uri,
        invited_by_app_id=actor.app_id,
        invited_by_person_id=actor.person_id,
        expires_at=expires_at,
    )
    session.add(row)
    await session.flush()
    return row, token


async def revoke_invitation(session: Session, actor: Actor, *, invitation_id: UUID, now: datetime) -> None:
    """One that the actor's organization made. Raises NotFound, InvitationEnded."""
    row = await _get(session, actor.organization_id, invitation_id, locked=True)
    if row is None:
        raise NotFound(field=("invitationId",))
    if not is_pending(row, now):
        raise InvitationEnded
    row.revoked_at = now
    await session.flush()


async def find_pending(session: Session, *, token: str, now: datetime, locked: bool = False) -> Pending | None:
    """Enters whose it is. Nothing for a token that is unknown, used, old or taken back. To accept it, lock it."""
    found = (await session.execute(_FIND, {"hash": hash_token(token)})).one_or_none()
    if found is None:
        return None
    await enter(session, Scope(organization_id=found.organization_id))
    row = await _get(session, found.organization_id, found.invitation_id, locked=locked)
    if row is None or not is_pending(row, now):
        return None
    await enter(session, Scope(known=frozenset({row.into_id})))
    (organization,) = await repository.list_organizations(session, [row.into_id])
    return Pending(row, organization.name, await repository.find_person_id(session, row.address))


async def join(
    session: Session, *, token: str, person_id: UUID | None, password_hash: str | None = None, now: datetime
) -> UUID:
    """By the person, or by a new one of its address. Raises as `accept`, and SignInAddressTaken."""
    pending = await find_pending(session, token=token, now=now, locked=True)
    if pending is None:
        raise InvitationEnded
    if person_id is None:
        person_id = await person_add(session, address=pending.invitation.address, password_hash=password_hash)
    await accept(session, pending, person_id=person_id, now=now)
    return person_id


async def accept(session: Session, pending: Pending, *, person_id: UUID, now: datetime) -> None:
    """By the person who signs in by its address. Raises AlreadyMember, HasOwner, InvitationEnded."""
    row = pending.invitation
    await enter(session, Scope(person_id=person_id))
    person = await repository.find_person(session, person_id)
    if person is None or person.disabled_at is not None or not await _still_stands(session, row):
        raise InvitationEnded
    row.accepted_at, row.accepted_by_id = now, person_id
    await session.flush()
    if row.into_id != row.organization_id:
        await _tell(session, row, row.organization_id, person_id, now)
        await enter(session, Scope(organization_id=row.into_id))
        if await list_owners(session, row.into_id):
            raise HasOwner("invitationId")
    if await session.get(Membership, (row.into_id, person_id)) is not None:
        raise AlreadyMember
    session.add(Membership(organization_id=row.into_id, person_id=person_id, role=row.role, created_at=now))
    await session.flush()
    await _tell(session, row, row.into_id, person_id, now)


async def end_invitations(session: Session, actor: Actor, *, into_id: UUID, now: datetime) -> None:
    """Those into another organization, for which the actor's does not answer any more."""
    await session.execute(
        update(Invitation)
        .where(
            Invitation.organization_id == actor.organization_id,
            Invitation.into_id == into_id,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )


async def end_made_invitations(session: Session, *, organization_id: UUID, now: datetime) -> None:
    """All that an organization made. Needs its scope."""
    pending = (Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
    await session.execute(
        update(Invitation).where(Invitation.organization_id == organization_id, *pending).values(revoked_at=now)
    )


async def _still_stands(session: Session, row: Invitation) -> bool:
    """Whether who made it might make it now. They may have been put out, or put away, since."""
    owners = await list_owners(session, row.organization_id)
    inviter = row.invited_by_person_id
    if inviter is None:
        app = await session.get(App, row.invited_by_app_id)
        if app is None or app.archived_at is not None or not MANAGING & set(app.scopes):
            return False
    else:
        member = await session.get(Membership, (row.organization_id, inviter))
        if member is None or not MANAGING & MemberRole(member.role).scopes:
            return False
    decides = row.role != MemberRole.OWNER or row.into_id != row.organization_id
    return decides or not owners or inviter in owners


async def _tell(session: Session, row: Invitation, organization_id: UUID, person_id: UUID, now: datetime) -> None:
    await record_organization_change(
        session,
        Author(AuthorKind.PERSON, str(person_id), row.into_id),
        organization_id=organization_id,
        action="invitationAccept",
        subject_id=str(row.id),
        changes={"role": row.role},
        now=now,
    )


def is_pending(row: Invitation, now: datetime) -> bool:
    return row.accepted_at is None and row.revoked_at is None and row.expires_at > now


async def _get(session: Session, organization_id: UUID, invitation_id: UUID, *, locked: bool) -> Invitation | None:
    """Where it is locked, of two who use it at once one waits for the other."""
    wanted = select(Invitation).where(Invitation.organization_id == organization_id, Invitation.id == invitation_id)
    return await session.scalar(wanted.with_for_update() if locked else wanted)


async def _check_return(session: Session, actor: Actor, redirect_uri: str | None) -> None:
    if redirect_uri is None:
        return
    owner_id, app_id = actor.app_key
    await enter(session, Scope(organization_id=owner_id))
    registered = select(App.redirect_uris).where(App.organization_id == owner_id, App.id == app_id)
    if redirect_uri not in (await session.scalar(registered) or ()):
        raise InvalidInput(
            "This is none of the redirect URIs that are registered for the app you call from.",
            field=("redirectUri",),
            code="REDIRECT_URI_UNKNOWN",
        )


def _checked_end(at: datetime | None, now: datetime) -> datetime:
    if at is None:
        return now + LIFETIME
    if at <= now:
        raise InvalidInput("An invitation ends in the future.", field=("expiresAt",), code="ENDS_IN_THE_PAST")
    if at > now + LONGEST:
        raise InvalidInput(
            f"An invitation lasts {LONGEST.days} days at most.", field=("expiresAt",), code="ENDS_TOO_LATE"
        )
    return at
