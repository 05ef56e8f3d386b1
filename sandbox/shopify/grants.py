"""Codes and tokens. Lifetimes run on the wall clock, since the sandbox's owner may well suspend the machine."""

import secrets
import time
from dataclasses import dataclass, field

from sandbox.shopify.settings import Lifetimes


class RefusedError(Exception):
    """An error answer of the token endpoint."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = description


@dataclass(frozen=True, slots=True)
class Grant:
    """An app installed in a shop with these scopes."""

    client_id: str
    shop: str
    scopes: tuple[str, ...]

    @property
    def scope(self) -> str:
        return ",".join(self.scopes)


@dataclass(slots=True)
class Code:
    grant: Grant
    redirect_uri: str
    expires_at: float


@dataclass(slots=True)
class AccessToken:
    value: str
    grant: Grant
    expires_at: float | None


@dataclass(slots=True, eq=False)
class RefreshToken:
    """`parent` is the token it replaces, which lives on until this one is used for the first time."""

    value: str
    grant: Grant
    expires_at: float
    parent: "RefreshToken | None" = field(default=None, repr=False)
    used_at: float | None = None
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Issued:
    access: AccessToken
    refresh: RefreshToken | None
    lifetimes: Lifetimes

    def body(self) -> dict[str, str | int]:
        content: dict[str, str | int] = {"access_token": self.access.value, "scope": self.access.grant.scope}
        if self.refresh is not None:
            left = self.refresh.expires_at - time.time()
            content |= {
                "expires_in": round(self.lifetimes.access),
                "refresh_token": self.refresh.value,
                "refresh_token_expires_in": round(left),
            }
        return content


class Grants:
    def __init__(self, lifetimes: Lifetimes) -> None:
        self.lifetimes = lifetimes
        self.codes: dict[str, Code] = {}
        self.access_tokens: dict[str, AccessToken] = {}
        self.refresh_tokens: dict[str, RefreshToken] = {}
        self.installations: dict[tuple[str, str], Grant] = {}

    def authorize(self, grant: Grant, redirect_uri: str) -> str:
        code = secrets.token_hex(16)
        self.codes[code] = Code(grant, redirect_uri, time.time() + self.lifetimes.code)
        return code

    def exchange(self, code: str, *, client_id: str, shop: str, expiring: bool) -> Issued:
        known = self.codes.pop(code, None)
        wanted = (client_id, shop)
        if known is None or (known.grant.client_id, known.grant.shop) != wanted or known.expires_at < time.time():
            raise RefusedError("invalid_request", "The authorization code was not found or was already used")
        self.installations[wanted] = known.grant
        return self.issue(known.grant, parent=None, expiring=expiring)

    def issue(self, grant: Grant, *, parent: RefreshToken | None, expiring: bool) -> Issued:
        moment = time.time()
        access = AccessToken(
            f"shpat_{secrets.token_hex(16)}", grant, moment + self.lifetimes.access if expiring else None
        )
        self.access_tokens[access.value] = access
        if not expiring:
            return Issued(access, None, self.lifetimes)
        refresh = RefreshToken(f"shprt_{secrets.token_hex(16)}", grant, moment + self.lifetimes.refresh, parent=parent)
        self.refresh_tokens[refresh.value] = refresh
        return Issued(access, refresh, self.lifetimes)

    def refresh(self, value: str, *, client_id: str, shop: str) -> Issued:
        """Rotates. A lost answer is harmless: the old token works again until a token that replaces it is used."""
        token = self.refresh_tokens.get(value)
        moment = time.time()
        if (
            token is None
            or (token.grant.client_id, token.grant.shop) != (client_id, shop)
            or token.retired
            or token.expires_at <= moment
            or (token.used_at is not None and token.used_at + self.lifetimes.reuse <= moment)
        ):
            raise RefusedError("invalid_grant", "This request requires an active refresh_token")
        if token.used_at is None:
            token.used_at = moment
            if token.parent is not None:
                token.parent.retired = True
        return self.issue(token.grant, parent=token, expiring=True)

    def active(self, value: str, shop: str) -> AccessToken | None:
        token = self.access_tokens.get(value)
        if token is None or token.grant.shop != shop:
            return None
        return token if token.expires_at is None or time.time() < token.expires_at else None

    def revoke(self, client_id: str, shop: str) -> int:
        """Ends every token of the installation, as an uninstall does."""
        wanted = (client_id, shop)
        access = [key for key, one in self.access_tokens.items() if (one.grant.client_id, one.grant.shop) == wanted]
        refresh = [key for key, one in self.refresh_tokens.items() if (one.grant.client_id, one.grant.shop) == wanted]
        for key in access:
            del self.access_tokens[key]
        for key in refresh:
            del self.refresh_tokens[key]
        self.installations.pop(wanted, None)
        return len(access) + len(refresh)

    def expire_access(self, client_id: str, shop: str) -> None:
        for token in self.access_tokens.values():
            if (token.grant.client_id, token.grant.shop) == (client_id, shop):
                token.expires_at = time.time()
