"""What an order is worth, compared with what the practice shop knows of itself."""

from typing import Any

from domain.ports.provider import Provider
from tests.contracts.shopify.house import Desk, Installed


def sold(shop: Installed, **content: Any) -> dict[str, Any]:
    order: dict[str, Any] = shop.store.control("POST", "/orders", content)["order"]
    return order


async def test_discounts_tax_and_shipping_are_told_apart(shop: Installed) -> None:
    lines = [
        {"title": "Single", "sku": "S-1", "quantity": 3, "unit_price": "10.00", "discount": "10.00", "tax": "1.60"},
        {"title": "Box Set", "sku": "B-1", "quantity": 1, "unit_price": "50.00", "tax": "4.00"},
    ]
    truth = sold(shop, lines=lines, shipping="4.90", source_name="pos")
    record = await shop.order(truth["id"])
    assert (record.gross_minor, record.discount_minor) == (8000, 1000)
    assert (record.tax_minor, record.shipping_minor, record.channel) == (560, 490, "pos")
    assert record.gross_minor - record.discount_minor == truth["subtotal"]
    assert [(line.quantity, line.gross_minor, line.discount_minor) for line in record.lines] == [
        (3, 3000, 1000),
        (1, 5000, 0),
    ]


async def test_a_shop_with_tax_inside_its_prices(desk: Desk, provider: Provider) -> None:
    store = desk.open_shop("tax-inside.myshopify.com", currency="EUR", taxes_included=True, last_customer=0)
    shop = await Installed.into(store, provider)
    truth = sold(shop, lines=[{"quantity": 2, "unit_price": "119.00", "discount": "23.80", "tax": "34.20"}])
    record = await shop.order(truth["id"])
    assert (record.currency, record.gross_minor, record.discount_minor) == ("EUR", 20000, 2000)
    assert record.gross_minor - record.discount_minor + record.tax_minor == truth["total"]
    store.control("POST", f"/orders/{truth['id']}/refunds", {"lines": [{"id": truth["lines"][0]["id"], "quantity": 1}]})
    record = await shop.order(truth["id"])
    assert [refund.amount_minor for refund in record.refunds] == [9000]


async def test_money_without_cents(desk: Desk, provider: Provider) -> None:
    store = desk.open_shop("no-cents.myshopify.com", currency="JPY", last_customer=0)
    shop = await Installed.into(store, provider)
    truth = sold(shop, lines=[{"quantity": 3, "unit_price": "1200", "discount": "100"}])
    record = await shop.order(truth["id"])
    assert (record.currency, record.gross_minor, record.discount_minor) == ("JPY", 3600, 100)


async def test_reports_are_in_the_shops_currency_whatever_the_buyer_paid_in(shop: Installed) -> None:
    truth = sold(shop, lines=[{"unit_price": "10.00"}], presentment={"currency": "EUR", "rate": "0.9"})
    record = await shop.order(truth["id"])
    assert (record.currency, record.gross_minor) == ("USD", 1000)


async def test_refunds_of_goods_and_of_goodwill(shop: Installed) -> None:
    truth = sold(shop, lines=[{"quantity": 3, "unit_price": "10.00", "discount": "10.00", "tax": "1.60"}])
    path = f"/orders/{truth['id']}/refunds"
    shop.store.control("POST", path, {"lines": [{"id": truth["lines"][0]["id"], "quantity": 1}]})
    shop.store.control("POST", path, {"amount": "2.50"})
    record = await shop.order(truth["id"])
    known = shop.store.control("GET", f"/orders/{truth['id']}")
    assert record.gross_minor - record.discount_minor == known["subtotal"] == 2000
    by_lines, goodwill = (refund.amount_minor for refund in record.refunds)
    assert by_lines == known["subtotal"] - known["current_subtotal"]
    assert goodwill == 250


async def test_units_edited_out_were_never_sold(shop: Installed) -> None:
    truth = sold(shop, lines=[{"quantity": 3, "unit_price": "10.00", "discount": "1.00"}, {"unit_price": "5.00"}])
    first, second = (line["id"] for line in truth["lines"])
    edits = [{"id": first, "quantity": 2}, {"id": second, "quantity": 0}]
    known = shop.store.control("PATCH", f"/orders/{truth['id']}", {"lines": edits})["order"]
    record = await shop.order(truth["id"])
    assert record.gross_minor - record.discount_minor == known["subtotal"]
    assert [(line.quantity, line.gross_minor) for line in record.lines] == [(2, 2000)]


async def test_what_never_was_business(shop: Installed) -> None:
    test = sold(shop, lines=[{"unit_price": "10.00"}], test=True)
    unpaid = sold(shop, lines=[{"unit_price": "10.00"}])
    paid = sold(shop, lines=[{"unit_price": "10.00"}])
    shop.store.control("POST", f"/orders/{unpaid['id']}/cancel", {"refund": False})
    shop.store.control("POST", f"/orders/{paid['id']}/cancel", {"refund": True})
    assert (await shop.order(test["id"])).excluded == "TEST"
    assert (await shop.order(unpaid["id"])).excluded == "CANCELLED_UNPAID"
    record = await shop.order(paid["id"])
    assert (record.excluded, record.gross_minor, record.refunds[0].amount_minor) == (None, 1000, 1000)


async def test_a_long_order_is_read_to_its_end(shop: Installed) -> None:
    """More lines, more refunds and more lines in a refund than come with the order itself."""
    lines = [{"title": f"Record {number}", "quantity": 2, "unit_price": "1.00"} for number in range(300)]
    truth = sold(shop, lines=lines)
    path = f"/orders/{truth['id']}/refunds"
    many = [{"id": line["id"], "quantity": 1} for line in truth["lines"][:45]]
    shop.store.control("POST", path, {"lines": many})
    for line in truth["lines"][45:60]:
        shop.store.control("POST", path, {"lines": [{"id": line["id"], "quantity": 1}]})
    record = await shop.order(truth["id"])
    assert (len(record.lines), record.gross_minor) == (300, 60000)
    assert len(record.refunds) == 16
    assert sum(refund.amount_minor for refund in record.refunds) == 6000
    assert record.refunds[0].amount_minor == 4500


async def test_a_guest_is_nobody(shop: Installed) -> None:
    assert (await shop.order(sold(shop, lines=[{"unit_price": "1.00"}])["id"])).customer_external_id is None
