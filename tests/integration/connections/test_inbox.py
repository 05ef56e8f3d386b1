"""Webhooks over HTTP: proven, kept, acknowledged, worked off; once, and in whatever order they come."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from domain.connections.inbox import MOST_ATTEMPTS
from tests.integration.connections.office import ZONE, Client, Office
from tests.integration.oauth.world import ManualClock


def orders(client: Client, fields: str = "id,processed_at,subtotal,customer_id,lines") -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = client.store.control("GET", f"/orders?fields={fields}")["orders"]
    return listed


def day_of(order: Mapping[str, Any]) -> date:
    return datetime.fromisoformat(order["processed_at"]).astimezone(ZONE).date()


def at_noon(day: date) -> str:
    return datetime.combine(day, datetime.min.time(), ZONE).replace(hour=12).astimezone(UTC).isoformat()


def requests(client: Client) -> int:
    return int(client.store.control("GET", "/counters").get("graphql", 0))


def headers(
    office: Office, shop: str, body: bytes, *, topic: str = "orders/updated", secret: str | None = None, **changes: str
) -> dict[str, str]:
    digest = hmac.new((secret or office.client_secret).encode(), body, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "x-shopify-topic": topic,
        "x-shopify-hmac-sha256": base64.b64encode(digest).decode(),
        "x-shopify-shop-domain": shop,
        "x-shopify-webhook-id": str(uuid4()),
        "x-shopify-event-id": str(uuid4()),
        "x-shopify-triggered-at": datetime.now(UTC).isoformat(),
    } | changes


async def post(client: Client, body: bytes, **given: Any) -> httpx2.Response:
    office = client.office
    shop = given.pop("shop", client.store.domain)
    url = office.house.webhook_url("shopify", given.pop("app_id", office.app_id))
    return await office.http.post(url, content=body, headers=headers(office, shop, body, **given))


async def states(client: Client) -> list[tuple[str, str, str | None]]:
    return [(row["topic"], row["status"], row["outcome"]) for row in await client.deliveries()]


async def inbox(client: Client) -> dict[str, int]:
    query = (
        "query($t: ID!) { tenant(id: $t) { connections { nodes "
        "{ inbox { received processed failed waiting duplicates stale } } } } }"
    )
    answer = await client.office.api.ask(query, {"t": client.tenant})
    counts: dict[str, int] = answer["data"]["tenant"]["connections"]["nodes"][0]["inbox"]
    return counts


async def newest_run(client: Client) -> dict[str, Any]:
    query = "query($t: ID!) { tenant(id: $t) { recomputeRuns(first: 1) { days firstDay lastDay dayRows } } }"
    answer = await client.office.api.ask(query, {"t": client.tenant})
    run: dict[str, Any] = answer["data"]["tenant"]["recomputeRuns"][0]
    return run


async def test_order_that_moves_is_recomputed_on_its_two_days_alone(read_client: Client) -> None:
    order = orders(read_client)[0]
    old = day_of(order)
    new = old + timedelta(days=40)
    before = {day: await read_client.figures(day) for day in (old, new)}
    everything = await read_client.figures()
    await read_client.at_shop("PATCH", f"/orders/{order['id']}", {"processed_at": at_noon(new)})
    assert await states(read_client) == [("orders/updated", "RECEIVED", None)]
    assert await read_client.work_off() == 1
    assert await states(read_client) == [("orders/updated", "PROCESSED", "APPLIED")]
    assert await read_client.recompute() == 2
    run = await newest_run(read_client)
    assert (run["days"], run["firstDay"], run["lastDay"]) == (2, old.isoformat(), new.isoformat())
    for day, sign in ((old, -1), (new, 1)):
        figures = await read_client.figures(day)
        assert figures["orders"] == before[day].get("orders", 0) + sign
        assert figures["gross_revenue"] == before[day].get("gross_revenue", 0) + sign * order["subtotal"]
    assert (await read_client.figures())["gross_revenue"] == everything["gross_revenue"]


async def test_same_delivery_twice_changes_nothing_and_is_counted(read_client: Client) -> None:
    await read_client.at_shop("POST", "/orders", {"lines": [{"unit_price": "10.00"}]})
    assert await read_client.work_off() == 1
    await read_client.recompute()
    version = await read_client.row("SELECT data_version FROM tenant_states WHERE tenant_id = $1")
    figures = await read_client.figures()
    for sent in read_client.store.control("GET", "/deliveries")["deliveries"]:
        await read_client.at_shop("POST", f"/deliveries/{sent['id']}/resend")
    assert await read_client.work_off() == 0
    assert await read_client.recompute() == 0
    assert await read_client.row("SELECT data_version FROM tenant_states WHERE tenant_id = $1") == version
    assert await read_client.figures() == figures
    assert await inbox(read_client) == {
        "received": 1,
        "processed": 1,
        "failed": 0,
        "waiting": 0,
        "duplicates": 1,
        "stale": 0,
    }


async def test_older_word_that_comes_later_is_not_even_looked_at(read_client: Client) -> None:
    order = orders(read_client)[0]
    now = datetime.now(UTC).replace(microsecond=0)
    read_client.store.control("POST", "/deliveries/pause")
    for seconds, price in ((-60, "11.00"), (-30, "12.00")):
        content = {
            "lines": [{"id": order["lines"][0]["id"], "unit_price": price, "quantity": 1}],
            "updated_at": (now + timedelta(seconds=seconds)).isoformat(),
        }
        read_client.store.control("PATCH", f"/orders/{order['id']}", content)
    older, newer = (each["id"] for each in read_client.store.control("GET", "/deliveries")["deliveries"])
    await read_client.at_shop("POST", f"/deliveries/{newer}/resend")
    await read_client.work_off()
    await read_client.recompute()
    figures, asked = await read_client.figures(), requests(read_client)
    await read_client.at_shop("POST", f"/deliveries/{older}/resend")
    assert await read_client.work_off() == 1
    assert [outcome for _, _, outcome in await states(read_client)] == ["APPLIED", "STALE"]
    assert requests(read_client) == asked
    assert await read_client.recompute() == 0
    assert await read_client.figures() == figures
    assert (await inbox(read_client))["stale"] == 1


async def test_shuffled_storm_ends_as_the_shop_stands(read_client: Client) -> None:
    read_client.store.control("POST", "/deliveries/pause")
    ids = [order["id"] for order in orders(read_client)[:5]]
    for round_ in range(3):
        for order in ids:
            read_client.store.control("PATCH", f"/orders/{order}", {"note": f"round {round_}"})
    read_client.store.control("DELETE", f"/orders/{ids[0]}")
    read_client.store.control("POST", f"/orders/{ids[1]}/refunds", {})
    await read_client.at_shop("POST", "/deliveries/release", {"order": "shuffled"})
    while await read_client.work_off():
        pass
    await read_client.recompute()
    figures = await read_client.figures()
    standing = orders(read_client, "id,subtotal,refunded")
    assert figures["orders"] == len(standing)
    assert figures["gross_revenue"] == sum(order["subtotal"] for order in standing)
    assert figures["refunds"] == sum(order["refunded"] for order in standing) > 0
    assert {status for _, status, _ in await states(read_client)} == {"PROCESSED"}


async def test_several_words_on_one_record_cause_one_look(read_client: Client) -> None:
    order = orders(read_client)[0]["id"]
    for note in ("one", "two", "three"):
        await read_client.at_shop("PATCH", f"/orders/{order}", {"note": note})
    asked = requests(read_client)
    assert await read_client.work_off() == 3
    assert requests(read_client) == asked + 1


@pytest.mark.parametrize("change", ["deleted", "test", "cancelled unpaid", "refunded"])
async def test_what_becomes_of_an_order_reaches_its_own_day(read_client: Client, change: str) -> None:
    order = orders(read_client)[0]
    path = f"/orders/{order['id']}"
    before = await read_client.figures()
    gone = change != "refunded"
    if change == "deleted":
        await read_client.at_shop("DELETE", path)
    elif change == "test":
        await read_client.at_shop("PATCH", path, {"test": True})
    elif change == "cancelled unpaid":
        await read_client.at_shop("POST", f"{path}/cancel", {"refund": True})
        gone = False
    else:
        await read_client.at_shop("POST", f"{path}/refunds", {})
    await read_client.work_off()
    days = await read_client.recompute()
    figures = await read_client.figures()
    assert figures["orders"] == before["orders"] - gone
    assert figures["gross_revenue"] == before["gross_revenue"] - gone * order["subtotal"]
    if gone:
        assert days == 1
        assert figures.get("refunds", 0) == 0
    else:
        today = datetime.now(UTC).astimezone(ZONE).date()
        assert (await read_client.figures(today))["refunds"] == order["subtotal"], "on the day it was given back"
        assert days == 2


async def test_customer_who_changes_or_goes(read_client: Client) -> None:
    customers = read_client.store.control("GET", "/customers?fields=id")["customers"]
    changed, gone = (str(customer["id"]) for customer in customers[:2])
    sql = "SELECT sealed_profile, email_hash, deleted FROM customers WHERE tenant_id = $1 AND external_id = $2"
    before = await read_client.row(sql, changed)
    await read_client.at_shop("PATCH", f"/customers/{changed}", {"email": "elsewhere@example.com"})
    await read_client.at_shop("DELETE", f"/customers/{gone}")
    await read_client.work_off()
    after = await read_client.row(sql, changed)
    assert after["email_hash"] != before["email_hash"]
    assert tuple(await read_client.row(sql, gone)) == (None, None, True)
    assert [outcome for _, _, outcome in await states(read_client)] == ["APPLIED", "APPLIED"]
    kept = "SELECT sealed_payload, deleted FROM source_records WHERE tenant_id = $1 AND external_id = $2"
    assert tuple(await read_client.row(kept, gone)) == (None, True)


async def test_forged_delivery_is_refused_and_not_kept(read_client: Client) -> None:
    body = json.dumps({"id": 1, "updated_at": "2026-11-21T10:00:00Z"}).encode()
    long_ago = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    forged = {
        "another secret": {"secret": "guess"},
        "another body": {"x-shopify-hmac-sha256": base64.b64encode(bytes(32)).decode()},
        "no base64": {"x-shopify-hmac-sha256": "%%%"},
        "no shop": {"x-shopify-shop-domain": "evil.example.com"},
        "two days old": {"x-shopify-triggered-at": long_ago},
    }
    for name, given in forged.items():
        answer = await post(read_client, body, **given)
        assert (answer.status_code, answer.json()) == (401, {"code": "SIGNATURE_REFUSED"}), name
    bare = await read_client.office.http.post(
        read_client.house.webhook_url("shopify", read_client.office.app_id), content=body
    )
    assert bare.status_code == 401
    assert await read_client.deliveries() == []


async def test_delivery_of_nobody_is_acknowledged_and_not_kept(read_client: Client) -> None:
    body = b'{"id": 1}'
    answer = await post(read_client, body, shop="nobody-we-know.myshopify.com")
    assert (answer.status_code, answer.json()) == (200, {"code": "UNKNOWN_ACCOUNT"})
    assert (await post(read_client, body, app_id=uuid4())).status_code == 404
    assert (await post(read_client, body, app_id="x")).status_code == 404
    assert await read_client.office.admin.fetch("SELECT 1 FROM webhook_deliveries WHERE sealed_body = $1", body) == []
    assert await read_client.deliveries() == []


async def test_body_that_contradicts_its_topic_holds_nobody_up(read_client: Client) -> None:
    for body in (b"no json", b"[]", b'{"id": "one"}', b'{"note": 1}'):
        assert (await post(read_client, body)).status_code == 200
    assert (await post(read_client, b"{}", topic="products/update")).status_code == 200
    await read_client.at_shop("POST", "/orders", {"lines": [{"unit_price": "10.00"}]})
    assert await read_client.work_off() == 6
    assert await states(read_client) == [
        *[("orders/updated", "FAILED", "MALFORMED_ANSWER")] * 4,
        ("products/update", "PROCESSED", "IGNORED"),
        ("orders/create", "PROCESSED", "APPLIED"),
    ]
    assert (await inbox(read_client))["failed"] == 4


async def test_record_that_cannot_be_had_is_asked_for_again_later(read_client: Client, clock: ManualClock) -> None:
    await read_client.at_shop("POST", "/orders", {"lines": [{"unit_price": "10.00"}]})
    count = await read_client.order_count()
    for attempt in (1, 2, 3):
        read_client.fault("malformed_json")
        assert await read_client.work_off() == 1
        assert await states(read_client) == [("orders/create", "RECEIVED", "MALFORMED_ANSWER")]
        row = (await read_client.deliveries())[0]
        assert row["attempts"] == attempt
        assert row["due_at"] - clock.now() == pytest.approx(timedelta(seconds=2**attempt), abs=timedelta(seconds=1))
        assert await read_client.work_off() == 0, "not before its time"
        clock.advance(seconds=2**attempt)
    assert await read_client.work_off() == 1
    assert await states(read_client) == [("orders/create", "PROCESSED", "APPLIED")]
    assert await read_client.order_count() == count + 1


async def test_record_that_is_never_had_is_given_up(read_client: Client, clock: ManualClock) -> None:
    await read_client.at_shop("POST", "/orders", {"lines": [{"unit_price": "10.00"}]})
    read_client.fault("malformed_json", times=200)
    for _ in range(MOST_ATTEMPTS):
        assert "FAILED" not in str(await states(read_client))
        await read_client.work_off()
        clock.advance(seconds=3700)
    read_client.fair_weather()
    assert await states(read_client) == [("orders/create", "FAILED", "MALFORMED_ANSWER")]
    assert (await read_client.deliveries())[0]["attempts"] == MOST_ATTEMPTS
    await read_client.sync()
    assert await read_client.order_count() == len(orders(read_client)), "the next pass finds it all the same"


async def test_record_the_database_refuses_holds_nobody_up(read_client: Client) -> None:
    await read_client.at_shop("POST", "/orders", {"lines": [{"unit_price": "10.00", "sku": "CD\0X"}]})
    await read_client.at_shop("POST", "/orders", {"lines": [{"unit_price": "10.00"}]})
    assert await read_client.work_off() == 2
    assert [(status, outcome) for _, status, outcome in await states(read_client)] == [
        ("RECEIVED", "INTERNAL_ERROR"),
        ("PROCESSED", "APPLIED"),
    ]
    await read_client.sync()
    assert (await read_client.runs())[-1][:2] == ("INCOMPLETE", "INTERNAL_ERROR")
    connection = await read_client.connection()
    assert (connection["status"], connection["reason"]) == ("ACTIVE", "INTERNAL_ERROR")


async def test_two_workers_share_an_inbox(read_client: Client) -> None:
    for order in orders(read_client)[:20]:
        read_client.store.control("PATCH", f"/orders/{order['id']}", {"note": "busy"})
    await read_client.all_delivered()
    assert sum(await asyncio.gather(*(read_client.work_off() for _ in range(4)))) == 20
    assert {(row["status"], row["attempts"]) for row in await read_client.deliveries()} == {("PROCESSED", 1)}


async def test_uninstalled_app_forgets_its_tokens(read_client: Client) -> None:
    orders_before = await read_client.order_count()
    await read_client.at_shop("POST", "/uninstall", {"client_id": read_client.office.client_id})
    await read_client.work_off()
    assert await states(read_client) == [("app/uninstalled", "PROCESSED", "UNINSTALLED")]
    connection = await read_client.connection()
    assert (connection["status"], connection["reason"]) == ("REVOKED", "UNINSTALLED")
    tokens = await read_client.row(
        "SELECT sealed_access_token, sealed_refresh_token, sealed_previous_refresh_token FROM connections"
        " WHERE tenant_id = $1"
    )
    assert tuple(tokens) == (None, None, None)
    asked = requests(read_client)
    await read_client.sync()
    assert requests(read_client) == asked
    assert (await read_client.connection())["status"] == "REVOKED"
    assert await read_client.order_count() == orders_before


async def test_uninstallation_is_heard_though_a_sync_met_the_dead_token_first(read_client: Client) -> None:
    read_client.store.control("POST", "/deliveries/pause")
    read_client.store.control("POST", "/uninstall", {"client_id": read_client.office.client_id})
    await read_client.sync()
    assert (await read_client.connection())["status"] == "NEEDS_REAUTH"
    await read_client.at_shop("POST", "/deliveries/release")
    await read_client.work_off()
    connection = await read_client.connection()
    assert (connection["status"], connection["reason"]) == ("REVOKED", "UNINSTALLED")


async def test_app_can_be_installed_again_and_late_words_of_the_old_one_mean_nothing(read_client: Client) -> None:
    read_client.store.control("POST", "/deliveries/pause")
    read_client.store.control("POST", "/uninstall", {"client_id": read_client.office.client_id})
    await read_client.sync()
    await asyncio.sleep(1.1)  # the provider tells time in seconds
    again = await read_client.office.connect(read_client.store, tenant=read_client.tenant)
    await read_client.at_shop("POST", "/deliveries/release")
    await again.work_off()
    assert await states(again) == [("app/uninstalled", "PROCESSED", "STALE")]
    await again.sync()
    connection = await again.connection()
    assert (connection["id"], connection["status"], connection["reason"]) == (connection["id"], "ACTIVE", None)
    await again.at_shop("POST", "/orders", {"lines": [{"unit_price": "10.00"}]})
    assert await again.work_off() == 1, "its webhooks are there again"


async def test_words_wait_for_a_connection_that_needs_its_owner(read_client: Client, clock: ManualClock) -> None:
    """A deletion is told once: what is dropped now would be counted for ever."""
    read_client.store.control("POST", "/tokens/revoke", {"client_id": read_client.office.client_id})
    await read_client.sync()
    order = orders(read_client)[0]["id"]
    await read_client.at_shop("DELETE", f"/orders/{order}")
    count = await read_client.order_count()
    for _ in range(15):
        await read_client.work_off()
        clock.advance(seconds=61)
    assert (await inbox(read_client))["waiting"] == 1
    clock.ahead = timedelta()
    again = await read_client.office.connect(read_client.store, tenant=read_client.tenant)
    clock.advance(minutes=20)
    await again.work_off()
    assert await again.order_count() == count - 1
    assert await states(again) == [("orders/delete", "PROCESSED", "APPLIED")]


async def test_delivery_is_acknowledged_at_once_while_the_provider_is_down(read_client: Client) -> None:
    """What we acknowledge does not hang on what we ask."""
    read_client.fault("hang", times=20, seconds=10)
    began = datetime.now(UTC)
    await read_client.at_shop("POST", "/orders", {"lines": [{"unit_price": "10.00"}]})
    assert datetime.now(UTC) - began < timedelta(seconds=5)
    read_client.fair_weather()
    assert (await inbox(read_client))["waiting"] == 1
