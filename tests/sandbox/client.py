"""An app that talks to the sandbox over HTTP, written from Shopify's documentation alone."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2

CLIENT_ID = "practice-client"
CLIENT_SECRET = "practice-secret"
REDIRECT_URI = "http://127.0.0.1:9/oauth/callback"
SCOPES = ("read_orders", "read_all_orders", "read_customers", "read_products")
MONEY = "{ shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }"
ORDER = f"""
    id legacyResourceId name createdAt processedAt updatedAt cancelledAt test
    currencyCode presentmentCurrencyCode displayFinancialStatus displayFulfillmentStatus sourceName taxesIncluded
    customer {{ id }}
    totalPriceSet {MONEY} currentTotalPriceSet {MONEY} subtotalPriceSet {MONEY} currentSubtotalPriceSet {MONEY}
    totalDiscountsSet {MONEY} totalTaxSet {MONEY} totalShippingPriceSet {MONEY} totalRefundedSet {MONEY}
    lineItems(first: 10) {{ nodes {{
        id name sku quantity currentQuantity product {{ id }} variant {{ id }}
        originalUnitPriceSet {MONEY} originalTotalSet {MONEY} discountedTotalSet {MONEY}
    }} }}
    refunds(first: 10) {{ id createdAt updatedAt totalRefundedSet {MONEY}
        refundLineItems(first: 10) {{ nodes {{
            quantity subtotalSet {MONEY} totalTaxSet {MONEY} lineItem {{ id }}
        }} }}
    }}
"""
ORDERS = (
    "query Orders($first: Int!, $after: String, $query: String, $sortKey: OrderSortKeys) {"
    " orders(first: $first, after: $after, query: $query, sortKey: $sortKey) {"
    f" pageInfo {{ hasNextPage endCursor }} nodes {{ {ORDER} }} }} }}"
)
IDS = (
    "query Ids($first: Int!, $after: String, $query: String, $sortKey: OrderSortKeys) {"
    " orders(first: $first, after: $after, query: $query, sortKey: $sortKey) {"
    " pageInfo { hasNextPage endCursor } nodes { id updatedAt } } }"
)


class Desk:
    """The control desk of one running sandbox."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.http = httpx2.Client(base_url=url, trust_env=False, headers={"X-Sandbox-Control": token}, timeout=15)
        self.plain = httpx2.Client(base_url=url, trust_env=False, timeout=15)

    def close(self) -> None:
        self.http.close()
        self.plain.close()

    def call(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> dict[str, Any]:
        response = self.http.request(method, f"/control{path}", json=content or {})
        assert response.status_code == 200, response.text
        return dict(response.json())

    def store(self, domain: str) -> "Store":
        return Store(self, domain)

    def open_shop(self, domain: str, **settings: Any) -> "Store":
        self.call("POST", "/shops", {"domain": domain, "last_day": "2026-11-21", **settings})
        return Store(self, domain)


class Store:
    """One shop, seen by an app and, through `control`, by whoever runs the sandbox."""

    def __init__(self, desk: Desk, domain: str) -> None:
        self.desk = desk
        self.domain = domain
        self.base = f"/shops/{domain}/admin"
        self.tokens: dict[str, Any] = {}

    def control(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return self.desk.call(method, f"/shops/{self.domain}{path}", content)

    def authorize_url(self, **changes: str) -> str:
        query = {
            "client_id": CLIENT_ID,
            "scope": ",".join(SCOPES),
            "redirect_uri": REDIRECT_URI,
            "state": "state-1",
        } | changes
        return f"{self.base}/oauth/authorize?{urlencode(query)}"

    def consent(self, scopes: tuple[str, ...] = SCOPES, decision: str = "install", **changes: str) -> dict[str, str]:
        """Answers the consent page and returns the query of the redirect."""
        url = self.authorize_url(scope=",".join(scopes), **changes)
        response = self.desk.plain.post(url, data={"decision": decision, "scope": list(scopes)})
        assert response.status_code == 302, response.text
        return dict(parse_qsl(urlsplit(response.headers["location"]).query))

    def token_request(self, **parameters: str) -> httpx2.Response:
        body = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET} | parameters
        return self.desk.plain.post(f"{self.base}/oauth/access_token", json=body)

    def refresh(self, token: str) -> httpx2.Response:
        return self.token_request(grant_type="refresh_token", refresh_token=token)

    def install(self, scopes: tuple[str, ...] = SCOPES) -> "Store":
        response = self.token_request(code=self.consent(scopes)["code"], expiring="1")
        assert response.status_code == 200, response.text
        self.tokens = response.json()
        return self

    def post(self, query: str, variables: Mapping[str, Any] | None = None, version: str = "2026-10") -> httpx2.Response:
        return self.desk.plain.post(
            f"{self.base}/api/{version}/graphql.json",
            json={"query": query, "variables": dict(variables or {})},
            headers={"X-Shopify-Access-Token": self.tokens.get("access_token", "")},
        )

    def ask(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The whole body of an answer that is expected to be whole."""
        response = self.post(query, variables)
        assert response.status_code == 200, response.text
        body = response.json()
        assert "errors" not in body, body["errors"]
        return dict(body)

    def data(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return dict(self.ask(query, variables)["data"])

    def pages(self, document: str = ORDERS, first: int = 250, **variables: Any) -> Iterator[list[dict[str, Any]]]:
        after = None
        while True:
            connection = self.data(document, {"first": first, "after": after, **variables})["orders"]
            yield connection["nodes"]
            if not connection["pageInfo"]["hasNextPage"]:
                return
            after = connection["pageInfo"]["endCursor"]

    def ids(self, search: str | None = None, first: int = 50, sort_key: str = "UPDATED_AT") -> list[str]:
        pages = self.pages(IDS, first, query=search, sortKey=sort_key)
        return [node["id"] for page in pages for node in page]


def number(gid: str) -> int:
    return int(gid.rpartition("/")[2])
