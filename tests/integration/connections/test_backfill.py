"""Reading a whole history: complete, exact, sealed."""

from tests.integration.connections.office import LAST_DAY, Client, Office
from tests.journeys.truth import Ledger, panel


async def test_history_becomes_the_same_figures_as_the_shop_has(read_client: Client) -> None:
    ledger = Ledger(panel(LAST_DAY, customers=20))
    figures = await read_client.figures()
    assert figures["orders"] == figures["customer_orders"] == len(ledger.purchases)
    assert figures["gross_revenue"] == ledger.cents
    assert figures["new_customers"] == ledger.customers
    facts = await read_client.rows("SELECT external_id, gross_minor FROM order_facts WHERE tenant_id = $1")
    truth = read_client.store.control("GET", "/orders?fields=id,subtotal")["orders"]
    assert {int(row["external_id"]): row["gross_minor"] for row in facts} == {
        order["id"]: order["subtotal"] for order in truth
    }


async def test_reading_again_finds_nothing_new(read_client: Client) -> None:
    before = await read_client.rows("SELECT count(*), max(received_at) FROM source_records WHERE tenant_id = $1")
    version = await read_client.row("SELECT data_version FROM tenant_states WHERE tenant_id = $1")
    await read_client.sync()
    assert await read_client.recompute() == 0
    assert (
        await read_client.rows("SELECT count(*), max(received_at) FROM source_records WHERE tenant_id = $1") == before
    )
    assert await read_client.row("SELECT data_version FROM tenant_states WHERE tenant_id = $1") == version


async def test_a_whole_history_in_few_pages_comes_out_exactly(office: Office) -> None:
    """In a database that has no statistics of the new tenant yet, as after every first backfill."""
    client = await office.with_pages_of(250).connect(office.open_shop(customers=2357))
    await client.sync()
    days = await client.recompute()
    ledger = Ledger(panel(LAST_DAY))
    figures = await client.figures()
    assert (figures["orders"], figures["gross_revenue"]) == (6919, ledger.cents)
    assert figures["new_customers"] == ledger.customers == 2357
    assert days == len({one.day for one in ledger.purchases})
