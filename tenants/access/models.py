from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants.tables import DirectoryEntity, DirectoryTable

APP_KEY = (["organization_id", "app_id"], ["apps.organization_id", "apps.id"])


class Organization(DirectoryEntity):
    """Kinds: OPERATOR, INTEGRATOR, ACCOUNTING_PARTNER, CRM_PARTNER, AGENCY, TENANT. Of these a team may be archived."""

    __tablename__ = "organizations"

    kind: Mapped[str]
    name: Mapped[str]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"), index=True)
    archived_at: Mapped[datetime | None]


class Person(DirectoryEntity):
    """Somebody who signs in. The address is the one personal field the directory keeps.

    Who signs in at a provider only has no password.
    """

    __tablename__ = "people"

    sign_in_address: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    disabled_at: Mapped[datetime | None]


class Identity(DirectoryEntity):
    """A person at a provider, by a keyed hash of what its issuer calls them."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject_hash"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    issuer: Mapped[str]
    subject_hash: Mapped[bytes]


class SignIn(DirectoryEntity):
    """A browser in which somebody is signed in to our own pages. Methods: PASSWORD, or a provider's key."""

    __tablename__ = "sign_ins"
    __table_args__ = (Index("ix_sign_ins_person_id", "person_id", "id"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    browser_hash: Mapped[bytes]
    method: Mapped[str]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Membership(DirectoryTable):
    """Roles: OWNER, ADMIN, ANALYST, REVIEWER, VIEWER."""

    __tablename__ = "memberships"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True, index=True)
    role: Mapped[str]
    created_at: Mapped[datetime]


class Invitation(DirectoryEntity):
    """Into an organization, for whoever holds the token. The row's own organization made it.

    It is worth what who made it may at the moment of its acceptance. One into another organization is for its first
    owner, and ends when there is one.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        Index("ix_invitations_organization_id", "organization_id", "id"),
        Index("ix_invitations_organization_id_expires_at", "organization_id", "expires_at"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    into_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    address: Mapped[str]
    role: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    redirect_uri: Mapped[str | None]
    invited_by_app_id: Mapped[UUID]
    invited_by_person_id: Mapped[UUID | None]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by_id: Mapped[UUID | None]
    revoked_at: Mapped[datetime | None]


class App(DirectoryEntity):
    """A client of the API: a machine (CONFIDENTIAL) or a front end for people (PUBLIC, no secret)."""

    __tablename__ = "apps"
    __table_args__ = (UniqueConstraint("organization_id", "id"),)

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    client_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    persisted_only: Mapped[bool] = mapped_column(default=False)
    redirect_uris: Mapped[list[str]]
    scopes: Mapped[list[str]]
    audience: Mapped[str]
    archived_at: Mapped[datetime | None]


class AppSecret(DirectoryEntity):
    """Only a hash is kept; several may be valid while one is rotated."""

    __tablename__ = "app_secrets"
    __table_args__ = (
        ForeignKeyConstraint(*APP_KEY, ondelete="CASCADE"),
        Index("ix_app_secrets_organization_id_app_id", "organization_id", "app_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    app_id: Mapped[UUID]
    secret_hash: Mapped[str]
    expires_at: Mapped[datetime | None]


class AppKey(DirectoryEntity):
    """A public key by which an app signs in; several may be valid while one takes another's place."""

    __tablename__ = "app_keys"
    __table_args__ = (
        ForeignKeyConstraint(*APP_KEY, ondelete="CASCADE"),
        UniqueConstraint("organization_id", "app_id", "kid"),
        Index("ix_app_keys_organization_id_expires_at", "organization_id", "expires_at"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    app_id: Mapped[UUID]
    kid: Mapped[str]
    public_jwk: Mapped[dict[str, Any]]
    expires_at: Mapped[datetime | None]


class ClientAssertion(DirectoryTable):
    """One that an app has signed in with, by the hash of its id. It is kept for as long as it would be accepted."""

    __tablename__ = "client_assertions"
    __table_args__ = (
        ForeignKeyConstraint(*APP_KEY, ondelete="CASCADE"),
        Index("ix_client_assertions_organization_id_expires_at", "organization_id", "expires_at"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
    app_id: Mapped[UUID] = mapped_column(primary_key=True)
    jti_hash: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]


class AuthorizationCode(DirectoryEntity):
    """The organization is the app's; the person acts for another, or for the same."""

    __tablename__ = "authorization_codes"
    __table_args__ = (ForeignKeyConstraint(*APP_KEY, ondelete="CASCADE"),)

    code_hash: Mapped[bytes] = mapped_column(unique=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    app_id: Mapped[UUID]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    acts_for_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    redirect_uri: Mapped[str]
    scopes: Mapped[list[str]]
    code_challenge: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Authorization(DirectoryEntity):
    """What a person allowed an app, acting for which organization, until when; the app's own is the row's.

    The app is called as it was when they did: of another organization's they may read no more.
    Reasons of an end: REVOKED, TOKEN_REUSED, CODE_REUSED. The code it began with is forgotten after a day.
    """

    __tablename__ = "authorizations"
    __table_args__ = (
        ForeignKeyConstraint(*APP_KEY, ondelete="CASCADE"),
        UniqueConstraint("organization_id", "id"),
        Index("ix_authorizations_organization_id_expires_at", "organization_id", "expires_at"),
        Index("ix_authorizations_person_id", "person_id", "id"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    app_id: Mapped[UUID]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    acts_for_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    code_id: Mapped[UUID | None] = mapped_column(index=True)
    app_title: Mapped[str]
    scopes: Mapped[list[str]]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]


class RefreshToken(DirectoryEntity):
    """Works once. Used ones stay for a while, so that it shows when one comes again."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "authorization_id"],
            ["authorizations.organization_id", "authorizations.id"],
            ondelete="CASCADE",
        ),
        Index("ix_refresh_tokens_organization_id_authorization_id", "organization_id", "authorization_id"),
        Index("ix_refresh_tokens_organization_id_expires_at", "organization_id", "expires_at"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    authorization_id: Mapped[UUID]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignInAttempt(DirectoryEntity):
    """A failed sign-in, by a keyed hash of the address, so that guessing is slowed without naming anybody."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (Index("ix_sign_in_attempts_address_hash_created_at", "address_hash", "created_at"),)

    address_hash: Mapped[bytes]


class SigningKey(DirectoryTable):
    """A key that signs access tokens from an instant on, until it is retired; the private half is sealed."""

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(primary_key=True)
    sealed_private_key: Mapped[bytes]
    public_jwk: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    signs_from: Mapped[datetime]
    retired_at: Mapped[datetime | None]
