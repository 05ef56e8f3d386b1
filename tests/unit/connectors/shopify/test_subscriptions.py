import pytest

from connectors.shopify.subscriptions import wanted
from domain.ports.provider import AppCredentials

ORDERS = {"ORDERS_CREATE", "ORDERS_DELETE", "ORDERS_EDITED", "ORDERS_UPDATED", "REFUNDS_CREATE"}
CUSTOMERS = {"CUSTOMERS_CREATE", "CUSTOMERS_DELETE", "CUSTOMERS_UPDATE"}
ALWAYS = {"APP_UNINSTALLED", "SHOP_UPDATE"}


@pytest.mark.parametrize(
    ("scopes", "topics"),
    [
        ((), ALWAYS),
        (("read_orders",), ALWAYS | ORDERS),
        (("write_orders", "read_customers"), ALWAYS | ORDERS | CUSTOMERS),
        (("read_customers", "read_customer_merge"), ALWAYS | CUSTOMERS | {"CUSTOMERS_MERGE"}),
    ],
)
def test_an_app_subscribes_to_what_it_may_read(scopes: tuple[str, ...], topics: set[str]) -> None:
    assert set(wanted(AppCredentials("client", "hush", scopes, "https://{shop}"))) == topics
