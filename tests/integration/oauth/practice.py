"""The practice provider of sign-ins: who has an account there, what goes wrong there, and a person at its pages."""

import secrets
import time
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import httpx2

from connectors.openid.provider import OpenIdProvider
from domain.ports.identity import Registration

SECONDS = 0.5
NAME = "Practice & Co"
SECRET = "a practice secret: with/odd+signs"


@dataclass
class Hands:
    """Of the watch by which the server keeps what a provider said."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


@dataclass(frozen=True)
class Practice:
    provider: OpenIdProvider
    hands: Hands
    url: str
    headers: dict[str, str]
    http: httpx2.AsyncClient

    @classmethod
    async def open(cls, url: str, control_token: str, http: httpx2.AsyncClient, issuer: str) -> "Practice":
        registration = Registration("practice", NAME, f"{url}/openid/practice", "azimuth at practice", SECRET)
        hands = Hands()
        provider = OpenIdProvider(http, registration, seconds=SECONDS, monotonic=hands)
        practice = cls(provider, hands, url, {"X-Sandbox-Control": control_token}, http)
        redirects = [f"{issuer}/oauth/signed-in/practice"]
        client = {"client_id": registration.client_id, "client_secret": SECRET, "redirect_uris": redirects}
        await practice.order("POST", "/clients", client)
        return practice

    async def order(self, method: str, path: str, content: dict[str, Any] | None = None) -> None:
        address = f"{self.url}/control/openid/practice{path}"
        answer = await self.http.request(method, address, json=content or {}, headers=self.headers)
        assert answer.status_code == 200, answer.text

    async def person(self, email: str | None, *, verified: bool = True) -> str:
        """Who signs in there, by what the provider calls them."""
        subject = secrets.token_hex(8)
        await self.order("POST", "/people", {"subject": subject, "email": email, "email_verified": verified})
        return subject

    async def fault(self, endpoint: str, kind: str, **more: float) -> None:
        await self.order("POST", "/faults", {"endpoint": endpoint, "kind": kind, **more})

    def forget(self) -> None:
        """What the provider said of itself an hour ago: it is asked anew."""
        self.hands.ahead += 3601

    async def sign_in(self, browser: httpx2.AsyncClient, page: httpx2.Response, subject: str) -> httpx2.Response:
        """From a page of ours to the provider, and back to what we answer."""
        return await browser.get(await self.come_back(browser, page, subject))

    async def come_back(self, browser: httpx2.AsyncClient, page: httpx2.Response, subject: str) -> str:
        """Where the provider sends the browser."""
        sent = await browser.get(page.url.join(link_on(page)))
        assert sent.status_code == 303, sent.text
        # A jar of its own: cookies know no ports, and neither side may see the other's.
        shown = await self.http.get(sent.headers["location"])
        assert shown.status_code == 200, shown.text
        answer = await self.http.post(sent.headers["location"], data={"subject": subject})
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])


class Links(HTMLParser):
    def __init__(self, markup: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if (tag, name) == ("a", "href")]


def link_on(page: httpx2.Response) -> str:
    """The one that leads to the provider."""
    (found,) = [each for each in Links(page.text).found if each.startswith("sign-in/")]
    return found


async def follow(browser: httpx2.AsyncClient, answer: httpx2.Response) -> httpx2.Response:
    assert answer.status_code == 303, answer.text
    return await browser.get(answer.url.join(answer.headers["location"]))
