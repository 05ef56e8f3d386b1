"""What a practice provider knows: its clients, its people, its keys, and the trouble that was ordered."""

import secrets
from collections import defaultdict, deque
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

FAULTS = {
    "configuration": ("http_500", "hang", "other_issuer", "huge"),
    "authorize": ("no_iss", "other_iss"),
    "token": (
        "http_500",
        "hang",
        "malformed_json",
        "no_id_token",
        "wrong_nonce",
        "no_nonce",
        "wrong_signature",
        "unsigned",
        "symmetric",
        "other_audience",
        "several_audiences",
        "other_azp",
        "other_issuer",
        "expired",
    ),
    "userinfo": ("other_subject",),
}


@dataclass(frozen=True, slots=True)
class Client:
    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    subject: str
    email: str | None = None
    email_verified: bool = True


@dataclass(frozen=True, slots=True)
class Fault:
    """`seconds` is how long `hang` waits."""

    kind: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Code:
    client_id: str
    redirect_uri: str
    challenge: str
    nonce: str
    person: Person


@dataclass(slots=True)
class Key:
    kid: str = field(default_factory=lambda: secrets.token_hex(8))
    private: RSAPrivateKey = field(default_factory=lambda: generate_private_key(65537, 2048))


@dataclass(slots=True)
class Realm:
    """One provider. `tells_email_at` is where: in the `id_token`, or at `userinfo` only, as the letter has it."""

    name: str
    clients: dict[str, Client] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, Person] = field(default_factory=dict)
    key: Key = field(default_factory=Key)
    tells_email_at: str = "id_token"
    faults: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))

    def take(self, endpoint: str) -> Fault:
        """The next trouble there, or one of no kind."""
        waiting = self.faults[endpoint]
        return waiting.popleft() if waiting else Fault("")


class Realms:
    def __init__(self) -> None:
        self._known: dict[str, Realm] = {}

    def find(self, name: str) -> Realm | None:
        return self._known.get(name)

    def open(self, name: str) -> Realm:
        return self._known.setdefault(name, Realm(name))
