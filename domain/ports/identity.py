"""What vouches for people: a provider at which they sign in, as our own pages see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Registration:
    """Ours at a provider. `key` is how our addresses name it, `name` how our pages do."""

    key: str
    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Errand:
    """What ties one answer to one browser: all of it is unguessable but where the answer goes."""

    redirect_uri: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Identity:
    """`subject` is a person at this issuer and nowhere else. `address` is one the issuer says it has verified."""

    issuer: str
    subject: str
    address: str | None


class IdentityProvider(Protocol):
    @property
    def registration(self) -> Registration: ...

    async def authorize_url(self, errand: Errand) -> str:
        """Raises ProviderUnavailable, AnswerUnusable."""
        ...

    async def identify(self, errand: Errand, answer: Mapping[str, str]) -> Identity:
        """Who came back with this answer. Raises ConsentRefused, ProviderUnavailable, AnswerUnusable."""
        ...
