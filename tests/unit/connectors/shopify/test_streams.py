from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from connectors.shopify.cursor import INCREMENT, Cursor
from connectors.shopify.orders import OrderStream
from connectors.shopify.streams import CustomerStream, Reach
from domain.ports.errors import AnswerUnusable, ScopeMissing
from domain.ports.provider import AppCredentials
from tests.unit.connectors.shopify.payloads import line, order, refund, refund_line
from tests.unit.connectors.shopify.stage import Wire, account, answer, client

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
REACH = Reach(overlap=timedelta(minutes=10), lag=timedelta(seconds=5), page_size=100)
MORE = {"hasNextPage": True, "endCursor": "next"}
LAST = {"hasNextPage": False, "endCursor": None}


def customer(number: int, updated_at: str = "2026-11-02T10:00:00Z") -> dict[str, Any]:
    return {"legacyResourceId": str(number), "updatedAt": updated_at}


def customers(*nodes: dict[str, Any], page: dict[str, Any] = LAST, **more: Any) -> dict[str, Any]:
    return {"customers": {"nodes": list(nodes), "pageInfo": page}, **more}


def count(number: int, precision: str = "EXACT") -> dict[str, Any]:
    return {"customersCount": {"count": number, "precision": precision}}


def increment(since: datetime, **changes: Any) -> dict[str, Any]:
    return Cursor(INCREMENT, mark=since, since=since, **changes).to_json()


def stream(wire: Wire, reach: Reach = REACH) -> CustomerStream:
    return CustomerStream(client(wire), reach)


async def test_a_backfill_walks_by_id_and_counts_once() -> None:
    wire = Wire(
        answer(customers(customer(1), customer(2), page=MORE, **count(3))),
        answer(customers(customer(3))),
    )
    reading = stream(wire)
    first = await reading.fetch(account(), reading.opening(), now=NOW)
    assert ([item.external_id for item in first.items], first.done, first.expected) == (["1", "2"], False, 3)
    second = await reading.fetch(account(), first.cursor, now=NOW)
    assert ([item.external_id for item in second.items], second.done, second.expected) == (["3"], True, None)
    asked = [body["variables"] for body in wire.bodies]
    assert asked[0] == {"first": 100, "after": None, "query": None, "sortKey": "ID", "count": True}
    assert asked[1] == {"first": 100, "after": "next", "query": None, "sortKey": "ID", "count": False}


async def test_a_count_that_shopify_gave_up_is_none() -> None:
    page = await stream(Wire(answer(customers(**count(10_000, "AT_LEAST"))))).fetch(
        account(), stream(Wire()).opening(), now=NOW
    )
    assert page.expected is None


async def test_the_first_increment_begins_where_the_backfill_did() -> None:
    """Whatever changed while it ran is read again, however long it ran."""
    wire = Wire(answer(customers(customer(1), page=MORE)), answer(customers(customer(2))), answer(customers()))
    reading = stream(wire)
    page = await reading.fetch(account(), reading.opening(), now=NOW)
    page = await reading.fetch(account(), page.cursor, now=NOW + timedelta(days=3))
    assert page.cursor["since"] == "2026-11-22T11:59:55+00:00", "less the lag: the newest may not be listed yet"
    await reading.fetch(account(), page.cursor, now=NOW + timedelta(days=3))
    assert wire.bodies[-1]["variables"]["query"] == "updated_at:>='2026-11-21'"


@pytest.mark.parametrize(
    ("since", "day"),
    [
        ("2026-11-22T12:09:00+00:00", "2026-11-21"),
        ("2026-11-22T12:11:00+00:00", "2026-11-22"),
        ("2026-11-22T00:00:00+00:00", "2026-11-21"),
    ],
)
async def test_customers_are_asked_for_by_days_that_hold_in_every_zone(since: str, day: str) -> None:
    """Ten minutes of overlap, and half a day because the day may be one of the far side of the date line."""
    wire = Wire(answer(customers()))
    await stream(wire).fetch(account(), increment(datetime.fromisoformat(since)), now=NOW + timedelta(days=1))
    assert wire.bodies[0]["variables"]["query"] == f"updated_at:>='{day}'"


async def test_orders_are_asked_for_to_the_second_and_up_to_the_lag() -> None:
    wire = Wire(answer({"orders": {"nodes": [], "pageInfo": LAST}}))
    await OrderStream(client(wire), REACH).fetch(account(), increment(NOW - timedelta(hours=1)), now=NOW)
    variables = wire.bodies[0]["variables"]
    assert variables["query"] == "updated_at:>='2026-11-22T10:50:00Z' AND updated_at:<='2026-11-22T11:59:55Z'"
    assert variables["sortKey"] == "UPDATED_AT"


async def test_the_mark_follows_what_was_seen_but_never_leaves_its_window() -> None:
    seen = [customer(1, "2026-11-22T11:00:00Z"), customer(2, "2026-11-22T11:59:58Z")]
    page = await stream(Wire(answer(customers(*seen)))).fetch(account(), increment(NOW - timedelta(hours=2)), now=NOW)
    assert page.done
    assert page.cursor["since"] == "2026-11-22T11:00:00+00:00", "the newer one lies inside the lag and may have peers"


async def test_an_increment_that_finds_nothing_keeps_its_mark() -> None:
    since = NOW - timedelta(days=9)
    page = await stream(Wire(answer(customers()))).fetch(account(), increment(since), now=NOW)
    assert page.cursor["since"] == since.isoformat()


async def test_the_window_stays_the_same_over_all_pages_of_a_pass() -> None:
    wire = Wire(
        answer({"orders": {"nodes": [], "pageInfo": MORE}}),
        answer({"orders": {"nodes": [], "pageInfo": LAST}}),
    )
    reading = OrderStream(client(wire), REACH)
    page = await reading.fetch(account(), increment(NOW - timedelta(hours=1)), now=NOW)
    await reading.fetch(account(), page.cursor, now=NOW + timedelta(hours=9))
    first, second = (body["variables"]["query"] for body in wire.bodies)
    assert first == second


async def test_a_walk_that_does_not_go_forward_is_ended() -> None:
    reading = stream(Wire(answer(customers(page=MORE)), answer(customers(page=MORE))))
    page = await reading.fetch(account(), reading.opening(), now=NOW)
    with pytest.raises(AnswerUnusable, match="without going forward"):
        await reading.fetch(account(), page.cursor, now=NOW)


async def test_payloads_are_what_shopify_said_in_one_order_of_names() -> None:
    node = {"updatedAt": "2026-11-02T10:00:00Z", "legacyResourceId": "1", "firstName": "Bjørn", "tags": ["b", "a"]}
    page = await stream(Wire(answer(customers(node)))).fetch(account(), stream(Wire()).opening(), now=NOW)
    (only,) = page.items
    assert only.payload == orjson.dumps(node, option=orjson.OPT_SORT_KEYS)
    assert only.version == datetime(2026, 11, 2, 10, tzinfo=UTC)


async def test_what_is_not_there_is_a_deletion_as_of_now() -> None:
    item = await stream(Wire(answer({"customer": None}))).fetch_one(account(), "501", now=NOW)
    assert (item.stream, item.external_id, item.deleted, item.version, item.payload) == (
        "customers",
        "501",
        True,
        NOW,
        None,
    )


@pytest.mark.parametrize("external_id", ["", "gid://shopify/Customer/1", "1 OR 1", "\u0661"])
async def test_an_id_that_is_no_number_is_not_sent(external_id: str) -> None:
    wire = Wire()
    with pytest.raises(AnswerUnusable):
        await stream(wire).fetch_one(account(), external_id, now=NOW)
    assert not wire.requests


def listed(node: dict[str, Any], lines_page: dict[str, Any] = LAST) -> dict[str, Any]:
    node["lineItems"]["pageInfo"] = lines_page
    for one in node["refunds"]:
        one["refundLineItems"].setdefault("pageInfo", LAST)
    return {"orders": {"nodes": [node], "pageInfo": LAST}}


async def read(*answers: dict[str, Any]) -> tuple[dict[str, Any], Wire]:
    wire = Wire(*[answer(data) for data in answers])
    reading = OrderStream(client(wire), REACH)
    page = await reading.fetch(account(), reading.opening(), now=NOW)
    assert page.items[0].payload is not None
    return orjson.loads(page.items[0].payload), wire


async def test_an_order_comes_with_all_its_lines() -> None:
    rest = [
        {"order": {"lineItems": {"nodes": [line(number, "1.0")], "pageInfo": page}}}
        for number, page in ((2, MORE | {"endCursor": "third"}), (3, LAST))
    ]
    payload, wire = await read(listed(order([line(1, "1.0")]), MORE), *rest)
    assert [one["id"][-1] for one in payload["lineItems"]["nodes"]] == ["1", "2", "3"]
    assert "pageInfo" not in payload["lineItems"]
    assert [body["variables"].get("after") for body in wire.bodies] == [None, "next", "third"]


async def test_an_order_that_goes_while_it_is_read_makes_no_page() -> None:
    with pytest.raises(AnswerUnusable) as caught:
        await read(listed(order([line(1, "1.0")]), MORE), {"order": None})
    assert caught.value.code == "PARTIAL_ANSWER"


async def test_an_order_comes_with_all_its_refunds_and_their_lines() -> None:
    many = [refund(number, "1.0") for number in range(10)]
    all_of_them = [refund(number, "1.0") for number in range(12)]
    for one in all_of_them:
        one["refundLineItems"]["pageInfo"] = LAST
    all_of_them[0]["refundLineItems"] = {"nodes": [refund_line(1, "1.0")], "pageInfo": MORE}
    rest = {"node": {"refundLineItems": {"nodes": [refund_line(2, "1.0")], "pageInfo": LAST}}}
    payload, _ = await read(listed(order([line(1, "1.0")], many)), {"order": {"refunds": all_of_them}}, rest)
    assert len(payload["refunds"]) == 12
    assert len(payload["refunds"][0]["refundLineItems"]["nodes"]) == 2


async def test_more_refunds_than_shopify_hands_out_make_no_page() -> None:
    many = [refund(number, "1.0") for number in range(10)]
    with pytest.raises(AnswerUnusable) as caught:
        await read(listed(order([line(1, "1.0")], many)), {"order": {"refunds": many * 25}})
    assert caught.value.code == "PARTIAL_ANSWER"


@pytest.mark.parametrize(("scopes", "asked"), [(("read_orders",), False), (("read_orders", "read_products"), True)])
async def test_products_are_asked_for_by_apps_that_may(scopes: tuple[str, ...], asked: bool) -> None:
    wire = Wire(answer({"orders": {"nodes": [], "pageInfo": LAST}}))
    reading = OrderStream(client(wire), REACH)
    app = AppCredentials("client", "hush", scopes, "https://{shop}")
    await reading.fetch(account(app=app), reading.opening(), now=NOW)
    assert wire.bodies[0]["variables"]["products"] is asked


RECENT = AppCredentials("client", "hush", ("read_orders",), "https://{shop}")


async def test_an_order_too_old_to_be_shown_is_not_taken_for_deleted() -> None:
    oldest = {"orders": {"nodes": [{"legacyResourceId": "5000"}]}}
    reading = OrderStream(client(Wire(answer({"order": None}), answer(oldest))), REACH)
    with pytest.raises(ScopeMissing) as caught:
        await reading.fetch_one(account(app=RECENT), "4999", now=NOW)
    assert caught.value.scopes == ("read_all_orders",)
    reading = OrderStream(client(Wire(answer({"order": None}), answer(oldest))), REACH)
    assert (await reading.fetch_one(account(app=RECENT), "5001", now=NOW)).deleted
