"""What changed at the shop without a word to us is found by the next pass."""

from datetime import timedelta

from tests.integration.connections.office import Client


def some_order(client: Client) -> dict[str, int]:
    return dict(client.store.control("GET", "/orders?fields=id,customer_id,lines,subtotal")["orders"][0])


async def test_quiet_changes_are_found(read_client: Client) -> None:
    before = await read_client.figures()
    sold = {"lines": [{"unit_price": "12.50", "quantity": 2}], "webhook": False}
    read_client.store.control("POST", "/orders", sold)
    refunded = some_order(read_client)
    read_client.store.control("POST", f"/orders/{refunded['id']}/refunds", {"amount": "1.00", "webhook": False})
    await read_client.sync()
    await read_client.recompute()
    figures = await read_client.figures()
    assert figures["orders"] == before["orders"] + 1
    assert figures["gross_revenue"] == before["gross_revenue"] + 2500
    assert figures["refunds"] == before.get("refunds", 0) + 100


async def test_an_increment_reads_what_changed_and_not_everything(read_client: Client) -> None:
    read_client.store.control("PATCH", f"/orders/{some_order(read_client)['id']}", {"note": "late", "webhook": False})
    await read_client.sync()
    assert (await read_client.runs())[-1] == ("COMPLETE", None, 1)


async def test_change_that_the_index_shows_late_is_found(read_client: Client) -> None:
    """A newer change was read already; without an overlap the late one would lie before where the next pass begins."""
    late, prompt = (one["id"] for one in read_client.store.control("GET", "/orders?fields=id")["orders"][:2])
    read_client.store.control("PATCH", f"/orders/{prompt}", {"note": "prompt", "webhook": False})
    await read_client.sync()
    earlier = read_client.house.clock.now() - timedelta(minutes=5)
    content = {"test": True, "updated_at": earlier.isoformat(), "webhook": False}
    read_client.store.control("PATCH", f"/orders/{late}", content)
    orders = await read_client.order_count()
    await read_client.sync()
    assert await read_client.order_count() == orders - 1, "a test order is no business"


async def test_lagging_index_is_waited_for(read_client: Client) -> None:
    read_client.store.control("POST", "/index-lag", {"seconds": 3600})
    read_client.store.control("POST", "/orders", {"lines": [{"unit_price": "5.00"}], "webhook": False})
    orders = await read_client.order_count()
    await read_client.sync()
    assert await read_client.order_count() == orders
    read_client.store.control("POST", "/index-lag", {"seconds": 0})
    await read_client.sync()
    assert await read_client.order_count() == orders + 1


async def test_changed_customer_is_sealed_anew(read_client: Client) -> None:
    customer = read_client.store.control("GET", "/customers?fields=id")["customers"][0]["id"]
    sql = "SELECT sealed_profile, email_hash FROM customers WHERE tenant_id = $1 AND external_id = $2"
    before = await read_client.row(sql, str(customer))
    content = {"email": "someone.new@example.com", "webhook": False}
    read_client.store.control("PATCH", f"/customers/{customer}", content)
    await read_client.sync()
    after = await read_client.row(sql, str(customer))
    assert after["sealed_profile"] != before["sealed_profile"]
    assert after["email_hash"] != before["email_hash"]


async def test_freshness_moves_with_every_pass(read_client: Client) -> None:
    query = (
        "query($t: ID!) { tenant(id: $t) { kpis { nodes { value { freshness { source asOf } } } } "
        "connections { nodes { streams { stream phase asOf } } } } }"
    )
    office = read_client.office
    await office.api.change("kpiCreate", "kpi { id }", tenantId=read_client.tenant, metricKey="orders")

    async def as_of() -> str:
        tenant = (await office.api.ask(query, {"t": read_client.tenant}))["data"]["tenant"]
        (freshness,) = tenant["kpis"]["nodes"][0]["value"]["freshness"]
        assert freshness["source"] == "shopify"
        streams = tenant["connections"]["nodes"][0]["streams"]
        assert {stream["phase"] for stream in streams} == {"INCREMENT"}
        assert freshness["asOf"] == min(stream["asOf"] for stream in streams)
        return str(freshness["asOf"])

    before = await as_of()
    await read_client.sync()
    assert await as_of() > before
