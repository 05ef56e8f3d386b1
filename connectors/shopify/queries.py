"""Every document this connector can send, in one place, so that each is checked against the real schema.

Sizes of inner connections are fixed here because they set the price: whatever does not fit is fetched by the
`…Rest` documents. Amounts are asked for in the shop's currency; what the buyer paid in is kept beside the total.
"""

from dataclasses import dataclass

API_VERSION = "2026-10"
LINES = 30
REFUNDS = 10
REFUND_LINES = 20
# The most any list of the API hands out at once.
FULL_PAGE = 250


@dataclass(frozen=True, slots=True)
class Document:
    """`name` is the operation's own; costs are learned by it."""

    name: str
    text: str


MONEY = "fragment Money on MoneyBag { shopMoney { amount currencyCode } }"
CUSTOMER = """
fragment CustomerFields on Customer {
  id
  legacyResourceId
  createdAt
  updatedAt
  firstName
  lastName
  state
  tags
  defaultEmailAddress { emailAddress }
  defaultPhoneNumber { phoneNumber }
}
"""
LINE = """
fragment LineFields on LineItem {
  id
  title
  sku
  quantity
  currentQuantity
  isGiftCard
  product @include(if: $products) { legacyResourceId }
  originalTotalSet { ...Money }
  discountedUnitPriceAfterAllDiscountsSet { ...Money }
}
"""
REFUND_LINE = """
fragment RefundLineFields on RefundLineItem {
  quantity
  lineItem { id isGiftCard }
  subtotalSet { ...Money }
  totalTaxSet { ...Money }
}
"""
REFUND = f"""
fragment RefundFields on Refund {{
  id
  legacyResourceId
  createdAt
  processedAt
  totalRefundedSet {{ ...Money }}
  refundLineItems(first: {REFUND_LINES}) {{
    nodes {{ ...RefundLineFields }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
"""
ORDER = f"""
fragment OrderFields on Order {{
  id
  legacyResourceId
  name
  createdAt
  updatedAt
  processedAt
  cancelledAt
  test
  sourceName
  taxesIncluded
  displayFinancialStatus
  customer {{ legacyResourceId }}
  subtotalPriceSet {{ ...Money }}
  totalTaxSet {{ ...Money }}
  totalShippingPriceSet {{ ...Money }}
  totalTipReceivedSet {{ ...Money }}
  totalReceivedSet {{ ...Money }}
  totalRefundedShippingSet {{ ...Money }}
  totalPriceSet {{ ...Money presentmentMoney {{ amount currencyCode }} }}
  lineItems(first: {LINES}) {{
    nodes {{ ...LineFields }}
    pageInfo {{ hasNextPage endCursor }}
  }}
  refunds(first: {REFUNDS}) {{ ...RefundFields }}
}}
"""
ORDER_PARTS = ORDER + LINE + REFUND + REFUND_LINE + MONEY

SHOP = Document(
    "Shop",
    """
query Shop {
  shop { id name currencyCode ianaTimezone myshopifyDomain taxesIncluded createdAt updatedAt }
}
""",
)
CUSTOMERS = Document(
    "Customers",
    """
query Customers($first: Int!, $after: String, $query: String, $sortKey: CustomerSortKeys!, $count: Boolean!) {
  customersCount(query: $query, limit: null) @include(if: $count) { count precision }
  customers(first: $first, after: $after, query: $query, sortKey: $sortKey) {
    nodes { ...CustomerFields }
    pageInfo { hasNextPage endCursor }
  }
}
"""
    + CUSTOMER,
)
CUSTOMER_BY_ID = Document(
    "CustomerById",
    """
query CustomerById($id: ID!) {
  customer(id: $id) { ...CustomerFields }
}
"""
    + CUSTOMER,
)
ORDERS = Document(
    "Orders",
    """
query Orders(
  $first: Int!, $after: String, $query: String, $sortKey: OrderSortKeys!, $count: Boolean!, $products: Boolean!
) {
  ordersCount(query: $query, limit: null) @include(if: $count) { count precision }
  orders(first: $first, after: $after, query: $query, sortKey: $sortKey) {
    nodes { ...OrderFields }
    pageInfo { hasNextPage endCursor }
  }
}
"""
    + ORDER_PARTS,
)
ORDER_BY_ID = Document(
    "OrderById",
    """
query OrderById($id: ID!, $products: Boolean!) {
  order(id: $id) { ...OrderFields }
}
"""
    + ORDER_PARTS,
)
OLDEST_ORDER = Document(
    "OldestOrder",
    """
query OldestOrder {
  orders(first: 1, sortKey: ID) { nodes { legacyResourceId } }
}
""",
)
ORDER_LINES_REST = Document(
    "OrderLinesRest",
    f"""
query OrderLinesRest($id: ID!, $after: String!, $products: Boolean!) {{
  order(id: $id) {{
    lineItems(first: {FULL_PAGE}, after: $after) {{
      nodes {{ ...LineFields }}
      pageInfo {{ hasNextPage endCursor }}
    }}
  }}
}}
"""
    + LINE
    + MONEY,
)
ORDER_REFUNDS_ALL = Document(
    "OrderRefundsAll",
    f"""
query OrderRefundsAll($id: ID!) {{
  order(id: $id) {{ refunds(first: {FULL_PAGE}) {{ ...RefundFields }} }}
}}
"""
    + REFUND
    + REFUND_LINE
    + MONEY,
)
REFUND_LINES_REST = Document(
    "RefundLinesRest",
    f"""
query RefundLinesRest($id: ID!, $after: String!) {{
  node(id: $id) {{
    ... on Refund {{
      refundLineItems(first: {FULL_PAGE}, after: $after) {{
        nodes {{ ...RefundLineFields }}
        pageInfo {{ hasNextPage endCursor }}
      }}
    }}
  }}
}}
"""
    + REFUND_LINE
    + MONEY,
)
SUBSCRIPTIONS = Document(
    "Subscriptions",
    f"""
query Subscriptions($after: String) {{
  webhookSubscriptions(first: {FULL_PAGE}, after: $after) {{
    nodes {{ id topic uri }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
""",
)
SUBSCRIBE = Document(
    "Subscribe",
    """
mutation Subscribe($topic: WebhookSubscriptionTopic!, $uri: String!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: {uri: $uri, format: JSON}) {
    webhookSubscription { id }
    userErrors { field message }
  }
}
""",
)
UNSUBSCRIBE = Document(
    "Unsubscribe",
    """
mutation Unsubscribe($id: ID!) {
  webhookSubscriptionDelete(id: $id) {
    deletedWebhookSubscriptionId
    userErrors { field message }
  }
}
""",
)
ALL_QUERIES = {
    document.name: document
    for document in (
        SHOP,
        CUSTOMERS,
        CUSTOMER_BY_ID,
        ORDERS,
        ORDER_BY_ID,
        OLDEST_ORDER,
        ORDER_LINES_REST,
        ORDER_REFUNDS_ALL,
        REFUND_LINES_REST,
        SUBSCRIPTIONS,
        SUBSCRIBE,
        UNSUBSCRIBE,
    )
}
