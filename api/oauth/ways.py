"""The ways in: by a local account, by providers, or both; and how somebody comes back from a provider."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from api.oauth.visitor import Visitor
from domain.ports.identity import Errand, IdentityProvider, Registration
from tenants.secrets.keyring import SYSTEM
from tenants.secrets.sealing import DataKey, opened_text, place, sealed_text

LEADING_BACK = frozenset({"authorize", "invitation", "recovery"})
"""The pages from which one may go to a provider."""


class Way(NamedTuple):
    """To a provider: how it is called, and where the link to it leads."""

    name: str
    address: str


class Origin(NamedTuple):
    """The page somebody came from, with its query."""

    page: str
    query: str

    def address(self, issuer: str) -> str:
        return f"{issuer}/oauth/{self.page}?{self.query}"


@dataclass(frozen=True)
class Ways:
    local: bool
    providers: Mapping[str, IdentityProvider]
    issuer: str

    def from_page(self, page: str, parameters: Mapping[str, str]) -> list[Way]:
        return list(self._from(page, urlencode(parameters)))

    def _from(self, page: str, query: str) -> Iterator[Way]:
        for key, provider in self.providers.items():
            yield Way(provider.registration.name, f"sign-in/{key}?{urlencode({'page': page, 'query': query})}")

    def registration_at(self, issuer: str) -> Registration | None:
        """None where the settings name it no more."""
        known = (each.registration for each in self.providers.values())
        return next((each for each in known if each.issuer == issuer), None)

    def errand(self, key: str, state: str, secret: DataKey) -> Errand:
        """What is unguessable in it follows from the state: nothing has to be kept until the answer comes."""
        return Errand(
            redirect_uri=f"{self.issuer}/oauth/signed-in/{key}",
            state=state,
            nonce=secret.keyed_hash("sign-in.nonce", state).hex(),
            verifier=secret.keyed_hash("sign-in.verifier", state).hex(),
        )


def new_state(origin: Origin, key: str, visitor: Visitor, secret: DataKey) -> str:
    """It opens in this browser only, and not after a sign-in there any more."""
    return sealed_text("\n".join((key, *origin)), secret, _where(visitor))


def origin_of(state: str, key: str | None, visitor: Visitor, secret: DataKey) -> Origin | None:
    """Nothing for what is not an answer to this browser, by this provider where one is named."""
    content = opened_text(state, secret, _where(visitor))
    if content is None:
        return None
    provider, page, query = content.split("\n")
    return Origin(page, query) if key in {None, provider} else None


def _where(visitor: Visitor) -> bytes:
    return place(SYSTEM, visitor.browser, "sign-in")
