import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.shopify.oauth import ShopifyOAuth, check_signature, signed_texts
from domain.ports.errors import (
    AccountGone,
    AnswerUnusable,
    ConsentRefused,
    ProviderUnavailable,
    ReauthRequired,
    Throttled,
)
from domain.ports.provider import AppCredentials, TokenSet
from tests.unit.connectors.shopify.stage import APP, SHOP, Wire

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
Pairs = list[tuple[str, str]]


def encoded(pairs: Pairs) -> str:
    """As the official JavaScript library spells the signed text."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(pairs))


def sign(text: str, secret: str = "hush") -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def callback(*, remove: str = "", **changes: str) -> Pairs:
    """A signed callback, with changes made before it was signed."""
    values = {"code": "c0de", "shop": SHOP, "state": "st4te", "timestamp": str(int(NOW.timestamp())), "host": "aG9zdA"}
    pairs = [(name, value) for name, value in (values | changes).items() if name != remove]
    return [*pairs, ("hmac", sign(encoded(pairs)))]


@pytest.fixture
def oauth() -> ShopifyOAuth:
    return ShopifyOAuth(Wire().http())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("first-light.myshopify.com", SHOP),
        ("  First-Light.MyShopify.com\n", SHOP),
        ("9lives_2.myshopify.com", "9lives_2.myshopify.com"),
        ("a" * 63 + ".myshopify.com", "a" * 63 + ".myshopify.com"),
    ],
)
def test_a_shop_has_one_name(oauth: ShopifyOAuth, text: str, name: str) -> None:
    assert oauth.account_name(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "first-light",
        "first-light.com",
        "https://first-light.myshopify.com",
        "first-light.myshopify.com/admin",
        "first-light.myshopify.com.evil.example",
        "evil.example/.myshopify.com",
        "evil.example#.myshopify.com",
        "user@first-light.myshopify.com",
        "-light.myshopify.com",
        "f\u0131rst.myshopify.com",
        "a" * 64 + ".myshopify.com",
        "a" * 300 + ".myshopify.com",
    ],
)
def test_what_is_no_shop_is_refused_with_advice(oauth: ShopifyOAuth, text: str) -> None:
    with pytest.raises(ValueError, match=r"your-shop\.myshopify\.com"):
        oauth.account_name(text)


def test_the_merchant_is_sent_to_their_own_shop_for_an_offline_token(oauth: ShopifyOAuth) -> None:
    redirect_uri = "https://api.example.com/oauth/shopify/callback?a=b c"
    url = oauth.authorize_url(APP, SHOP, state="st4te", redirect_uri=redirect_uri)
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", SHOP, "/admin/oauth/authorize")
    assert dict(parse_qsl(parts.query, keep_blank_values=True)) == {
        "client_id": "client",
        "scope": "read_orders,read_customers,read_all_orders",
        "redirect_uri": redirect_uri,
        "state": "st4te",
        "grant_options[]": "",
    }
    assert "hush" not in url


def test_no_url_is_built_from_an_unchecked_name(oauth: ShopifyOAuth) -> None:
    with pytest.raises(ValueError, match="address at Shopify"):
        oauth.authorize_url(APP, "evil.example", state="s", redirect_uri="https://api.example.com/")


def test_a_template_may_put_the_shop_into_the_path() -> None:
    app = AppCredentials("client", "hush", ("read_orders",), "http://127.0.0.1:9/shops/{shop}")
    url = ShopifyOAuth(Wire().http()).authorize_url(app, SHOP, state="s", redirect_uri="https://api.example.com/")
    assert url.startswith(f"http://127.0.0.1:9/shops/{SHOP}/admin/oauth/authorize?")


def test_a_good_callback_is_a_consent(oauth: ShopifyOAuth) -> None:
    consent = oauth.verify_callback(APP, callback(shop="First-Light.myshopify.com"), now=NOW)
    assert (consent.account, consent.code, consent.state) == (SHOP, "c0de", "st4te")


def test_parameters_of_our_own_redirect_uri_are_signed_too(oauth: ShopifyOAuth) -> None:
    assert oauth.verify_callback(APP, callback(tenant="a b&c=d%"), now=NOW).code == "c0de"


def test_the_published_vector_holds(reference: Path) -> None:
    vectors = json.loads((reference / "provider-data/shopify/signatures.json").read_text())
    vector = next(one for one in vectors if one["kind"] == "oauth_callback_hmac_hex")
    pairs = list(vector["params"].items())
    assert vector["message"].encode() in signed_texts(pairs)
    check_signature(vector["secret"], [*pairs, ("hmac", vector["expected"])])
    with pytest.raises(ConsentRefused):
        check_signature("other", [*pairs, ("hmac", vector["expected"])])


@pytest.mark.parametrize("name", ["code", "host", "shop", "state", "timestamp", "extra"])
def test_a_callback_changed_on_its_way_is_refused(oauth: ShopifyOAuth, name: str) -> None:
    pairs = [(key, value) for key, value in callback() if key != name]
    value = {"shop": "other.myshopify.com", "timestamp": str(int(NOW.timestamp()) + 1)}.get(name, "changed")
    with pytest.raises(ConsentRefused, match="not signed"):
        oauth.verify_callback(APP, [*pairs, (name, value)], now=NOW)


@pytest.mark.parametrize("name", ["code", "shop", "state", "timestamp", "hmac", "host"])
def test_a_parameter_given_twice_is_refused(oauth: ShopifyOAuth, name: str) -> None:
    pairs = callback()
    with pytest.raises(ConsentRefused):
        oauth.verify_callback(APP, [*pairs, (name, dict(pairs)[name])], now=NOW)


@pytest.mark.parametrize("name", ["code", "shop", "state", "timestamp"])
def test_a_callback_that_lacks_something_is_refused(oauth: ShopifyOAuth, name: str) -> None:
    with pytest.raises(ConsentRefused):
        oauth.verify_callback(APP, callback(remove=name), now=NOW)


@pytest.mark.parametrize("shop", ["evil.example", f"{SHOP}\n", f"{SHOP}/", "x.myshopify.com.evil.example"])
def test_a_signature_does_not_make_another_host_a_shop(oauth: ShopifyOAuth, shop: str) -> None:
    with pytest.raises(ConsentRefused, match="names no Shopify shop"):
        oauth.verify_callback(APP, callback(shop=shop), now=NOW)


@pytest.mark.parametrize(("seconds", "taken"), [(-20, False), (-10, True), (0, True), (100, True), (110, False)])
def test_a_callback_is_good_for_a_minute_and_a_half(oauth: ShopifyOAuth, seconds: int, taken: bool) -> None:
    late = NOW + timedelta(seconds=seconds)
    if taken:
        assert oauth.verify_callback(APP, callback(), now=late).code == "c0de"
    else:
        with pytest.raises(ConsentRefused) as caught:
            oauth.verify_callback(APP, callback(), now=late)
        assert caught.value.code == "CONSENT_STALE"


@pytest.mark.parametrize("timestamp", ["now", "-1", "1e9", "\u0663", "9" * 30, "1.5"])
def test_a_timestamp_is_a_number_of_seconds(oauth: ShopifyOAuth, timestamp: str) -> None:
    with pytest.raises(ConsentRefused, match="timestamp"):
        oauth.verify_callback(APP, callback(timestamp=timestamp), now=NOW)


def test_a_refusal_by_the_merchant_is_told_apart(oauth: ShopifyOAuth) -> None:
    with pytest.raises(ConsentRefused) as caught:
        oauth.verify_callback(APP, callback(remove="code", error="access_denied"), now=NOW)
    assert caught.value.code == "CONSENT_DENIED"
    with pytest.raises(ConsentRefused) as caught:
        oauth.verify_callback(APP, callback(error="temporarily_unavailable"), now=NOW)
    assert caught.value.code == "CONSENT_REFUSED"


def test_the_state_can_be_read_first_and_only_if_it_is_one(oauth: ShopifyOAuth) -> None:
    assert oauth.state_of(callback()) == "st4te"
    for bad in ([], [("state", "")], [("state", "a"), ("state", "b")]):
        with pytest.raises(ConsentRefused):
            oauth.state_of(bad)


def test_a_list_is_signed_as_one_value() -> None:
    pairs = [("shop", SHOP), ("ids[]", "1"), ("ids[]", "2")]
    assert f'ids=["1", "2"]&shop={SHOP}'.encode() in signed_texts(pairs)
    with pytest.raises(ConsentRefused):
        signed_texts([*pairs, ("ids", '["1", "2"]')])


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
QUERIES = st.dictionaries(TEXT.filter(lambda name: not name.endswith("[]") and name not in ("hmac", "signature")), TEXT)


@given(QUERIES, QUERIES)
def test_no_two_queries_are_signed_alike(one: dict[str, str], other: dict[str, str]) -> None:
    if one != other:
        assert not set(signed_texts(list(one.items()))) & set(signed_texts(list(other.items())))


SEPARATORS = st.dictionaries(st.text("=&%a", max_size=4), st.text("=&%a", max_size=4), max_size=2)


@given(SEPARATORS, SEPARATORS)
def test_no_value_imitates_a_separator(one: dict[str, str], other: dict[str, str]) -> None:
    if one != other:
        assert not set(signed_texts(list(one.items()))) & set(signed_texts(list(other.items())))


def test_a_separator_in_a_name_is_one_of_its_letters() -> None:
    assert not set(signed_texts([("a=b", "c")])) & set(signed_texts([("a", "b=c")]))


@given(QUERIES)
def test_a_query_in_any_order_is_the_same_query(query: dict[str, str]) -> None:
    pairs = list(query.items())
    assert signed_texts(pairs) == signed_texts(pairs[::-1])


@given(QUERIES.filter(bool), st.data())
def test_both_official_spellings_are_taken_and_nothing_else(query: dict[str, str], data: st.DataObject) -> None:
    pairs = list(query.items())
    check_signature("hush", [*pairs, ("hmac", sign(data.draw(st.sampled_from(signed_texts(pairs))).decode()))])
    name = data.draw(st.sampled_from(sorted(query)))
    changed = [(key, value + "x" if key == name else value) for key, value in pairs]
    with pytest.raises(ConsentRefused):
        check_signature("hush", [*changed, ("hmac", sign(encoded(pairs)))])


def token_answer(**changes: object) -> httpx2.Response:
    body = {
        "access_token": "shpat_1",
        "scope": "read_orders,read_customers",
        "expires_in": 3600,
        "refresh_token": "shprt_1",
        "refresh_token_expires_in": 7_776_000,
    }
    return httpx2.Response(200, json={key: value for key, value in (body | changes).items() if value is not None})


async def test_a_code_becomes_a_pair_of_tokens() -> None:
    wire = Wire(token_answer())
    tokens = await ShopifyOAuth(wire.http()).exchange(APP, SHOP, "c0de", now=NOW)
    assert tokens == TokenSet(
        access_token="shpat_1",
        access_expires_at=NOW + timedelta(hours=1),
        refresh_token="shprt_1",
        refresh_expires_at=NOW + timedelta(days=90),
        scopes=("read_orders", "read_customers"),
    )
    assert str(wire.requests[0].url) == f"https://{SHOP}/admin/oauth/access_token"
    assert wire.bodies == [{"client_id": "client", "client_secret": "hush", "code": "c0de", "expiring": "1"}]
    assert "shp" not in repr(tokens)


async def test_a_custom_app_may_hold_a_token_without_end() -> None:
    wire = Wire(token_answer(expires_in=None, refresh_token=None, refresh_token_expires_in=None))
    tokens = await ShopifyOAuth(wire.http()).exchange(APP, SHOP, "c0de", now=NOW)
    assert (tokens.access_expires_at, tokens.refresh_token, tokens.refresh_expires_at) == (None, None, None)


async def test_a_refresh_brings_the_next_pair() -> None:
    wire = Wire(token_answer(access_token="shpat_2", refresh_token="shprt_2"))
    tokens = await ShopifyOAuth(wire.http()).refresh(APP, SHOP, "shprt_1", now=NOW)
    assert (tokens.access_token, tokens.refresh_token) == ("shpat_2", "shprt_2")
    assert wire.bodies[0]["grant_type"] == "refresh_token"
    assert wire.bodies[0]["refresh_token"] == "shprt_1"


def oauth_error(status: int, code: str) -> httpx2.Response:
    return httpx2.Response(status, json={"error": code, "error_description": "hush hush"})


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (oauth_error(400, "invalid_grant"), ReauthRequired, "NEEDS_REAUTH"),
        (oauth_error(401, "invalid_grant"), ReauthRequired, "NEEDS_REAUTH"),
        (oauth_error(401, "invalid_client"), AnswerUnusable, "QUERY_REFUSED"),
        (httpx2.Response(404, text="Not Found"), AccountGone, "ACCOUNT_GONE"),
        (httpx2.Response(429, headers={"retry-after": "3"}), Throttled, "THROTTLED"),
        (httpx2.Response(503), ProviderUnavailable, "PROVIDER_UNAVAILABLE"),
        (httpx2.ReadError("lost"), ProviderUnavailable, "PROVIDER_UNAVAILABLE"),
        (httpx2.Response(200, text="<html>"), AnswerUnusable, "MALFORMED_ANSWER"),
        (httpx2.Response(200, json=["shpat_1"]), AnswerUnusable, "MALFORMED_ANSWER"),
        (token_answer(access_token=None), AnswerUnusable, "MALFORMED_ANSWER"),
        (token_answer(expires_in="soon"), AnswerUnusable, "MALFORMED_ANSWER"),
        (httpx2.Response(302, headers={"location": "https://evil.example"}), AnswerUnusable, "QUERY_REFUSED"),
    ],
)
async def test_a_failed_refresh_says_what_to_do(
    answer: httpx2.Response | Exception, error: type[Exception], code: str
) -> None:
    with pytest.raises(error) as caught:
        await ShopifyOAuth(Wire(answer).http()).refresh(APP, SHOP, "shprt_1", now=NOW)
    assert getattr(caught.value, "code", None) == code
    assert not any(secret in str(caught.value) for secret in ("hush", "shprt_1", "shpat_1"))


@pytest.mark.parametrize(
    ("reason", "code"), [("invalid_request", "CONSENT_REFUSED"), ("invalid_client", "APP_REFUSED")]
)
async def test_a_refused_code_names_who_is_at_fault(reason: str, code: str) -> None:
    with pytest.raises(ConsentRefused) as caught:
        await ShopifyOAuth(Wire(oauth_error(400, reason)).http()).exchange(APP, SHOP, "c0de", now=NOW)
    assert caught.value.code == code
    assert "c0de" not in str(caught.value)
