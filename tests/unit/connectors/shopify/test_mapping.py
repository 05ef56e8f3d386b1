from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.shopify.mapping import ShopifyMapping
from domain.ports.errors import AnswerUnusable
from domain.ports.records import CustomerRecord, OrderRecord, ShopRecord, SourceItem
from tests.unit.connectors.shopify.payloads import Json, item, line, money, order, refund, refund_line

MAPPING = ShopifyMapping()


def mapped(payload: Json) -> OrderRecord:
    record = MAPPING.record(item("orders", payload))
    assert isinstance(record, OrderRecord)
    return record


def test_a_shop_tells_its_currency_and_zone() -> None:
    payload = {
        "id": "gid://shopify/Shop/9",
        "name": "First Light",
        "currencyCode": "JPY",
        "ianaTimezone": "Asia/Tokyo",
    }
    assert MAPPING.record(item("shop", payload)) == ShopRecord("9", "First Light", "JPY", "Asia/Tokyo")


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [("Ada", "Abara", "Ada Abara"), (" Ada ", None, "Ada"), (None, "Abara", "Abara"), ("", " ", None)],
)
def test_a_customer_has_the_name_they_gave(first: str | None, last: str | None, name: str | None) -> None:
    payload = {
        "legacyResourceId": "501",
        "createdAt": "2026-01-05T03:04:05Z",
        "firstName": first,
        "lastName": last,
        "defaultEmailAddress": {"emailAddress": "ada@example.com"},
        "defaultPhoneNumber": None,
    }
    since = datetime(2026, 1, 5, 3, 4, 5, tzinfo=UTC)
    expected = CustomerRecord("501", since, name, "ada@example.com", None)
    assert MAPPING.record(item("customers", payload)) == expected


def test_an_order_says_who_when_where_and_what() -> None:
    record = mapped(order([line(1, "10.0", quantity=2, currentQuantity=2, paid="5.0")], subtotalPriceSet="10.0"))
    assert record.external_id == "1001"
    assert record.customer_external_id == "501"
    assert record.occurred_at == datetime(2026, 11, 1, 9, 59, tzinfo=UTC), (
        "when it was placed, not when it was typed in"
    )
    assert (record.currency, record.channel, record.excluded) == ("USD", "web", None)
    (only,) = record.lines
    assert (only.external_id, only.product_external_id, only.sku) == ("1", "77", "CD-1")
    assert (only.quantity, only.gross_minor, only.discount_minor) == (2, 1000, 0)


def test_a_guest_and_a_product_of_no_catalogue_are_nobody_and_nothing() -> None:
    record = mapped(order([line(1, "10.0", product=None, sku="")], customer=None, subtotalPriceSet="10.0"))
    assert record.customer_external_id is None
    assert (record.lines[0].product_external_id, record.lines[0].sku) == (None, None)


def test_prices_without_tax() -> None:
    """Two records of 10.00, one of 5.00, 3.00 off, shipping 4.00, tax 1.98: in all 27.98."""
    lines = [
        line(1, "20.0", quantity=2, currentQuantity=2, paid="8.8"),
        line(2, "5.0", paid="4.4"),
    ]
    totals = {"subtotalPriceSet": "22.0", "totalShippingPriceSet": "4.0", "totalTaxSet": "1.98"}
    record = mapped(order(lines, totalPriceSet="27.98", **totals))
    assert (record.gross_minor, record.discount_minor) == (2500, 300)
    assert (record.tax_minor, record.shipping_minor) == (198, 400)
    assert [(one.gross_minor, one.discount_minor) for one in record.lines] == [(2000, 240), (500, 60)]


def test_prices_with_tax_inside_are_told_without_it() -> None:
    """119.00 of goods at 19 %, 11.90 off; shipping 5.95 at 19 %. Tax 107.10/1.19 and 5.95/1.19: 17.10 + 0.95."""
    totals = {"subtotalPriceSet": "107.1", "totalShippingPriceSet": "5.95", "totalTaxSet": "18.05"}
    record = mapped(order([line(1, "119.0", paid="107.1")], taxesIncluded=True, totalPriceSet="113.05", **totals))
    assert (record.gross_minor, record.discount_minor) == (10000, 1000)
    assert (record.tax_minor, record.shipping_minor) == (1805, 500)
    assert record.gross_minor - record.discount_minor + record.tax_minor + record.shipping_minor == 11305


def test_a_discount_that_does_not_divide_keeps_its_cents() -> None:
    """10.00 off three records of 10.00: a unit price of 6.67 would make 20.01."""
    lines = [line(1, "30.0", quantity=3, currentQuantity=3, paid="6.67")]
    record = mapped(order(lines, subtotalPriceSet="20.0", totalPriceSet="20.0"))
    assert (record.gross_minor, record.discount_minor) == (3000, 1000)


def test_a_free_order_is_all_discount() -> None:
    record = mapped(order([line(1, "11.9", paid="0.0")], taxesIncluded=True))
    assert (record.gross_minor, record.discount_minor, record.tax_minor) == (1190, 1190, 0)


def test_free_shipping_is_not_revenue() -> None:
    totals = {"subtotalPriceSet": "10.0", "totalShippingPriceSet": "4.0", "totalPriceSet": "10.0"}
    record = mapped(order([line(1, "10.0")], **totals))
    assert (record.discount_minor, record.shipping_minor) == (0, 0)


@pytest.mark.parametrize("subtotal", ["10.0", "60.0"])
def test_a_gift_card_is_no_revenue_whether_the_subtotal_has_it_or_not(subtotal: str) -> None:
    lines = [line(1, "10.0"), line(2, "50.0", isGiftCard=True)]
    record = mapped(order(lines, subtotalPriceSet=subtotal, totalPriceSet="60.0"))
    assert (record.gross_minor, record.discount_minor, len(record.lines)) == (1000, 0, 1)


def test_a_gap_that_rounding_cannot_explain_changes_no_line() -> None:
    lines = [line(1, "30.0", quantity=3, currentQuantity=3, paid="9.33"), line(2, "50.0", isGiftCard=True)]
    record = mapped(order(lines, subtotalPriceSet="77.99", totalPriceSet="77.99"))
    assert (record.gross_minor, record.discount_minor) == (3000, 201)


def test_an_order_of_gift_cards_alone_is_no_business_yet() -> None:
    record = mapped(order([line(1, "50.0", isGiftCard=True)], subtotalPriceSet="50.0", totalPriceSet="50.0"))
    assert (record.excluded, record.gross_minor, record.lines) == ("GIFT_CARDS_ONLY", 0, ())


def test_a_tip_is_no_revenue() -> None:
    lines = [line(1, "10.0"), line(2, "2.0", sku=None, product=None, title="Tip")]
    totals = {"subtotalPriceSet": "10.0", "totalTipReceivedSet": "2.0", "totalPriceSet": "12.0"}
    record = mapped(order(lines, **totals))
    assert (record.gross_minor, record.discount_minor, record.shipping_minor) == (1000, 0, 0)


def test_units_edited_out_of_an_order_were_never_sold() -> None:
    lines = [line(1, "30.0", quantity=3, currentQuantity=2, paid="10.0"), line(2, "5.0", currentQuantity=0)]
    record = mapped(order(lines, subtotalPriceSet="20.0", totalPriceSet="20.0"))
    assert [(one.quantity, one.gross_minor) for one in record.lines] == [(2, 2000)]


def test_units_given_back_were_sold_and_then_refunded() -> None:
    lines = [line(1, "30.0", quantity=3, currentQuantity=2, paid="10.0")]
    back = refund(900, "10.8", [refund_line(1, "10.0", tax="0.8")])
    record = mapped(order(lines, [back], subtotalPriceSet="30.0", totalTaxSet="2.4", totalPriceSet="32.4"))
    assert (record.gross_minor, record.lines[0].quantity) == (3000, 3)
    (only,) = record.refunds
    assert (only.external_id, only.amount_minor) == ("900", 1000)
    assert only.occurred_at == datetime(2026, 11, 20, 8, tzinfo=UTC)


def refunds_of(refunds: list[Json], **changes: Any) -> list[int]:
    lines = [line(1, "30.0"), line(2, "50.0", isGiftCard=True)]
    record = mapped(order(lines, refunds, subtotalPriceSet="30.0", totalPriceSet="35.0", **changes))
    return [one.amount_minor for one in record.refunds]


def test_a_refund_in_a_shop_with_tax_inside_is_told_without_it() -> None:
    back = refund(900, "11.9", [refund_line(1, "11.9", tax="1.9")])
    assert refunds_of([back], taxesIncluded=True) == [1000]


def test_a_goodwill_refund_is_for_the_goods_and_refunded_shipping_is_not() -> None:
    assert refunds_of([refund(900, "5.0")]) == [500]
    assert refunds_of([refund(900, "5.0")], totalRefundedShippingSet="5.0") == [0]
    assert refunds_of([refund(900, "5.0"), refund(901, "3.0")], totalRefundedShippingSet="5.0") == [0, 300]


def test_shipping_refunded_with_goods_is_not_looked_for_elsewhere() -> None:
    with_goods = refund(900, "15.0", [refund_line(1, "10.0")])
    assert refunds_of([with_goods, refund(901, "3.0")], totalRefundedShippingSet="5.0") == [1000, 300]


def test_tax_given_back_with_goods_is_not_taken_for_shipping() -> None:
    with_goods = refund(900, "10.8", [refund_line(1, "10.0", tax="0.8")])
    assert refunds_of([with_goods, refund(901, "5.0")], totalRefundedShippingSet="5.0") == [1000, 0]


def test_goods_taken_back_count_though_a_fee_was_kept_or_nothing_paid() -> None:
    assert refunds_of([refund(900, "9.0", [refund_line(1, "10.0")])]) == [1000]
    assert refunds_of([refund(900, "0.0", [refund_line(1, "10.0")])]) == [1000]


def test_a_gift_card_taken_back_is_no_refund_of_goods() -> None:
    assert refunds_of([refund(900, "50.0", [refund_line(2, "50.0", gift_card=True)])]) == [0]


def test_a_refund_of_old_has_only_the_time_it_was_processed() -> None:
    record = mapped(order([line(1, "9.0")], [refund(900, "5.0", createdAt=None)], subtotalPriceSet="9.0"))
    assert record.refunds[0].occurred_at == datetime(2026, 11, 20, 8, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"test": True}, "TEST"),
        ({"cancelledAt": "2026-11-03T00:00:00Z", "totalReceivedSet": "0.0"}, "CANCELLED_UNPAID"),
        ({"cancelledAt": "2026-11-03T00:00:00Z", "totalReceivedSet": "10.0"}, None),
        ({"totalReceivedSet": "0.0", "displayFinancialStatus": "PENDING"}, None),
    ],
)
def test_what_never_was_business_is_named(changes: Json, reason: str | None) -> None:
    record = mapped(order([line(1, "10.0")], subtotalPriceSet="10.0", totalPriceSet="10.0", **changes))
    assert record.excluded == reason
    assert record.gross_minor == 1000


@pytest.mark.parametrize(
    ("source", "channel"),
    [
        ("web", "web"),
        ("WEB", "web"),
        ("580111", "web"),
        ("pos", "pos"),
        ("iphone", "pos"),
        ("shopify_draft_order", "draft"),
        ("subscription_contract", "subscription"),
        ("3890849", "other"),
        (None, "other"),
    ],
)
def test_sales_channels_have_plain_names(source: str | None, channel: str) -> None:
    assert mapped(order([line(1, "1.0")], sourceName=source)).channel == channel


@pytest.mark.parametrize(("currency", "price", "minor"), [("JPY", "1200.0", 1200), ("KWD", "1.234", 1234)])
def test_currencies_keep_their_own_digits(currency: str, price: str, minor: int) -> None:
    lines = [line(1, price, currency=currency)]
    record = mapped(order(lines, currency=currency, subtotalPriceSet=price, totalPriceSet=price))
    assert (record.currency, record.gross_minor, record.discount_minor) == (currency, minor, 0)


def test_a_deletion_is_no_record() -> None:
    gone = SourceItem("orders", "1001", datetime(2026, 11, 2, tzinfo=UTC), None, deleted=True)
    assert MAPPING.record(gone) is None


GOOD = order([line(1, "10.0")], subtotalPriceSet="10.0")


@pytest.mark.parametrize(
    "broken",
    [
        {name: value for name, value in GOOD.items() if name != "processedAt"},
        {name: value for name, value in GOOD.items() if name != "customer"},
        GOOD | {"processedAt": "2026-11-01T09:59:00"},
        GOOD | {"processedAt": "yesterday"},
        GOOD | {"totalPriceSet": None},
        GOOD | {"totalTaxSet": money("0.001")},
        GOOD | {"totalTaxSet": money("1.0", "EUR")},
        GOOD | {"lineItems": {"nodes": [{"id": "1"}]}},
        GOOD | {"lineItems": {"nodes": [line(1, "10.0", quantity="2")]}},
        GOOD | {"lineItems": {"nodes": [line(1, "10.0", id="1")]}},
        GOOD | {"refunds": None},
        GOOD | {"test": "no"},
    ],
)
def test_an_order_that_cannot_be_read_is_an_error_without_its_values(broken: Json) -> None:
    with pytest.raises(AnswerUnusable, match="orders") as caught:
        MAPPING.record(item("orders", broken))
    assert "501" not in str(caught.value)


@pytest.mark.parametrize("payload", [None, b"", b"{", b"[]", b"null"])
def test_a_payload_that_is_no_object_is_an_error(payload: bytes | None) -> None:
    with pytest.raises(AnswerUnusable):
        MAPPING.record(SourceItem("orders", "1001", datetime(2026, 11, 2, tzinfo=UTC), payload))


def test_a_stream_shopify_does_not_have_is_an_error() -> None:
    with pytest.raises(AnswerUnusable, match="no stream deals"):
        MAPPING.record(item("deals", {}))


@st.composite
def baskets(draw: st.DrawFn) -> tuple[list[tuple[int, int, int]], int, int, bool]:
    """(units, price, discount) of each line in cents, shipping and tax in cents, and whether prices include tax."""
    lines = []
    for _ in range(draw(st.integers(1, 6))):
        units, unit_price = draw(st.integers(1, 9)), draw(st.integers(0, 50_000))
        lines.append((units, units * unit_price, draw(st.integers(0, units * unit_price))))
    shipping = draw(st.integers(0, 5_000))
    goods = sum(price - discount for _, price, discount in lines)
    return lines, shipping, draw(st.integers(0, (goods + shipping) // 5)), draw(st.booleans())


def cents(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"


@given(baskets())
def test_what_was_paid_always_adds_up(basket: tuple[list[tuple[int, int, int]], int, int, bool]) -> None:
    lines, shipping, tax, included = basket
    subtotal = sum(price - discount for _, price, discount in lines)
    total = subtotal + shipping + (0 if included else tax)
    nodes = [
        line(
            number,
            cents(price),
            quantity=units,
            currentQuantity=units,
            paid=cents(round((price - discount) / units)),
        )
        for number, (units, price, discount) in enumerate(lines)
    ]
    amounts = {"subtotalPriceSet": subtotal, "totalShippingPriceSet": shipping, "totalTaxSet": tax}
    totals = {name: cents(amount) for name, amount in amounts.items()}
    record = mapped(order(nodes, taxesIncluded=included, totalPriceSet=cents(total), **totals))
    net = record.gross_minor - record.discount_minor
    assert net + record.tax_minor + record.shipping_minor == total
    assert record.gross_minor == sum(one.gross_minor for one in record.lines)
    assert record.discount_minor == sum(one.discount_minor for one in record.lines)
    assert all(0 <= one.discount_minor <= one.gross_minor for one in record.lines)
    if not included:
        assert net == subtotal
        assert record.gross_minor == sum(price for _, price, _ in lines)
