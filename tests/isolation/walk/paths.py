"""What is asked of every other path, by somebody of the agency, with a stranger's ids wherever one can be put."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.routing import Route

from api.ids import Kind, decode
from tests.factories.organizations import REDIRECT
from tests.integration.api.test_embeds import ACCESS_TOKEN, GRANT_TYPE
from tests.integration.api.world import Household
from tests.integration.oauth.browser import Page

CHALLENGE = "A" * 43


@dataclass(frozen=True)
class Knock:
    """One request. `asked` are its other parts, as the client takes them."""

    method: str
    path: str
    asked: Mapping[str, Any] = field(default_factory=dict)

    async def by(self, http: httpx2.AsyncClient) -> httpx2.Response:
        return await http.request(self.method, self.path, **self.asked)


@dataclass(frozen=True)
class Known:
    """What whoever knocks has, and got hold of. `tokens` are the stranger's: an access and a refresh token."""

    home: Household
    stranger: Household
    tokens: tuple[str, str]

    @property
    def credentials(self) -> tuple[str, str]:
        return self.home.machine.credentials

    @property
    def shop(self) -> str:
        return f"shop-{self.stranger.shop.connection_id}.myshopify.com"


def routes(app: Starlette) -> set[tuple[str, str]]:
    """Each method and path there is, but for GraphQL's own."""
    return {
        (method, route.path)
        for route in app.routes
        if isinstance(route, Route) and route.path != "/graphql"
        for method in (route.methods or {"GET"}) - {"HEAD", "OPTIONS"}
    }


def _plain(path: str) -> Callable[[Known], Iterator[Knock]]:
    def knocks(_: Known) -> Iterator[Knock]:
        yield Knock("GET", path)

    return knocks


def _asset(_: Known) -> Iterator[Knock]:
    yield Knock("GET", "/explorer/0000000000000000/main.js")
    yield Knock("GET", "/explorer/..%2f..%2fapp.py/x")


def _webhook(known: Known) -> Iterator[Knock]:
    for app in (known.stranger.provider_app_id, known.home.provider_app_id, known.stranger.tenant.id):
        headers = {
            "X-Shopify-Shop-Domain": known.shop,
            "X-Shopify-Topic": "orders/updated",
            "X-Shopify-Webhook-Id": "1",
            "X-Shopify-Hmac-Sha256": "AAAA",
        }
        for provider in ("shopify", "unheard-of"):
            yield Knock("POST", f"/webhooks/{provider}/{app}", {"content": b"{}", "headers": headers})


def _callback(known: Known) -> Iterator[Knock]:
    query = {"shop": known.shop, "state": str(known.stranger.tenant.id), "code": "x", "hmac": "00", "timestamp": "1"}
    for provider in ("shopify", "unheard-of"):
        yield Knock("GET", f"/oauth/callback/{provider}", {"params": query})


def _authorize(known: Known) -> Iterator[Knock]:
    """To one's own app for the stranger's organization, and to the stranger's app."""
    for home in (known.home, known.stranger):
        for organization in (known.stranger.gids[Kind.ORGANIZATION], known.home.gids[Kind.ORGANIZATION]):
            query = {
                "response_type": "code",
                "client_id": home.machine.actor.client_id,
                "redirect_uri": REDIRECT,
                "scope": "read_metrics",
                "code_challenge": CHALLENGE,
                "code_challenge_method": "S256",
                "organization": organization,
                "state": "s",
            }
            yield Knock("GET", "/oauth/authorize", {"params": query})


def _token(known: Known) -> Iterator[Knock]:
    access, refresh = known.tokens
    theirs = known.stranger.machine.actor.client_id
    exchange = {
        "grant_type": GRANT_TYPE,
        "subject_token": access,
        "subject_token_type": ACCESS_TOKEN,
        "tenant": known.stranger.tenant.gid,
        "subject": "u",
        "origin": "https://front-end.example",
        "scope": "read_metrics",
    }
    for form in (
        {"grant_type": "client_credentials", "scope": f"read_metrics {known.stranger.gids[Kind.TENANT]}"},
        {"grant_type": "refresh_token", "refresh_token": refresh},
        {"grant_type": "authorization_code", "code": refresh, "redirect_uri": REDIRECT, "code_verifier": "v" * 43},
        exchange,
    ):
        yield Knock("POST", "/oauth/token", {"data": form, "auth": known.credentials})
        yield Knock("POST", "/oauth/token", {"data": {**form, "client_id": theirs}})


def _about_tokens(path: str) -> Callable[[Known], Iterator[Knock]]:
    def knocks(known: Known) -> Iterator[Knock]:
        for token in known.tokens:
            yield Knock("POST", path, {"data": {"token": token}, "auth": known.credentials})

    return knocks


def _shown(path: str) -> Callable[[Known], Iterator[Knock]]:
    def knocks(known: Known) -> Iterator[Knock]:
        for gid in known.stranger.gids.values():
            yield Knock("GET", path, {"params": {"token": str(decode(gid).id), "state": gid, "page": gid}})

    return knocks


def _filled_in(path: str) -> Callable[[Known], Iterator[Knock]]:
    """By the address of somebody whose password one does not know. The form's own token is put in when it is sent."""

    def knocks(known: Known) -> Iterator[Knock]:
        form = {
            "address": known.stranger.person.address,
            "password": "not the password",
            "new_password": "nor another one",
            "action": "sign_in",
            "token": known.tokens[1],
        }
        yield Knock("POST", path, {"data": form})

    return knocks


def _filled_in_authorize(known: Known) -> Iterator[Knock]:
    for shown in _authorize(known):
        for action in ("allow", "deny"):
            yield Knock("POST", shown.path, {**shown.asked, "data": {"action": action}})
    form = {"address": known.stranger.person.address, "password": "not the password", "action": "sign_in"}
    yield Knock("POST", shown.path, {**shown.asked, "data": form})


VISITS: Mapping[tuple[str, str], Callable[[Known], Iterator[Knock]]] = {
    ("GET", "/healthz"): _plain("/healthz"),
    ("GET", "/readyz"): _plain("/readyz"),
    ("GET", "/explorer"): _plain("/explorer"),
    ("GET", "/explorer/{release}/{name}"): _asset,
    ("GET", "/oauth/jwks"): _plain("/oauth/jwks"),
    ("GET", "/.well-known/oauth-authorization-server"): _plain("/.well-known/oauth-authorization-server"),
    ("GET", "/.well-known/oauth-protected-resource/graphql"): _plain("/.well-known/oauth-protected-resource/graphql"),
    ("POST", "/webhooks/{provider}/{app}"): _webhook,
    ("GET", "/oauth/callback/{provider}"): _callback,
    ("GET", "/oauth/authorize"): _authorize,
    ("POST", "/oauth/authorize"): _filled_in_authorize,
    ("GET", "/oauth/invitation"): _shown("/oauth/invitation"),
    ("POST", "/oauth/invitation"): _filled_in("/oauth/invitation"),
    ("GET", "/oauth/sign-in/{provider}"): _shown("/oauth/sign-in/unheard-of"),
    ("GET", "/oauth/signed-in/{provider}"): _shown("/oauth/signed-in/unheard-of"),
    ("GET", "/oauth/link"): _shown("/oauth/link"),
    ("POST", "/oauth/link"): _filled_in("/oauth/link"),
    ("GET", "/oauth/recovery"): _shown("/oauth/recovery"),
    ("POST", "/oauth/recovery"): _filled_in("/oauth/recovery"),
    ("GET", "/oauth/password"): _plain("/oauth/password"),
    ("POST", "/oauth/password"): _filled_in("/oauth/password"),
    ("POST", "/oauth/token"): _token,
    ("POST", "/oauth/revoke"): _about_tokens("/oauth/revoke"),
    ("POST", "/oauth/introspect"): _about_tokens("/oauth/introspect"),
}


async def knock(http: httpx2.AsyncClient, knock: Knock) -> httpx2.Response:
    """A form of a page of ours goes with what stands in it already."""
    if "data" in knock.asked and "auth" not in knock.asked:
        page = await http.get(knock.path, params=knock.asked.get("params"))
        if page.headers.get("content-type", "").startswith("text/html"):
            filled = {**Page(page.text).fields, **knock.asked["data"]}
            knock = Knock(knock.method, knock.path, {**knock.asked, "data": filled})
    return await knock.by(http)
