"""Sign-in at any OpenID Connect provider: authorization code, PKCE, state and nonce."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.jwk import KeySet

from connectors.http import Reply, send
from connectors.openid.discovery import WELL_KNOWN, Metadata, read_metadata
from connectors.openid.id_token import KeyUnknown, read_keys, verify_id_token
from domain.ports.calls import Calls
from domain.ports.errors import AnswerUnusable, ConsentRefused, ProviderUnavailable
from domain.ports.identity import Errand, Identity, Registration

NAME = "openid"
MAX_BODY = 256 * 1024
KEPT_SECONDS = 3600.0
# Whoever sends us tokens of invented keys must not make us ask for the keys each time.
LEAST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Kept:
    """What the provider said of itself, and when that was, by `monotonic`."""

    metadata: Metadata
    keys: KeySet
    at: float


class OpenIdProvider:
    """`seconds` is how long one of its answers may take; a person waits at the browser for up to four."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        registration: Registration,
        *,
        seconds: float,
        calls: Calls | None = None,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.registration = registration
        self._http = http
        self._seconds = seconds
        self._calls = calls
        self._now = now
        self._monotonic = monotonic
        self._kept: Kept | None = None

    async def authorize_url(self, errand: Errand) -> str:
        kept = await self._look_up()
        query = {
            "response_type": "code",
            "client_id": self.registration.client_id,
            "redirect_uri": errand.redirect_uri,
            "scope": "openid email",
            "state": errand.state,
            "nonce": errand.nonce,
            "code_challenge": create_s256_code_challenge(errand.verifier),
            "code_challenge_method": "S256",
            # Who leaves an account here wants to be asked there, and not sent back with the same one.
            "prompt": "select_account",
        }
        address = kept.metadata.authorization_endpoint
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"

    async def identify(self, errand: Errand, answer: Mapping[str, str]) -> Identity:
        kept = await self._look_up()
        issuer = answer.get("iss")
        if issuer != self.registration.issuer and (issuer is not None or kept.metadata.names_itself):
            raise ConsentRefused("the answer is another issuer's")
        if "code" not in answer:
            raise ConsentRefused("it was not allowed there", code="ACCESS_DENIED")
        tokens = await self._redeem(kept.metadata, errand, answer["code"])
        claims = await self._verified(kept, tokens.get("id_token"), errand.nonce)
        if "email" not in claims and kept.metadata.userinfo_endpoint is not None:
            claims = {**await self._more(kept.metadata.userinfo_endpoint, tokens, claims["sub"]), **claims}
        verified = claims.get("email_verified") is True and isinstance(claims.get("email"), str)
        return Identity(self.registration.issuer, claims["sub"], claims["email"] if verified else None)

    async def _look_up(self, *, older_than: float = KEPT_SECONDS) -> Kept:
        kept = self._kept
        if kept is None or self._monotonic() - kept.at > older_than:
            issuer = self.registration.issuer
            found = _content(await self._get(f"{issuer.rstrip('/')}{WELL_KNOWN}", "Configuration"))
            metadata = read_metadata(found, issuer=issuer)
            keys = read_keys(_content(await self._get(metadata.jwks_uri, "Keys")))
            kept = self._kept = Kept(metadata, keys, self._monotonic())
        return kept

    async def _verified(self, kept: Kept, token: Any, nonce: str) -> Mapping[str, Any]:
        ours = self.registration
        for each in (kept, None):
            keys = (each or await self._look_up(older_than=LEAST_SECONDS)).keys
            try:
                return verify_id_token(
                    token, keys, issuer=ours.issuer, client_id=ours.client_id, nonce=nonce, now=self._now()
                )
            except KeyUnknown:
                continue
        raise ConsentRefused("the ID token is signed with an unknown key")

    async def _redeem(self, metadata: Metadata, errand: Errand, code: str) -> Mapping[str, Any]:
        ours = self.registration
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": errand.redirect_uri,
            "code_verifier": errand.verifier,
        }
        auth = None
        if metadata.by_basic:  # RFC 6749, 2.3.1: both are form-encoded first
            auth = httpx2.BasicAuth(quote(ours.client_id, safe=""), quote(ours.client_secret, safe=""))
        else:
            form |= {"client_id": ours.client_id, "client_secret": ours.client_secret}
        request = self._http.build_request(
            "POST", metadata.token_endpoint, data=form, headers={"accept": "application/json"}
        )
        reply = await self._send(request, "Token", auth=auth)
        if 400 <= reply.status < 500:
            raise ConsentRefused(f"the code was refused with {reply.status}")
        return _content(reply)

    async def _more(self, address: str, tokens: Mapping[str, Any], subject: str) -> Mapping[str, Any]:
        """What it tells of the person elsewhere than in the ID token. Nothing of anybody else (Core, 5.3.2)."""
        token = str(tokens.get("access_token", ""))
        found = _content(await self._get(address, "Userinfo", {"authorization": f"Bearer {token}"}))
        if found.get("sub") != subject:
            raise ConsentRefused("what it tells is of somebody else")
        return found

    async def _get(self, address: str, operation: str, headers: Mapping[str, str] | None = None) -> Reply:
        everything = {"accept": "application/json", **(headers or {})}
        return await self._send(self._http.build_request("GET", address, headers=everything), operation)

    async def _send(self, request: httpx2.Request, operation: str, *, auth: httpx2.Auth | None = None) -> Reply:
        return await send(
            self._http,
            request,
            auth=auth,
            max_body=MAX_BODY,
            seconds=self._seconds,
            operation=operation,
            calls=self._calls,
        )


def _content(reply: Reply) -> Mapping[str, Any]:
    if reply.status >= 500:
        raise ProviderUnavailable(f"answered {reply.status}")
    content = reply.json() if reply.status == 200 else None
    if not isinstance(content, dict):
        raise AnswerUnusable(f"answered {reply.status} without an object")
    return content
