"""Who may see what: scopes per type, as the real schema declares them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from graphql import GraphQLError

SCOPES_DOCUMENTATION = "https://shopify.dev/api/usage/access-scopes"
PROTECTED_DOCUMENTATION = "https://shopify.dev/docs/apps/launch/protected-customer-data"
ORDER_HISTORY = timedelta(days=60)

# Any one scope of the entry is enough; the first is the one apps ask for.
TYPE_SCOPES: dict[str, tuple[str, ...]] = {
    "Customer": ("read_customers",),
    "CustomerEmailAddress": ("read_customers",),
    "CustomerPhoneNumber": ("read_customers",),
    "LineItem": ("read_orders", "read_marketplace_orders"),
    "Order": ("read_orders", "read_marketplace_orders", "read_quick_sale"),
    "OrderApp": ("read_orders",),
    "Product": ("read_products",),
    "ProductVariant": ("read_products",),
    "Refund": ("read_orders", "read_marketplace_orders"),
    "RefundLineItem": ("read_orders", "read_marketplace_orders"),
}
FIELD_SCOPES: dict[tuple[str, str], tuple[str, ...]] = {
    ("QueryRoot", "customersCount"): ("read_customers",),
    ("QueryRoot", "ordersCount"): ("read_orders", "read_marketplace_orders"),
}
# Types Shopify guards further: an app needs its approval to read them in a store it does not own.
PROTECTED_TYPES = frozenset({"Customer", "Order"})


@dataclass(frozen=True, slots=True)
class Access:
    """What one token opens."""

    scopes: frozenset[str]
    approved: bool = True

    def has(self, scope: str) -> bool:
        return scope in self.scopes or scope.replace("read_", "write_", 1) in self.scopes

    def oldest_order(self, at: datetime) -> datetime | None:
        return None if self.has("read_all_orders") else at - ORDER_HISTORY

    def check(self, needed: tuple[str, ...], type_name: str, field_name: str) -> None:
        """Raises the two refusals Shopify knows: a scope that is missing, and data that is protected."""
        if not any(self.has(scope) for scope in needed):
            required = " or ".join(f"`{scope}` access scope" for scope in needed)
            extensions = {
                "code": "ACCESS_DENIED",
                "documentation": SCOPES_DOCUMENTATION,
                "requiredAccess": f"{required}.",
            }
            message = f"Access denied for {field_name} field. Required access: {required}."
            raise GraphQLError(message, extensions=extensions)
        if type_name in PROTECTED_TYPES and not self.approved:
            advice = f"See {PROTECTED_DOCUMENTATION} for more details."
            message = f"This app is not approved to access the {type_name} object. {advice}"
            raise GraphQLError(message, extensions={"code": "ACCESS_DENIED", "documentation": PROTECTED_DOCUMENTATION})
