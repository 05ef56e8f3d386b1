"""Deliveries from Shopify: proof of origin, what they are about, and the subscriptions that cause them."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from connectors.shopify import hints, subscriptions
from connectors.shopify.client import ShopifyClient
from connectors.shopify.shops import checked_shop
from domain.ports.errors import SignatureRefused
from domain.ports.provider import Account, Delivery, Hint

# Header names have no case, so the events family of 2026 differs from the classic one by its missing x- alone.
PREFIXES = ("x-shopify-", "shopify-")
# Shopify retries for four hours, and an outage of its own may add to that.
DELIVERY_AGE = timedelta(hours=24)
CLOCK_SKEW = timedelta(minutes=5)


class ShopifyWebhooks:
    def __init__(self, client: ShopifyClient, *, max_age: timedelta = DELIVERY_AGE) -> None:
        self._client = client
        self._max_age = max_age

    def verify(self, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, *, now: datetime) -> Delivery:
        """Any of the secrets may have signed: after a rotation the old one does so for up to an hour."""
        given = shopify_headers(headers)
        check_signature(secrets, required(given, "hmac-sha256"), body)
        try:
            account = checked_shop(required(given, "shop-domain"))
        except ValueError:
            raise SignatureRefused("the delivery names no Shopify shop") from None
        return Delivery(
            account=account,
            topic=required(given, "topic"),
            delivery_id=required(given, "webhook-id"),
            event_id=given.get("event-id"),
            triggered_at=self._triggered_at(given.get("triggered-at"), now),
        )

    def _triggered_at(self, text: str | None, now: datetime) -> datetime | None:
        if text is None:
            return None
        triggered_at = instant(text)
        if not -CLOCK_SKEW <= now - triggered_at <= self._max_age:
            raise SignatureRefused("the delivery is too old, or from the future")
        return triggered_at

    def hint(self, topic: str, body: bytes) -> Hint:
        return hints.hint(topic, body)

    async def subscribe(self, account: Account, *, callback_url: str) -> None:
        await subscriptions.subscribe(self._client, account, callback_url)


def shopify_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Without their prefix. Two headers that say different things about one matter are a forgery or a broken proxy."""
    found: dict[str, str] = {}
    for header, value in headers.items():
        prefix = next((one for one in PREFIXES if header.lower().startswith(one)), None)
        if prefix is None or not value:
            continue
        name = header.lower().removeprefix(prefix)
        if found.setdefault(name, value) != value:
            raise SignatureRefused(f"the delivery gives two values for {name}")
    return found


def required(given: Mapping[str, str], name: str) -> str:
    if name not in given:
        raise SignatureRefused(f"the delivery has no {name} header")
    return given[name]


def check_signature(secrets: Sequence[str], claimed: str, body: bytes) -> None:
    try:
        signature = base64.b64decode(claimed, validate=True)
    except (binascii.Error, ValueError):
        raise SignatureRefused("the signature is not base64") from None
    # An empty secret is one everybody knows.
    digests = [hmac.digest(secret.encode(), body, hashlib.sha256) for secret in secrets if secret]
    if not any(hmac.compare_digest(signature, digest) for digest in digests):
        raise SignatureRefused("the signature does not match")


def instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SignatureRefused("the delivery's time is not one") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
