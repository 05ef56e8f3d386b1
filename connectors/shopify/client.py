"""Sends documents to the Admin GraphQL API: paced by cost, retried where waiting helps, whole or not at all."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx2

from connectors.http import post_json
from connectors.limits import Budget, Budgets, Monotonic
from connectors.shopify.answers import check_status, check_version, cost_of, data_of
from connectors.shopify.fields import Fields
from connectors.shopify.queries import API_VERSION, Document
from connectors.shopify.shops import shop_url
from domain.ports.calls import Calls
from domain.ports.errors import ProviderUnavailable, Throttled, TokenRejected
from domain.ports.provider import Account

ATTEMPTS = 5
# All waiting for one answer. Longer ones go back to the house, which can do other work meanwhile.
PATIENCE_SECONDS = 10.0
FIRST_BACKOFF_SECONDS = 0.5

Sleep = Callable[[float], Awaitable[None]]
Jitter = Callable[[], float]


def random_jitter() -> float:
    """0 to 1: workers that failed together must not return together."""
    return secrets.randbelow(1000) / 1000


class ShopifyClient:
    """`monotonic`, `sleep` and `jitter` are the only ways time passes here."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        budgets: Budgets,
        *,
        monotonic: Monotonic = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        jitter: Jitter = random_jitter,
        calls: Calls | None = None,
    ) -> None:
        self._http = http
        self._budgets = budgets
        self._monotonic = monotonic
        self._sleep = sleep
        self._jitter = jitter
        self._calls = calls
        self._costs: dict[str, float] = {}

    async def query(self, account: Account, document: Document, variables: Mapping[str, Any] | None = None) -> Fields:
        """The data of one answer. A rejected token is renewed once; trouble that passes is sat out for a while."""
        token = await account.tokens.current()
        renewed = False
        attempt = 0
        patient_until = self._monotonic() + PATIENCE_SECONDS
        while True:
            attempt += 1
            try:
                return await self._paced(account, token, document, variables or {}, patient_until)
            except TokenRejected:
                if renewed:
                    raise
                token, renewed = await account.tokens.renewed(token), True
            except (Throttled, ProviderUnavailable) as trouble:
                await self._sit_out(trouble, attempt, patient_until)

    async def _paced(
        self, account: Account, token: str, document: Document, variables: Mapping[str, Any], patient_until: float
    ) -> Fields:
        budget = self._budgets.of("shopify", account.app.client_id, account.name)
        expected = self._costs.get(document.name, 0.0)
        wait = budget.reserve(expected)
        try:
            if self._monotonic() + wait > patient_until:
                raise Throttled(f"{account.name} has no points left for {document.name}", retry_after=wait)
            if wait > 0:
                await self._sleep(wait)
            return await self._send(account, token, document, variables, budget)
        finally:
            budget.settle(expected)

    async def _send(
        self, account: Account, token: str, document: Document, variables: Mapping[str, Any], budget: Budget
    ) -> Fields:
        url = f"{shop_url(account.app, account.name)}/admin/api/{API_VERSION}/graphql.json"
        content = {"query": document.text, "variables": variables, "operationName": document.name}
        token_header = {"x-shopify-access-token": token}
        reply = await post_json(self._http, url, content, token_header, operation=document.name, calls=self._calls)
        check_status(document.name, reply)
        check_version(document.name, reply)
        body = reply.json()
        cost = cost_of(body)
        if cost is not None:
            self._costs[document.name] = cost.requested
            budget.settle(0.0, cost.status)
        return data_of(document.name, reply, body)

    async def _sit_out(self, trouble: Throttled | ProviderUnavailable, attempt: int, patient_until: float) -> None:
        """Raises the trouble when it has lasted too long, or says that it will."""
        wait = trouble.retry_after
        if wait is None:
            wait = FIRST_BACKOFF_SECONDS * 2 ** (attempt - 1)
        if attempt >= ATTEMPTS or self._monotonic() + wait > patient_until:
            raise trouble
        await self._sleep(wait + FIRST_BACKOFF_SECONDS * self._jitter())
