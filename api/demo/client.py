"""The demonstration's own integrator: it knows the public API and nothing else."""

import re
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urlencode, urljoin

import httpx2


class Refused(Exception):
    """The API answered with errors."""


@dataclass
class ApiClient:
    http: httpx2.AsyncClient
    base_url: str
    access_token: str

    @classmethod
    async def sign_in(cls, http: httpx2.AsyncClient, base_url: str, client_id: str, client_secret: str) -> "ApiClient":
        answer = await http.post(
            f"{base_url}/oauth/token", data={"grant_type": "client_credentials"}, auth=(client_id, client_secret)
        )
        answer.raise_for_status()
        return cls(http, base_url, answer.json()["access_token"])

    @property
    def graphql_url(self) -> str:
        return f"{self.base_url}/graphql"

    async def ask(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The whole answer. Raises Refused."""
        answer = await self.http.post(
            self.graphql_url,
            json={"query": query, "variables": variables or {}},
            headers={"Authorization": f"Bearer {self.access_token}"},
        )
        content: dict[str, Any] = answer.json()
        if content.get("errors"):
            raise Refused(str(content["errors"]))
        return content

    async def change(self, mutation: str, selection: str, **values: Any) -> dict[str, Any]:
        """One mutation; its payload. Raises Refused for user errors too."""
        input_type = f"{mutation[0].upper()}{mutation[1:]}Input"
        document = (
            f"mutation Demo($input: {input_type}!) {{ {mutation}(input: $input) "
            f"{{ {selection} userErrors {{ field message code }} }} }}"
        )
        payload: dict[str, Any] = (await self.ask(document, {"input": values}))["data"][mutation]
        if payload["userErrors"]:
            raise Refused(f"{mutation}: {payload['userErrors']}")
        return payload


async def give_consent(http: httpx2.AsyncClient, authorize_url: str) -> None:
    """What the shop's owner does in a browser: opens the page, clicks Install, is sent back."""
    page = await http.get(authorize_url)
    page.raise_for_status()
    form = re.search(r"<form[^>]*?action=\"([^\"]*)\"", page.text)
    action = urljoin(authorize_url, unescape(form.group(1))) if form else authorize_url
    sent = await http.post(
        action, content=urlencode(_fields(page.text)), headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    back = sent.headers.get("location")
    if sent.status_code not in (302, 303) or back is None:
        raise Refused(f"the consent page answered {sent.status_code}")
    landed = await http.get(back)
    if landed.status_code != 200:
        raise Refused(f"the callback answered {landed.status_code}: {landed.headers.get('x-azimuth-error')}")


def _fields(page: str) -> list[tuple[str, str]]:
    """The form as a browser sends it when Install is clicked."""
    fields = []
    for tag in re.findall(r"<input[^>]*>", page):
        attributes = dict(re.findall(r"([\w-]+)=\"([^\"]*)\"", tag))
        boxed = attributes.get("type") == "checkbox" and " checked" not in tag
        if "name" in attributes and not boxed:
            fields.append((unescape(attributes["name"]), unescape(attributes.get("value", "on"))))
    for tag in re.findall(r"<button[^>]*>", page):
        attributes = dict(re.findall(r"([\w-]+)=\"([^\"]*)\"", tag))
        if "name" in attributes and attributes.get("value", "").lower() in ("install", "allow", "yes"):
            fields.append((unescape(attributes["name"]), unescape(attributes["value"])))
    return fields
