"""What one HTTP answer of the GraphQL API means. Errors come as statuses, and far more often inside a 200."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.http import Reply
from connectors.limits import Status
from connectors.shopify.fields import Fields
from connectors.shopify.queries import API_VERSION
from domain.ports.errors import (
    AccountGone,
    AnswerUnusable,
    ProviderError,
    ProviderUnavailable,
    ScopeMissing,
    Throttled,
    TokenRejected,
)

SCOPE = re.compile(r"`([a-z][a-z_]*)` access scope")
PROTECTED = "protected-customer-data"
RATE_LIMITED = (429, 430)
# Where a refusal to go on names no time.
DEFAULT_WAIT = 1.0


@dataclass(frozen=True, slots=True)
class Cost:
    requested: float
    status: Status

    def wait(self) -> float:
        return max(0.0, (self.requested - self.status.available) / self.status.restore_rate)


def cost_of(body: Any) -> Cost | None:
    """None where the answer has none that can be used: a hint is never a reason to lose an answer."""
    try:
        cost = body["extensions"]["cost"]
        told = cost["throttleStatus"]
        numbers = (told["maximumAvailable"], told["currentlyAvailable"], told["restoreRate"])
        maximum, available, rate = map(float, numbers)
        requested = float(cost["requestedQueryCost"])
    except (KeyError, TypeError, ValueError):
        return None
    return Cost(requested, Status(maximum, available, rate)) if rate > 0 else None


def where(name: str, reply: Reply) -> str:
    return f"{name} (request {reply.headers.get('x-request-id', 'unknown')})"


def check_status(name: str, reply: Reply) -> None:
    """Raises unless the answer is a 200."""
    if reply.status == 200:
        return
    text = f"Shopify answered {reply.status} to {where(name, reply)}"
    if reply.status == 401:
        raise TokenRejected(text)
    if reply.status == 402:
        raise AccountGone(f"{text}: the shop is frozen", code="ACCOUNT_FROZEN")
    if reply.status == 403:
        raise ScopeMissing(text)
    if reply.status == 404:
        raise AccountGone(f"{text}: there is no such shop")
    if reply.status == 423:
        raise AccountGone(f"{text}: the shop is locked", code="ACCOUNT_LOCKED")
    if reply.status in RATE_LIMITED:
        wait = reply.seconds("retry-after")
        raise Throttled(text, retry_after=DEFAULT_WAIT if wait is None else wait)
    if reply.status >= 500:
        raise ProviderUnavailable(text, retry_after=reply.seconds("retry-after"))
    raise AnswerUnusable(text, code="QUERY_REFUSED")


def check_version(name: str, reply: Reply) -> None:
    """An unsupported version is no error to Shopify: it answers by the oldest it still knows, in other shapes."""
    served = reply.headers.get("x-shopify-api-version")
    if served != API_VERSION:
        text = f"Shopify answered {where(name, reply)} by version {served}, not {API_VERSION}"
        raise AnswerUnusable(text, code="WRONG_API_VERSION")


def data_of(name: str, reply: Reply, body: Any) -> Fields:
    """The whole data, or an error: half an answer is none."""
    answer = Fields.of(body, name)
    errors = answer.values.get("errors")
    if errors:
        raise refusal(name, reply, errors, cost=cost_of(body), partial=answer.has("data"))
    return answer.child("data")


def refusal(name: str, reply: Reply, errors: Any, *, cost: Cost | None, partial: bool) -> ProviderError:
    """The error that says best what to do. Shopify's own words are left out: they may quote our variables."""
    known = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    codes = {code for error in known if (code := code_of(error))}
    text = f"Shopify refused {where(name, reply)}: {', '.join(sorted(codes)) or 'no code given'}"
    if "THROTTLED" in codes:
        return Throttled(text, retry_after=cost.wait() if cost else DEFAULT_WAIT)
    if "SHOP_INACTIVE" in codes:
        return AccountGone(text)
    if "ACCESS_DENIED" in codes:
        return access_denied(text, known)
    if partial:
        return AnswerUnusable(text, code="PARTIAL_ANSWER")
    if codes & {"INTERNAL_SERVER_ERROR", "TIMEOUT"}:
        return ProviderUnavailable(text)
    return AnswerUnusable(text, code="QUERY_REFUSED")


def access_denied(text: str, errors: Sequence[Mapping[str, Any]]) -> ScopeMissing:
    """A missing scope is sometimes named. Personal data needs Shopify's approval besides, which is no scope at all."""
    denied = [error for error in errors if code_of(error) == "ACCESS_DENIED"]
    fields = sorted({".".join(str(step) for step in error.get("path") or ["?"]) for error in denied})
    # Of "`a` access scope or `b` access scope" the first is the one that apps ask for.
    named = [SCOPE.search(str(error["extensions"].get("requiredAccess"))) for error in denied]
    scopes = tuple(sorted({match[1] for match in named if match}))
    text = f"{text} to {', '.join(fields[:3])}"
    if scopes:
        return ScopeMissing(f"{text}: needs {', '.join(scopes)}", scopes=scopes)
    if any(PROTECTED in str(error["extensions"].get("documentation")) for error in denied):
        return ScopeMissing(f"{text}: Shopify has not approved this app for protected customer data")
    return ScopeMissing(text)


def code_of(error: Mapping[str, Any]) -> str | None:
    extensions = error.get("extensions")
    return str(extensions.get("code")) if isinstance(extensions, dict) else None
