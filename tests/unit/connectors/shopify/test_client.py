import httpx2
import pytest

from connectors.shopify.queries import API_VERSION, SHOP
from domain.ports.errors import (
    AccountGone,
    AnswerUnusable,
    ProviderError,
    ProviderUnavailable,
    ReauthRequired,
    ScopeMissing,
    Throttled,
    TokenRejected,
)
from domain.ports.provider import AppCredentials
from tests.unit.connectors.shopify.stage import APP, Clock, Tokens, Wire, account, answer, client, cost, error
from tests.unit.connectors.shopify.stage import SHOP as DOMAIN

DATA = {"shop": {"name": "First Light"}}
THROTTLED = error("THROTTLED")


def throttled(requested: int, available: int, rate: int = 100) -> httpx2.Response:
    return answer(errors=[THROTTLED], extensions=cost(requested, available, rate=rate))


async def test_a_query_goes_to_the_shop_with_its_token() -> None:
    wire = Wire(answer(DATA))
    data = await client(wire).query(account(), SHOP, {"a": 1})
    assert data.child("shop").text("name") == "First Light"
    request = wire.requests[0]
    assert str(request.url) == f"https://{DOMAIN}/admin/api/{API_VERSION}/graphql.json"
    assert request.headers["x-shopify-access-token"] == "token-1"
    assert wire.bodies[0] == {"query": SHOP.text, "variables": {"a": 1}, "operationName": "Shop"}


async def test_a_token_is_never_sent_to_a_host_that_is_no_shop() -> None:
    wire = Wire(answer(DATA))
    stranger = account()
    with pytest.raises(ValueError, match="address at Shopify"):
        await client(wire).query(type(stranger)(stranger.app, "evil.example", stranger.tokens), SHOP)
    assert not wire.requests


async def test_a_rejected_token_is_renewed_once() -> None:
    tokens = Tokens("old", "new")
    wire = Wire(httpx2.Response(401), answer(DATA))
    await client(wire).query(account(tokens), SHOP)
    assert tokens.rejected == ["old"]
    assert [request.headers["x-shopify-access-token"] for request in wire.requests] == ["old", "new"]


async def test_a_second_rejection_is_final() -> None:
    tokens = Tokens("old", "new", "newer")
    with pytest.raises(TokenRejected):
        await client(Wire(httpx2.Response(401), httpx2.Response(401))).query(account(tokens), SHOP)
    assert tokens.rejected == ["old"]


async def test_a_dead_consent_is_told_as_such() -> None:
    with pytest.raises(ReauthRequired):
        await client(Wire(httpx2.Response(401))).query(account(), SHOP)


async def test_throttled_waits_until_the_points_are_there() -> None:
    clock = Clock()
    wire = Wire(throttled(requested=500, available=100), answer(DATA))
    await client(wire, clock).query(account(), SHOP)
    assert sum(clock.slept) == pytest.approx(4.0), "400 points at 100 a second"


async def test_a_long_wait_is_handed_back_with_its_length() -> None:
    clock = Clock()
    with pytest.raises(Throttled) as caught:
        await client(Wire(throttled(requested=1000, available=0, rate=50)), clock).query(account(), SHOP)
    assert caught.value.retry_after == 20.0
    assert not clock.slept


async def test_a_query_that_cannot_be_paid_waits_before_it_is_sent() -> None:
    clock = Clock()
    wire = Wire(
        answer(DATA, extensions=cost(requested=300, available=100, rate=100)),
        answer(DATA, extensions=cost(requested=300, available=2000, rate=100)),
        answer(DATA),
    )
    shopify = client(wire, clock)
    shop = account()
    await shopify.query(shop, SHOP)
    await shopify.query(shop, SHOP)
    assert clock.slept == [pytest.approx(2.0)]
    await shopify.query(shop, SHOP)
    assert len(clock.slept) == 1, "the second answer told of a full bucket"


async def test_a_wait_known_beforehand_and_too_long_costs_no_request() -> None:
    wire = Wire(answer(DATA, extensions=cost(requested=1000, available=0, rate=50)))
    shopify = client(wire)
    shop = account()
    await shopify.query(shop, SHOP)
    with pytest.raises(Throttled) as caught:
        await shopify.query(shop, SHOP)
    assert caught.value.retry_after == pytest.approx(20.0)
    assert len(wire.requests) == 1


async def test_what_was_paid_for_is_not_reserved_for_ever() -> None:
    clock = Clock()
    shopify = client(Wire(*[answer(DATA, extensions=cost(requested=900, available=3500)) for _ in range(20)]), clock)
    for _ in range(20):
        await shopify.query(account(), SHOP)
    assert not clock.slept


async def test_another_app_has_a_bucket_of_its_own() -> None:
    clock = Clock()
    wire = Wire(answer(DATA, extensions=cost(requested=300, available=0)), answer(DATA))
    shopify = client(wire, clock)
    other = AppCredentials("other", "secret", APP.scopes, APP.base_url)
    await shopify.query(account(), SHOP)
    await shopify.query(account(app=other), SHOP)
    assert not clock.slept


async def test_retry_after_is_obeyed() -> None:
    clock = Clock()
    wire = Wire(httpx2.Response(429, headers={"retry-after": "2.0"}), answer(DATA))
    await client(wire, clock).query(account(), SHOP)
    assert clock.slept == [2.0]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_short_outage_is_sat_out_with_growing_waits(status: int) -> None:
    clock = Clock()
    await client(Wire(httpx2.Response(status), httpx2.Response(status), answer(DATA)), clock).query(account(), SHOP)
    assert clock.slept == [0.5, 1.0]


async def test_a_long_outage_is_given_up() -> None:
    clock = Clock()
    wire = Wire(*[httpx2.ReadTimeout("slow")] * 9)
    with pytest.raises(ProviderUnavailable):
        await client(wire, clock).query(account(), SHOP)
    assert len(wire.requests) == 5
    assert sum(clock.slept) < 30


async def test_waits_that_are_short_each_are_not_added_up_for_ever() -> None:
    clock = Clock()
    wire = Wire(*[httpx2.Response(429, headers={"retry-after": "4.0"})] * 5)
    with pytest.raises(Throttled) as caught:
        await client(wire, clock).query(account(), SHOP)
    assert caught.value.retry_after == 4.0
    assert clock.slept == [4.0, 4.0], "a third would pass ten seconds"


async def test_a_shop_that_is_slow_to_fail_is_not_asked_again() -> None:
    """Twenty seconds without an answer use up all patience; whoever holds a lease must let go of it in time."""
    clock = Clock()

    def slow(_request: httpx2.Request) -> httpx2.Response:
        clock.at += 20
        raise httpx2.ReadTimeout("slow")

    wire = Wire(slow, answer(DATA))
    with pytest.raises(ProviderUnavailable):
        await client(wire, clock).query(account(), SHOP)
    assert len(wire.requests) == 1


async def test_an_internal_error_without_data_is_an_outage() -> None:
    wire = Wire(answer(errors=[error("INTERNAL_SERVER_ERROR")]), answer(DATA))
    await client(wire).query(account(), SHOP)
    assert len(wire.requests) == 2


REQUIRED = "`read_orders` access scope or `read_marketplace_orders` access scope."
PII = "https://shopify.dev/docs/apps/launch/protected-customer-data"


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (answer(DATA, errors=[error("INTERNAL_SERVER_ERROR")]), AnswerUnusable, "PARTIAL_ANSWER"),
        (answer(DATA, errors=[{"message": "no code"}]), AnswerUnusable, "PARTIAL_ANSWER"),
        (answer(DATA, errors="words"), AnswerUnusable, "PARTIAL_ANSWER"),
        (answer(errors=[error("undefinedField")]), AnswerUnusable, "QUERY_REFUSED"),
        (answer(errors=[error("MAX_COST_EXCEEDED")]), AnswerUnusable, "QUERY_REFUSED"),
        (answer(errors=[error("ACCESS_DENIED", requiredAccess=REQUIRED)]), ScopeMissing, "SCOPE_MISSING"),
        (answer(DATA, errors=[error("ACCESS_DENIED", documentation=PII)]), ScopeMissing, "SCOPE_MISSING"),
        (answer(errors=[error("SHOP_INACTIVE")]), AccountGone, "ACCOUNT_GONE"),
        (answer(None), AnswerUnusable, "MALFORMED_ANSWER"),
        (answer(["a"]), AnswerUnusable, "MALFORMED_ANSWER"),
        (answer(DATA, headers={"x-shopify-api-version": "2026-07"}), AnswerUnusable, "WRONG_API_VERSION"),
        (httpx2.Response(200, json={"data": DATA}), AnswerUnusable, "WRONG_API_VERSION"),
        (httpx2.Response(400, json={"errors": "bad"}), AnswerUnusable, "QUERY_REFUSED"),
        (httpx2.Response(402), AccountGone, "ACCOUNT_FROZEN"),
        (httpx2.Response(403), ScopeMissing, "SCOPE_MISSING"),
        (httpx2.Response(404), AccountGone, "ACCOUNT_GONE"),
        (httpx2.Response(423), AccountGone, "ACCOUNT_LOCKED"),
        (httpx2.Response(302, headers={"location": "https://evil.example"}), AnswerUnusable, "QUERY_REFUSED"),
    ],
)
async def test_what_is_not_a_whole_answer_is_an_error_that_says_what_to_do(
    reply: httpx2.Response, kind: type[ProviderError], code: str
) -> None:
    wire = Wire(reply)
    with pytest.raises(kind) as caught:
        await client(wire).query(account(), SHOP)
    assert caught.value.code == code
    assert len(wire.requests) == 1, "waiting would not help"
    assert "token-1" not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b'{"data": 3}', b'{"extensions": {}}'])
async def test_a_malformed_body_is_unusable(body: bytes) -> None:
    reply = httpx2.Response(200, content=body, headers={"x-shopify-api-version": API_VERSION})
    with pytest.raises(AnswerUnusable) as caught:
        await client(Wire(reply)).query(account(), SHOP)
    assert caught.value.code == "MALFORMED_ANSWER"


@pytest.mark.parametrize("extensions", [[], "x", {"cost": None}, {"cost": {"throttleStatus": {"restoreRate": "0"}}}])
async def test_a_broken_hint_about_cost_does_not_lose_the_answer(extensions: object) -> None:
    data = await client(Wire(answer(DATA, extensions=extensions))).query(account(), SHOP)
    assert data.has("shop")


async def test_missing_scopes_are_named() -> None:
    with pytest.raises(ScopeMissing, match="needs read_orders") as caught:
        await client(Wire(answer(errors=[error("ACCESS_DENIED", requiredAccess=REQUIRED)]))).query(account(), SHOP)
    assert caught.value.scopes == ("read_orders",)


async def test_an_error_can_be_found_again_in_shopifys_logs_and_quotes_nobody() -> None:
    reply = answer(errors=[{"message": "ada@example.com is invalid"}], headers={"x-request-id": "abc-1"})
    with pytest.raises(AnswerUnusable, match="request abc-1") as caught:
        await client(Wire(reply)).query(account(), SHOP)
    assert "ada" not in str(caught.value)
