import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.shopify.webhooks import ShopifyWebhooks, check_signature
from domain.ports.errors import AnswerUnusable, SignatureRefused
from domain.ports.provider import Delivery, Hint
from tests.unit.connectors.shopify.stage import SHOP, Wire, client

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BODY = b'{"id": 1001,  "updated_at": "2026-11-22T06:59:00-05:00"}'
WEBHOOKS = ShopifyWebhooks(client(Wire()))


def sign(body: bytes, secret: str = "hush") -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def headers(body: bytes = BODY, /, **changes: str | None) -> dict[str, str]:
    values = {
        "X-Shopify-Topic": "orders/updated",
        "X-Shopify-Hmac-Sha256": sign(body),
        "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-API-Version": "2026-10",
        "X-Shopify-Webhook-Id": "delivery-1",
        "X-Shopify-Event-Id": "event-1",
        "X-Shopify-Triggered-At": "2026-11-22T11:59:00.123456Z",
    }
    changed = {f"X-Shopify-{name.replace('_', '-')}": value for name, value in changes.items()}
    return {name: value for name, value in (values | changed).items() if value is not None}


EXPECTED = Delivery(SHOP, "orders/updated", "delivery-1", "event-1", datetime(2026, 11, 22, 11, 59, 0, 123456, UTC))


def test_a_delivery_that_shopify_signed_is_taken() -> None:
    assert WEBHOOKS.verify(["hush"], headers(), BODY, now=NOW) == EXPECTED


def test_header_names_have_no_case() -> None:
    shouted = {name.upper(): value for name, value in headers().items()}
    assert WEBHOOKS.verify(["hush"], shouted, BODY, now=NOW) == EXPECTED


def test_the_events_family_of_headers_says_the_same() -> None:
    new = {name.lower().removeprefix("x-"): value for name, value in headers().items()}
    assert WEBHOOKS.verify(["hush"], new, BODY, now=NOW) == EXPECTED


def test_after_a_rotation_either_secret_may_have_signed() -> None:
    assert WEBHOOKS.verify(["new", "hush"], headers(), BODY, now=NOW) == EXPECTED
    with pytest.raises(SignatureRefused):
        WEBHOOKS.verify(["new", "newer"], headers(), BODY, now=NOW)


def test_the_published_vector_holds(reference: Path) -> None:
    vectors = json.loads((reference / "provider-data/shopify/signatures.json").read_text())
    vector = next(one for one in vectors if one["kind"] == "webhook_hmac_b64")
    check_signature([vector["secret"]], vector["expected"], vector["body"].encode())


@given(st.binary(min_size=1, max_size=64), st.data())
def test_one_changed_byte_is_enough_to_be_refused(body: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(body) - 1))
    changed = bytes([*body[:place], body[place] ^ data.draw(st.integers(1, 255)), *body[place + 1 :]])
    check_signature(["hush"], sign(body), body)
    with pytest.raises(SignatureRefused):
        check_signature(["hush"], sign(body), changed)


@pytest.mark.parametrize("name", ["Topic", "Hmac_Sha256", "Shop_Domain", "Webhook_Id"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_delivery_that_lacks_a_header_is_refused(name: str, value: str | None) -> None:
    with pytest.raises(SignatureRefused):
        WEBHOOKS.verify(["hush"], headers(**{name: value}), BODY, now=NOW)


@pytest.mark.parametrize("signature", ["?", "AAAA", sign(BODY)[:-4], sign(BODY) + "\n", sign(BODY, "other"), "ü"])
def test_a_signature_that_is_none_is_refused(signature: str) -> None:
    with pytest.raises(SignatureRefused):
        WEBHOOKS.verify(["hush"], headers(Hmac_Sha256=signature), BODY, now=NOW)


def test_an_empty_secret_signs_nothing() -> None:
    with pytest.raises(SignatureRefused):
        WEBHOOKS.verify(["", "hush"], headers(Hmac_Sha256=sign(BODY, "")), BODY, now=NOW)
    with pytest.raises(SignatureRefused):
        WEBHOOKS.verify([], headers(), BODY, now=NOW)


@pytest.mark.parametrize("shop", ["evil.example", "first-light.myshopify.com.evil.example", f"{SHOP}/"])
def test_a_delivery_for_no_shop_is_refused(shop: str) -> None:
    with pytest.raises(SignatureRefused, match="names no Shopify shop"):
        WEBHOOKS.verify(["hush"], headers(Shop_Domain=shop), BODY, now=NOW)


def test_two_headers_that_disagree_are_refused() -> None:
    with pytest.raises(SignatureRefused, match="two values"):
        WEBHOOKS.verify(["hush"], headers() | {"shopify-shop-domain": "other.myshopify.com"}, BODY, now=NOW)


@pytest.mark.parametrize(
    ("hours", "taken"),
    [(-1, False), (0, True), (4, True), (23, True), (25, False)],
)
def test_old_deliveries_are_refused(hours: int, taken: bool) -> None:
    late = NOW + timedelta(hours=hours)
    if taken:
        assert WEBHOOKS.verify(["hush"], headers(), BODY, now=late) == EXPECTED
    else:
        with pytest.raises(SignatureRefused, match="too old"):
            WEBHOOKS.verify(["hush"], headers(), BODY, now=late)


def test_how_old_is_for_the_house_to_say() -> None:
    strict = ShopifyWebhooks(client(Wire()), max_age=timedelta(minutes=1))
    with pytest.raises(SignatureRefused, match="too old"):
        strict.verify(["hush"], headers(), BODY, now=NOW + timedelta(minutes=2))


def test_a_time_that_is_none_is_refused_and_a_missing_one_is_not() -> None:
    with pytest.raises(SignatureRefused, match="time"):
        WEBHOOKS.verify(["hush"], headers(Triggered_At="soon"), BODY, now=NOW)
    assert WEBHOOKS.verify(["hush"], headers(Triggered_At=None), BODY, now=NOW).triggered_at is None


UPDATED = datetime(2026, 11, 22, 11, 59, tzinfo=UTC)
GONE = "gid://shopify/Customer/502"


@pytest.mark.parametrize(
    ("topic", "body", "hint"),
    [
        ("orders/create", BODY, Hint("orders", "1001", UPDATED)),
        ("orders/updated", BODY, Hint("orders", "1001", UPDATED)),
        ("ORDERS/PAID", BODY, Hint("orders", "1001", UPDATED)),
        ("orders/delete", b'{"id": 1001}', Hint("orders", "1001", deleted=True)),
        ("orders/edited", b'{"order_edit": {"id": 3, "order_id": 1001}}', Hint("orders", "1001")),
        ("orders/risk_assessment_changed", b'{"id": "?", "order_id": 1001}', Hint("orders", "1001")),
        ("refunds/create", b'{"id": 900, "order_id": 1001, "created_at": "2026-11-22"}', Hint("orders", "1001")),
        ("customers/update", b'{"id": 501, "updated_at": null}', Hint("customers", "501")),
        ("customers/delete", b'{"id": 501}', Hint("customers", "501", deleted=True)),
        (
            "customers/merge",
            orjson.dumps({"admin_graphql_api_customer_kept_id": "k", "admin_graphql_api_customer_deleted_id": GONE}),
            Hint("customers", "502"),
        ),
        ("shop/update", b'{"id": 9}', Hint("shop", "9")),
        ("app/uninstalled", b'{"id": 9}', Hint(uninstalled=True)),
        ("app/uninstalled", b"", Hint(uninstalled=True)),
        ("products/create", b'{"id": 1}', Hint()),
        ("customers/redact", b'{"customer": {"id": 501}}', Hint()),
        ("customers/data_request", b"{}", Hint()),
        ("shop/redact", b"{}", Hint()),
        ("", b"?", Hint()),
    ],
)
def test_a_delivery_says_what_to_read_again(topic: str, body: bytes, hint: Hint) -> None:
    assert WEBHOOKS.hint(topic, body) == hint


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id": "x"}', b'{"id": null}', b'{"id": 1, "updated_at": "?"}'])
def test_a_body_that_is_not_what_its_topic_says_is_unusable(body: bytes) -> None:
    with pytest.raises(AnswerUnusable):
        WEBHOOKS.hint("orders/updated", body)


def test_shopifys_own_sample_bodies_are_understood(reference: Path) -> None:
    folder = reference / "provider-data/shopify/rest-shaped"
    order = orjson.loads((folder / "order.json").read_bytes())["order"]
    refund = orjson.loads((folder / "refund.json").read_bytes())["refund"]
    customer = orjson.loads((folder / "customer.json").read_bytes())["customer"]
    placed = datetime(2008, 1, 10, 16, tzinfo=UTC)
    assert WEBHOOKS.hint("orders/create", orjson.dumps(order)) == Hint("orders", "450789469", placed)
    assert WEBHOOKS.hint("refunds/create", orjson.dumps(refund)) == Hint("orders", "450789469")
    made = datetime(2015, 5, 27, 22, 11, 24, tzinfo=UTC)
    assert WEBHOOKS.hint("customers/create", orjson.dumps(customer)) == Hint("customers", "207119551", made)
