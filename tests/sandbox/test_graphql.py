"""Reading the shop: pages, filters, prices in points, refusals."""

import base64
import json
import time
from typing import Any

import pytest

from tests.sandbox.client import CLIENT_ID, IDS, ORDERS, Desk, Store, number
from tests.sandbox.conftest import Starter


def codes(body: dict[str, Any]) -> set[str]:
    return {error["extensions"]["code"] for error in body["errors"]}


@pytest.mark.parametrize("sort_key", ["ID", "CREATED_AT", "PROCESSED_AT", "UPDATED_AT", "TOTAL_PRICE"])
def test_pages_of_any_size_tile_the_shop_without_gap_or_overlap(shop: Store, sort_key: str) -> None:
    everything = {order["id"] for order in shop.control("GET", "/orders?fields=id")["orders"]}
    for size in (7, 250):
        found = [number(gid) for gid in shop.ids(first=size, sort_key=sort_key)]
        assert len(found) == len(everything)
        assert set(found) == everything


def test_backwards_and_in_reverse(shop: Store) -> None:
    forward = shop.ids(first=250, sort_key="PROCESSED_AT")
    query = (
        "query($last: Int, $before: String, $first: Int, $after: String, $reverse: Boolean) {"
        " orders(last: $last, before: $before, first: $first, after: $after, reverse: $reverse) {"
        " edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
    )
    tail = shop.data(query, {"last": 5})["orders"]
    assert [edge["node"]["id"] for edge in tail["edges"]] == forward[-5:]
    assert tail["pageInfo"]["hasPreviousPage"]
    assert not tail["pageInfo"]["hasNextPage"]
    before = shop.data(query, {"last": 5, "before": tail["pageInfo"]["startCursor"]})["orders"]
    assert [edge["node"]["id"] for edge in before["edges"]] == forward[-10:-5]
    backwards = shop.data(query, {"first": 4, "reverse": True})["orders"]
    assert [edge["node"]["id"] for edge in backwards["edges"]] == forward[:-5:-1]
    following = shop.data(query, {"first": 4, "reverse": True, "after": backwards["edges"][-1]["cursor"]})["orders"]
    assert [edge["node"]["id"] for edge in following["edges"]] == forward[-5:-9:-1]


def test_a_page_stays_put_while_the_shop_changes(shop: Store) -> None:
    """A cursor is a place in the order, not a count: an edit of a row already seen moves it behind the reader."""
    pages = shop.pages(IDS, 20, sortKey="UPDATED_AT")
    first = next(pages)
    shop.control("PATCH", f"/orders/{number(first[0]['id'])}", {"note": "gift"})
    rest = [node["id"] for page in pages for node in page]
    assert first[0]["id"] == rest[-1]
    assert {node["id"] for node in first} | set(rest) == set(shop.ids())


@pytest.mark.parametrize("cursor", ["nonsense", "eyJsYXN0X2lkIjoxfQ==", base64.b64encode(b'"x"').decode()])
def test_a_strange_cursor_is_refused(shop: Store, cursor: str) -> None:
    body = shop.post(IDS, {"first": 5, "after": cursor}).json()
    assert "Invalid cursor" in body["errors"][0]["message"]


def test_a_cursor_belongs_to_its_sort_key(shop: Store) -> None:
    page = shop.data(IDS, {"first": 5, "sortKey": "ID"})["orders"]
    body = shop.post(IDS, {"first": 5, "sortKey": "UPDATED_AT", "after": page["pageInfo"]["endCursor"]}).json()
    assert "Invalid cursor" in body["errors"][0]["message"]


@pytest.mark.parametrize("arguments", ["", "(first: 251)", "(first: 0)", "(first: -1)", "(first: 2, last: 2)"])
def test_page_sizes_have_limits(shop: Store, arguments: str) -> None:
    body = shop.post(f"{{ orders{arguments} {{ nodes {{ id }} }} }}").json()
    assert codes(body) == {"BAD_REQUEST"}
    assert body["data"] is None


def test_reading_what_changed_since(shop: Store) -> None:
    known = shop.ids()
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1))
    assert shop.ids(f"updated_at:>='{since}'") == []
    changed = [number(gid) for gid in (known[3], known[-1])]
    for identity in changed:
        shop.control("PATCH", f"/orders/{identity}", {"note": "call before delivery"})
    made = shop.control("POST", "/orders", {"lines": [{"unit_price": "12.50"}]})["order"]["id"]
    found = [number(gid) for gid in shop.ids(f"updated_at:>='{since}'")]
    assert set(found) == {*changed, made}
    assert shop.ids(f"updated_at:<'{since}'") == [gid for gid in known if number(gid) not in changed]


def test_one_record_by_id(shop: Store) -> None:
    truth = shop.control("GET", "/orders?fields=id,name,total,customer_id")["orders"][0]
    gid = f"gid://shopify/Order/{truth['id']}"
    customer = f"gid://shopify/Customer/{truth['customer_id']}"
    data = shop.data(
        "query($id: ID!, $customer: ID!, $ids: [ID!]!) { order(id: $id) { name legacyResourceId }"
        " customer(id: $customer) { id } node(id: $id) { __typename ... on Order { name } }"
        " nodes(ids: $ids) { id __typename } }",
        {"id": gid, "customer": customer, "ids": [customer, gid, "gid://shopify/Order/1", "gid://shopify/Video/1"]},
    )
    assert data["order"] == {"name": truth["name"], "legacyResourceId": str(truth["id"])}
    assert data["customer"]["id"] == customer
    assert data["node"] == {"__typename": "Order", "name": truth["name"]}
    assert data["nodes"] == [{"id": customer, "__typename": "Customer"}, {"id": gid, "__typename": "Order"}, None, None]
    assert shop.data('{ order(id: "gid://shopify/Order/1") { id } }')["order"] is None
    wrong = shop.post('{ order(id: "gid://shopify/Customer/1") { id } }').json()
    assert wrong["errors"][0]["message"] == "Invalid id: gid://shopify/Customer/1"


def test_counts(shop: Store) -> None:
    total = len(shop.ids())
    query = (
        "{ all: ordersCount(limit: null) { count precision } capped: ordersCount(limit: 10) { count precision }"
        ' customersCount { count } none: ordersCount(query: "test:true") { count } }'
    )
    data = shop.data(query)
    assert data["all"] == {"count": total, "precision": "EXACT"}
    assert data["capped"] == {"count": 10, "precision": "AT_LEAST"}
    assert data["customersCount"]["count"] == 40
    assert data["none"]["count"] == 0


def test_the_shop_presents_itself(shop: Store) -> None:
    data = shop.data(
        "{ shop { name myshopifyDomain email currencyCode ianaTimezone createdAt plan { publicDisplayName }"
        " taxesIncluded timezoneOffset } currentAppInstallation { accessScopes { handle } app { title } } }"
    )
    assert data["shop"]["ianaTimezone"] == "America/New_York"
    assert data["shop"]["timezoneOffset"] in ("-0500", "-0400")
    assert (
        data["shop"]["createdAt"]
        < shop.data("{ orders(first: 1) { nodes { createdAt } } }")["orders"]["nodes"][0]["createdAt"]
    )
    handles = {scope["handle"] for scope in data["currentAppInstallation"]["accessScopes"]}
    assert handles == {"read_orders", "read_all_orders", "read_customers", "read_products"}


class TestAccess:
    def test_a_missing_scope_empties_the_subtree(self, shop: Store) -> None:
        shop.install(("read_orders", "read_all_orders"))
        body = shop.post("{ orders(first: 2) { nodes { id customer { id } } } }").json()
        assert [node["customer"] for node in body["data"]["orders"]["nodes"]] == [None, None]
        assert [error["path"] for error in body["errors"]] == [
            ["orders", "nodes", position, "customer"] for position in (0, 1)
        ]
        assert codes(body) == {"ACCESS_DENIED"}

    def test_where_null_is_forbidden_the_whole_answer_is_null(self, shop: Store) -> None:
        shop.install(("read_customers",))
        for query in (
            "{ orders(first: 2) { nodes { id } } }",
            "{ shop { name } orders(first: 1) { edges { cursor } } }",
        ):
            body = shop.post(query).json()
            assert body["data"] is None
            assert codes(body) == {"ACCESS_DENIED"}
            assert "read_orders" in body["errors"][0]["extensions"]["requiredAccess"]
        counted = shop.post("{ ordersCount { count } }").json()
        assert counted["data"] == {"ordersCount": None}

    def test_other_doors_are_locked_too(self, shop: Store) -> None:
        order = shop.ids(first=1)[0]
        shop.install(("read_products",))
        for query in (
            f'{{ node(id: "{order}") {{ id }} }}',
            f'{{ nodes(ids: ["{order}"]) {{ id }} }}',
            f'{{ order(id: "{order}") {{ id }} }}',
            "{ customers(first: 1) { edges { node { id } } } }",
        ):
            assert codes(shop.post(query).json()) == {"ACCESS_DENIED"}

    def test_without_read_all_orders_only_sixty_days_are_seen(self, sandbox: Desk) -> None:
        store = sandbox.open_shop("recent.myshopify.com", last_customer=400)
        everything = store.install().ids(first=250)
        recent = store.install(("read_orders", "read_customers")).ids(first=250)
        edge = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60 * 86400))
        truth = store.control("GET", "/orders?fields=id,created_at")["orders"]
        assert {number(gid) for gid in recent} == {order["id"] for order in truth if order["created_at"] >= edge}
        assert 0 < len(recent) < len(everything)
        assert store.data("{ ordersCount { count } }")["ordersCount"]["count"] == len(recent)
        hidden = next(gid for gid in everything if gid not in recent)
        assert store.data(f'{{ order(id: "{hidden}") {{ id }} }}')["order"] is None

    def test_protected_data_needs_shopifys_approval(self, shop: Store) -> None:
        app = {"client_id": "unapproved", "client_secret": "s", "redirect_uris": ["http://127.0.0.1:9/cb"]}
        shop.desk.call("POST", "/apps", {**app, "approved": False})
        query = shop.consent(client_id="unapproved", redirect_uri="http://127.0.0.1:9/cb")
        answer = shop.token_request(client_id="unapproved", client_secret="s", code=query["code"], expiring="1")
        shop.tokens = answer.json()
        body = shop.post("{ orders(first: 1) { nodes { id } } }").json()
        assert codes(body) == {"ACCESS_DENIED"}
        assert "not approved to access the Order object" in body["errors"][0]["message"]
        assert shop.data("{ shop { name } }")["shop"]["name"]


class TestVersions:
    def test_the_newest_is_served_without_remark(self, shop: Store) -> None:
        answer = shop.post("{ shop { name } }")
        assert answer.headers["x-shopify-api-version"] == "2026-10"
        assert "x-shopify-api-version-warning" not in answer.headers
        assert answer.headers["x-request-id"]

    @pytest.mark.parametrize("version", ["2025-01", "2024-07"])
    def test_an_old_one_falls_forward_with_a_warning(self, shop: Store, version: str) -> None:
        answer = shop.post("{ shop { name } }", version=version)
        assert answer.status_code == 200
        assert answer.headers["x-shopify-api-version"] == "2026-10"
        assert answer.headers["x-shopify-api-version-warning"]

    @pytest.mark.parametrize("version", ["latest", "2026-02", "2031-01", "v1"])
    def test_an_invented_one_is_not_found(self, shop: Store, version: str) -> None:
        assert shop.post("{ shop { name } }", version=version).status_code == 404


class TestRequests:
    def test_a_field_that_does_not_exist(self, shop: Store) -> None:
        answer = shop.post("{ shop { mood } }")
        assert answer.status_code == 200
        error = answer.json()["errors"][0]
        assert error["message"] == "Field 'mood' doesn't exist on type 'Shop'"
        assert error["extensions"] == {"code": "undefinedField", "fieldName": "mood", "typeName": "Shop"}

    def test_a_variable_of_the_wrong_type(self, shop: Store) -> None:
        body = shop.post(IDS, {"first": "many"}).json()
        assert codes(body) == {"INVALID_VARIABLE"}

    @pytest.mark.parametrize(
        "raw", [b"", b"[]", b"{", b'{"variables": {}}', b'{"query": 3}', b'{"query":"{a}","variables":3}']
    )
    def test_a_body_without_a_query(self, shop: Store, raw: bytes) -> None:
        headers = {"X-Shopify-Access-Token": shop.tokens["access_token"], "content-type": "application/json"}
        answer = shop.desk.plain.post(f"{shop.base}/api/2026-10/graphql.json", content=raw, headers=headers)
        assert answer.status_code == 400

    def test_an_operation_is_chosen_by_name(self, shop: Store) -> None:
        headers = {"X-Shopify-Access-Token": shop.tokens["access_token"]}
        text = "query A { shop { name } } query B { shop { email } }"
        url = f"{shop.base}/api/2026-10/graphql.json"
        chosen = shop.desk.plain.post(url, json={"query": text, "operationName": "B"}, headers=headers).json()
        assert chosen["data"] == {"shop": {"email": "owner@example.com"}}
        assert "errors" in shop.desk.plain.post(url, json={"query": text}, headers=headers).json()


@pytest.fixture(scope="module")
def small(start_sandbox: Starter) -> Store:
    """A shop whose bucket is easily emptied."""
    options = ("--seed-customers", "30", "--last-day", "2026-11-21", "--bucket", "1000", "--restore-rate", "500")
    return start_sandbox(*options).store("first-light.myshopify.com").install()


class TestCost:
    def fill(self, store: Store, available: int) -> None:
        store.control("POST", "/bucket", {"client_id": CLIENT_ID, "available": available})

    def test_what_is_not_needed_is_given_back(self, small: Store) -> None:
        self.fill(small, 1000)
        cost = small.ask(ORDERS, {"first": 10, "query": "test:true"})["extensions"]["cost"]
        assert cost["requestedQueryCost"] > cost["actualQueryCost"]
        status = cost["throttleStatus"]
        assert (status["maximumAvailable"], status["restoreRate"]) == (1000, 500)
        assert status["currentlyAvailable"] == 1000 - cost["actualQueryCost"]

    def test_an_empty_bucket_throttles_and_fills_again(self, small: Store) -> None:
        self.fill(small, 20)
        answer = small.post(ORDERS, {"first": 50})
        assert answer.status_code == 200
        body = answer.json()
        assert codes(body) == {"THROTTLED"}
        assert "data" not in body
        cost = body["extensions"]["cost"]
        assert cost["actualQueryCost"] is None
        missing = cost["requestedQueryCost"] - cost["throttleStatus"]["currentlyAvailable"]
        assert missing > 0
        time.sleep(missing / cost["throttleStatus"]["restoreRate"])
        assert "errors" not in small.post(ORDERS, {"first": 50}).json()

    def test_a_query_may_be_too_dear_at_any_time(self, small: Store) -> None:
        lines = "lineItems(first: 250) { nodes { id } }"
        nested = f"{{ customers(first: 250) {{ nodes {{ orders(first: 250) {{ nodes {{ {lines} }} }} }} }} }}"
        body = small.post(nested).json()
        assert codes(body) == {"MAX_COST_EXCEEDED"}
        assert body["errors"][0]["extensions"]["cost"] > 1000

    def test_every_app_has_its_own_bucket(self, small: Store) -> None:
        app = {"client_id": "second", "client_secret": "s", "redirect_uris": ["http://127.0.0.1:9/cb"]}
        small.desk.call("POST", "/apps", app)
        other = small.desk.store(small.domain)
        code = other.consent(client_id="second", redirect_uri="http://127.0.0.1:9/cb")["code"]
        other.tokens = other.token_request(client_id="second", client_secret="s", code=code, expiring="1").json()
        self.fill(small, 0)
        assert codes(small.post(ORDERS, {"first": 50}).json()) == {"THROTTLED"}
        assert "errors" not in other.post(ORDERS, {"first": 50}).json()


def test_a_cursor_is_opaque_but_readable_to_a_debugger(shop: Store) -> None:
    page = shop.data(IDS, {"first": 1, "sortKey": "UPDATED_AT"})["orders"]
    content = json.loads(base64.b64decode(page["pageInfo"]["endCursor"]))
    assert content["last_id"] == number(page["nodes"][0]["id"])
