"""A shop on the other side of a fake wire, and a house that hands out tokens."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import httpx2

from connectors.http import open_client
from connectors.limits import Budgets
from connectors.shopify.client import ShopifyClient
from connectors.shopify.queries import API_VERSION
from domain.ports.errors import ReauthRequired
from domain.ports.provider import Account, AppCredentials

SHOP = "first-light.myshopify.com"
APP = AppCredentials("client", "hush", ("read_orders", "read_customers", "read_all_orders"), "https://{shop}")
Answer = httpx2.Response | Exception


class Tokens:
    """Hands out `first`, then what follows; without a successor the consent is dead."""

    def __init__(self, first: str = "token-1", *following: str) -> None:
        self.value = first
        self.following = list(following)
        self.rejected: list[str] = []

    async def current(self) -> str:
        return self.value

    async def renewed(self, rejected: str) -> str:
        self.rejected.append(rejected)
        if not self.following:
            raise ReauthRequired("no refresh token")
        self.value = self.following.pop(0)
        return self.value


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.at = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


class Wire:
    """Answers requests in turn, and keeps what was asked."""

    def __init__(self, *answers: Answer | Callable[[httpx2.Request], httpx2.Response]) -> None:
        self.answers = list(answers)
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx2.Response) else answer(request)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.requests]

    def http(self) -> httpx2.AsyncClient:
        return open_client(transport=httpx2.MockTransport(self))


def account(tokens: Tokens | None = None, app: AppCredentials = APP) -> Account:
    return Account(app, SHOP, tokens or Tokens())


def client(wire: Wire, clock: Clock | None = None) -> ShopifyClient:
    clock = clock or Clock()
    return ShopifyClient(wire.http(), Budgets(clock), monotonic=clock, sleep=clock.sleep, jitter=lambda: 0.0)


def cost(requested: int, available: int, *, maximum: int = 4000, rate: int = 200) -> dict[str, Any]:
    status = {"maximumAvailable": maximum, "currentlyAvailable": available, "restoreRate": rate}
    return {"cost": {"requestedQueryCost": requested, "actualQueryCost": 1, "throttleStatus": status}}


def answer(
    data: Any = None,
    *,
    errors: Sequence[Any] | None = None,
    extensions: Any = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> httpx2.Response:
    body: dict[str, Any] = {"data": data, "extensions": extensions or cost(10, 4000)}
    if errors is not None:
        body["errors"] = errors
    return httpx2.Response(status, json=body, headers={"x-shopify-api-version": API_VERSION, **(headers or {})})


def error(code: str, **extensions: Any) -> dict[str, Any]:
    return {"message": "what Shopify says", "extensions": {"code": code, **extensions}}
