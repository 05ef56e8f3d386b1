"""Sales, edits, refunds, cancellations: the arithmetic a connector must follow."""

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.client import ORDER, Store, number

LINES = [
    {"title": "Box Set", "sku": "BOX-1", "quantity": 3, "unit_price": "33.33", "discount": "1.00", "tax": "0.98"},
    {"title": "Single", "sku": "S-1", "quantity": 1, "unit_price": "5.00"},
]


def read(shop: Store, identity: int) -> dict[str, Any]:
    return dict(shop.data(f'{{ order(id: "gid://shopify/Order/{identity}") {{ {ORDER} }} }}')["order"])


def amount(record: dict[str, Any], name: str, side: str = "shopMoney") -> Decimal:
    return Decimal(record[name][side]["amount"])


def sell(shop: Store, **extra: Any) -> dict[str, Any]:
    return dict(shop.control("POST", "/orders", {"lines": LINES, "shipping": "4.50", **extra})["order"])


def test_a_sale_adds_up(shop: Store) -> None:
    made = sell(shop)
    order = read(shop, made["id"])
    assert amount(order, "subtotalPriceSet") == Decimal("103.99")
    assert amount(order, "totalDiscountsSet") == Decimal("1.00")
    assert amount(order, "totalTaxSet") == Decimal("0.98")
    assert amount(order, "totalShippingPriceSet") == Decimal("4.50")
    assert amount(order, "totalPriceSet") == amount(order, "currentTotalPriceSet") == Decimal("109.47")
    assert order["displayFinancialStatus"] == "PAID"
    assert order["createdAt"] == order["processedAt"] == order["updatedAt"] == made["updated_at"]


def test_taxes_may_be_included(shop: Store) -> None:
    order = read(shop, sell(shop, taxes_included=True)["id"])
    assert order["taxesIncluded"]
    assert amount(order, "totalPriceSet") == Decimal("108.49")


def test_decimals_are_spelled_as_shopify_spells_them(shop: Store) -> None:
    order = read(shop, sell(shop)["id"])
    assert order["totalShippingPriceSet"]["shopMoney"]["amount"] == "4.5"
    assert order["totalRefundedSet"]["shopMoney"]["amount"] == "0.0"
    assert order["totalPriceSet"]["shopMoney"]["amount"] == "109.47"


def test_a_customer_may_pay_in_another_currency(shop: Store) -> None:
    order = read(shop, sell(shop, presentment={"currency": "JPY", "rate": "151.237"})["id"])
    assert order["currencyCode"] == "USD"
    assert order["presentmentCurrencyCode"] == "JPY"
    paid = order["totalPriceSet"]["presentmentMoney"]
    assert paid == {"amount": "16556.0", "currencyCode": "JPY"}


def test_refunding_unit_by_unit_gives_back_every_cent(shop: Store) -> None:
    made = sell(shop)
    line = made["lines"][0]["id"]
    for _ in range(3):
        shop.control("POST", f"/orders/{made['id']}/refunds", {"lines": [{"id": line, "quantity": 1}]})
    order = read(shop, made["id"])
    rows = [row for refund in order["refunds"] for row in refund["refundLineItems"]["nodes"]]
    assert sum(amount(row, "subtotalSet") for row in rows) == Decimal("98.99")
    assert sum(amount(row, "totalTaxSet") for row in rows) == Decimal("0.98")
    assert {row["lineItem"]["id"] for row in rows} == {f"gid://shopify/LineItem/{line}"}
    assert order["lineItems"]["nodes"][0]["currentQuantity"] == 0
    assert order["lineItems"]["nodes"][0]["quantity"] == 3
    assert amount(order, "totalRefundedSet") == Decimal("99.97")
    assert amount(order, "totalPriceSet") == Decimal("109.47")
    assert amount(order, "currentTotalPriceSet") == Decimal("9.50")
    assert order["displayFinancialStatus"] == "PARTIALLY_REFUNDED"


def test_a_goodwill_refund_names_no_goods(shop: Store) -> None:
    made = sell(shop)
    shop.control("POST", f"/orders/{made['id']}/refunds", {"amount": "10.00"})
    order = read(shop, made["id"])
    assert order["refunds"][0]["refundLineItems"]["nodes"] == []
    assert amount(order["refunds"][0], "totalRefundedSet") == Decimal("10.00")
    assert amount(order, "currentTotalPriceSet") == Decimal("99.47")
    assert amount(order, "currentSubtotalPriceSet") == Decimal("103.99")


def test_a_refund_of_everything(shop: Store) -> None:
    made = sell(shop)
    shop.control("POST", f"/orders/{made['id']}/refunds")
    order = read(shop, made["id"])
    assert amount(order, "totalRefundedSet") == Decimal("109.47")
    assert amount(order, "currentTotalPriceSet") == 0
    assert order["displayFinancialStatus"] == "REFUNDED"
    assert order["updatedAt"] >= order["createdAt"]


def test_an_old_order_that_changes_is_new_again(shop: Store) -> None:
    oldest = number(shop.ids(first=1, sort_key="PROCESSED_AT")[0])
    before = shop.control("GET", f"/orders/{oldest}")
    edit = {"lines": [{"id": before["lines"][0]["id"], "unit_price": "1.00", "quantity": 5}]}
    shop.control("PATCH", f"/orders/{oldest}", edit)
    order = read(shop, oldest)
    assert order["processedAt"] == before["processed_at"]
    assert order["updatedAt"] > before["updated_at"]
    others = sum(line["quantity"] * line["unit_price"] for line in before["lines"][1:])
    assert amount(order, "totalPriceSet") == Decimal(500 + others) / 100
    assert shop.ids(sort_key="UPDATED_AT")[-1] == order["id"]


def test_removed_units_are_not_refunded_units(shop: Store) -> None:
    made = sell(shop)
    line = made["lines"][0]["id"]
    edited = shop.control("PATCH", f"/orders/{made['id']}", {"lines": [{"id": line, "quantity": 1}]})["order"]
    assert edited["lines"][0]["quantity"] == 3
    assert edited["lines"][0]["current_quantity"] == 1
    assert edited["refunds"] == []
    assert edited["current_total"] == edited["total"] < made["total"]


def test_amounts_agree_after_a_refund_and_an_edit(shop: Store) -> None:
    """Three units for 100.00 do not divide; whatever happens to them, what is left adds up."""
    made = shop.control("POST", "/orders", {"lines": [{"quantity": 3, "unit_price": "33.34", "discount": "0.02"}]})
    identity, line = made["order"]["id"], made["order"]["lines"][0]["id"]
    shop.control("POST", f"/orders/{identity}/refunds", {"lines": [{"id": line, "quantity": 1}]})
    shop.control("PATCH", f"/orders/{identity}", {"lines": [{"id": line, "quantity": 1}]})
    order = read(shop, identity)
    assert amount(order, "currentTotalPriceSet") == amount(order, "currentSubtotalPriceSet") == Decimal("33.33")
    shop.control("POST", f"/orders/{identity}/refunds")
    assert amount(read(shop, identity), "currentTotalPriceSet") == 0


@pytest.mark.parametrize(("refund", "status"), [(True, "REFUNDED"), (False, "VOIDED")])
def test_cancelling(shop: Store, refund: bool, status: str) -> None:
    made = sell(shop)
    shop.control("POST", f"/orders/{made['id']}/cancel", {"reason": "FRAUD", "refund": refund})
    order = read(shop, made["id"])
    assert order["cancelledAt"]
    assert order["displayFinancialStatus"] == status
    assert f"gid://shopify/Order/{made['id']}" in shop.ids("status:cancelled")


def test_a_deleted_order_is_gone_without_a_trace(shop: Store) -> None:
    gone = shop.ids(first=1)[0]
    shop.control("DELETE", f"/orders/{number(gone)}")
    assert gone not in shop.ids()
    assert shop.data(f'{{ order(id: "{gone}") {{ id }} }}')["order"] is None


def test_test_orders_are_marked(shop: Store) -> None:
    made = sell(shop, test=True)
    assert shop.ids("test:true") == [f"gid://shopify/Order/{made['id']}"]
    assert read(shop, made["id"])["test"]


def test_customers_change_and_go(shop: Store) -> None:
    made = shop.control("POST", "/customers", {"first_name": "Ada", "email": "ada@example.com"})["customer"]
    sold = sell(shop, customer_id=made["id"])
    assert shop.control("GET", "/customers?fields=id,spent")["customers"][-1]["spent"] == sold["total"]
    shop.control("DELETE", f"/customers/{made['id']}")
    assert read(shop, sold["id"])["customer"] is None


def test_customers_are_filtered_by_whole_days(shop: Store) -> None:
    """The documented trap: a filter inside a day gives the whole of that day."""
    made = shop.control("POST", "/customers", {"created_at": "2026-11-10T09:00:00-05:00"})["customer"]
    query = "query($q: String) { customers(first: 250, query: $q, sortKey: UPDATED_AT) { nodes { id updatedAt } } }"

    def found(search: str) -> set[int]:
        return {number(node["id"]) for node in shop.data(query, {"q": search})["customers"]["nodes"]}

    assert made["id"] in found("updated_at:>='2026-11-10T22:00:00-05:00'")
    assert made["id"] not in found("updated_at:>'2026-11-10T01:00:00-05:00'")
    assert made["id"] not in found("updated_at:>='2026-11-11T00:00:00-05:00'")


@pytest.mark.parametrize(
    ("path", "content", "field"),
    [
        ("", {}, "lines"),
        ("", {"lines": [{"unit_price": "1.001"}]}, "unit_price"),
        ("", {"lines": [{"unit_price": "-1"}]}, "unit_price"),
        ("", {"lines": [{"unit_price": 5}]}, "unit_price"),
        ("", {"lines": [{"unit_price": "5", "discount": "6"}]}, "lines.discount"),
        ("", {"lines": [{"unit_price": "5", "color": "red"}]}, "color"),
        ("", {"lines": [{"unit_price": "5"}], "processed_at": "2026-11-01"}, "processed_at"),
        ("", {"lines": [{"unit_price": "5"}], "customer_id": 1}, "customer_id"),
        ("/{id}/refunds", {"amount": "1000000"}, "amount"),
        ("/{id}/refunds", {"lines": [{"id": 1}]}, "lines.id"),
        ("/{id}/cancel", {"reason": "BORED"}, "reason"),
    ],
)
def test_a_wrong_call_names_its_field_and_changes_nothing(
    shop: Store, path: str, content: dict[str, Any], field: str
) -> None:
    before = shop.control("GET", "/orders")
    target = before["orders"][0]["id"]
    url = f"/control/shops/{shop.domain}/orders{path.format(id=target)}"
    refused = shop.desk.http.post(url, json=content)
    assert refused.status_code == 400
    assert refused.json()["field"] == field
    assert shop.control("GET", "/orders") == before
