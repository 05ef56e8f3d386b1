"""A person at a browser, and the app that sent them: an authorization by hand, step by step."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from tests.factories.people import KnownPerson
from tests.integration.oauth.world import REDIRECT, KnownApp


class Page(HTMLParser):
    """The text and the form fields of a page, as a browser would understand them."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.action = ""
        self.tags: list[str] = []
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        named = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = named["action"]
        if tag == "input":
            self.fields[named["name"]] = named.get("value", "")

    def handle_data(self, data: str) -> None:
        self.text += data


@dataclass
class Visit:
    """One authorization request of `app`, as far as the person has come."""

    http: httpx2.AsyncClient
    app: KnownApp
    extra: dict[str, str | None] = field(default_factory=dict)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(8))

    @property
    def parameters(self) -> dict[str, str]:
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.app.client_id,
            "redirect_uri": REDIRECT,
            "scope": "read_metrics",
            "state": self.state,
            "code_challenge": s256(self.verifier),
            "code_challenge_method": "S256",
            **self.extra,
        }
        return {name: value for name, value in asked.items() if value is not None}

    async def open(self) -> httpx2.Response:
        return await self.http.get("/oauth/authorize", params=self.parameters)

    async def submit(self, page: httpx2.Response, action: str, **fields: str) -> httpx2.Response:
        return await press(self.http, page, action, **fields)

    async def sign_in(self, person: KnownPerson) -> httpx2.Response:
        """The page that follows: consent, if all is well."""
        answer = await self.submit(await self.open(), "sign_in", address=person.address, password=person.password)
        if answer.status_code != 303:
            return answer
        return await self.http.get(answer.url.join(answer.headers["location"]))

    async def authorize(self, person: KnownPerson) -> dict[str, str]:
        """What the app receives at its redirect URI."""
        return received(await self.submit(await self.sign_in(person), "allow"))

    async def redeem(self, code: str, **changes: str | None) -> httpx2.Response:
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "client_id": self.app.client_id,
            "client_secret": self.app.secret or None,
            "code_verifier": self.verifier,
            **changes,
        }
        return await self.http.post("/oauth/token", data={k: v for k, v in form.items() if v is not None})


async def press(http: httpx2.AsyncClient, page: httpx2.Response, action: str, **fields: str) -> httpx2.Response:
    """Fill in the form on `page` and press one of its buttons."""
    form = Page(page.text)
    return await http.post(page.url.join(form.action), data={**form.fields, **fields, "action": action})


def received(answer: httpx2.Response) -> dict[str, str]:
    """The parameters in a redirect to the app; fails where the answer is none."""
    assert answer.status_code == 303, answer.text
    location = answer.headers["location"]
    assert location.startswith(REDIRECT + "&"), location
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def s256(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def error_of(answer: httpx2.Response) -> Any:
    """The code of an RFC 6749 error body, which nobody may store."""
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert "access_token" not in answer.json()
    return answer.json()["error"]
