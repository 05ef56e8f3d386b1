"""Who made a change, as the audit names them: by id, with no personal data."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID


class AuthorKind(StrEnum):
    PERSON = "PERSON"
    APP = "APP"
    PROVIDER = "PROVIDER"
    OPERATOR = "OPERATOR"


class Acting(Protocol):
    """Whoever acts by an access token."""

    @property
    def organization_id(self) -> UUID: ...

    @property
    def app_id(self) -> UUID: ...

    @property
    def person_id(self) -> UUID | None: ...


@dataclass(frozen=True)
class Author:
    """`id` is a person's, an app's, or a provider's name. `organization_id` is whom a person or an app acts for."""

    kind: AuthorKind
    id: str | None = None
    organization_id: UUID | None = None

    @classmethod
    def of(cls, actor: Acting) -> "Author":
        if actor.person_id is not None:
            return cls(AuthorKind.PERSON, str(actor.person_id), actor.organization_id)
        return cls(AuthorKind.APP, str(actor.app_id), actor.organization_id)

    @classmethod
    def provider(cls, name: str) -> "Author":
        """Whose signed word we took: for the account's owner, whom we do not know, or for itself."""
        return cls(AuthorKind.PROVIDER, name)


OPERATOR = Author(AuthorKind.OPERATOR)
"""Whoever may run `azimuth admin` here: the installation knows no more of them."""
