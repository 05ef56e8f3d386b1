"""Apps and shops: register, open, uninstall, ask for privacy."""

from sandbox.shopify import changes, rest
from sandbox.shopify.context import App
from sandbox.shopify.control.call import Call, Content
from sandbox.shopify.control.deliveries import shown
from sandbox.shopify.inputs import Inputs, InvalidInputError
from sandbox.shopify.money import is_currency
from sandbox.shopify.store import Shop, ShopSettings
from sandbox.shopify.webhooks import PRIVACY_TOPICS


def register_app(call: Call) -> Content:
    inputs = call.inputs("client_id", "client_secret", "redirect_uris", "title", "approved", "privacy_uri")
    app = App(
        client_id=inputs.required("client_id"),
        client_secret=inputs.required("client_secret"),
        redirect_uris=tuple(inputs.strings("redirect_uris")),
        title=inputs.text("title", "Practice app") or "Practice app",
        approved=inputs.flag("approved", default=True),
        privacy_uri=inputs.text("privacy_uri"),
    )
    call.state.apps[app.client_id] = app
    return {"client_id": app.client_id, "redirect_uris": list(app.redirect_uris)}


def summary(shop: Shop) -> Content:
    return {
        "domain": shop.domain,
        "time_zone": shop.settings.time_zone,
        "currency": shop.currency,
        "orders": len(shop.orders.records),
        "customers": len(shop.customers.records),
    }


def list_shops(call: Call) -> Content:
    return {"shops": [summary(shop) for shop in call.state.shops.values()]}


def shop_settings(inputs: Inputs) -> ShopSettings:
    domain = inputs.required("domain").lower()
    usual = ShopSettings(domain)
    currency = inputs.text("currency", usual.currency) or usual.currency
    if not is_currency(currency):
        raise InvalidInputError("currency", "must be an ISO 4217 code")
    return ShopSettings(
        domain,
        name=inputs.text("name", usual.name) or usual.name,
        time_zone=inputs.zone("time_zone", usual.time_zone),
        currency=currency,
        taxes_included=inputs.flag("taxes_included", default=usual.taxes_included),
    )


def open_shop(call: Call) -> Content:
    inputs = call.inputs(
        "domain", "name", "time_zone", "currency", "taxes_included", "last_day", "first_customer", "last_customer"
    )
    settings = shop_settings(inputs)
    if settings.domain in call.state.shops:
        raise InvalidInputError("domain", "is taken")
    return summary(
        call.state.open_shop(
            settings,
            last_day=inputs.day("last_day"),
            first_customer=inputs.number("first_customer", 1),
            last_customer=inputs.number("last_customer") if "last_customer" in inputs else None,
        )
    )


def counters(call: Call) -> Content:
    return dict(call.shop.requests)


def expire_tokens(call: Call) -> Content:
    """Access tokens only: the next request meets 401 and must refresh."""
    call.state.grants.expire_access(call.app(call.inputs("client_id")).client_id, call.shop.domain)
    return {}


def revoke_tokens(call: Call) -> Content:
    app = call.app(call.inputs("client_id"))
    return {"revoked": call.state.grants.revoke(app.client_id, call.shop.domain)}


def uninstall(call: Call) -> Content:
    """Tokens die at once; the app hears of it, and its subscriptions go with it."""
    app = call.app(call.inputs("client_id", "webhook"))
    call.state.grants.revoke(app.client_id, call.shop.domain)
    own = call.state.registry.of(app.client_id, call.shop.domain)
    sent = []
    if call.content.get("webhook", True) is not False:
        sent = call.dispatcher.emit_to(call.shop, "APP_UNINSTALLED", rest.shop_body(call.shop), own.listed())
    for subscription in own.listed():
        own.delete(subscription.id)
    return {"deliveries": [delivery.id for delivery in sent]}


def request_privacy(call: Call) -> Content:
    inputs = call.inputs("client_id", "topic", "customer_id")
    topic = inputs.one_of("topic", PRIVACY_TOPICS)
    body: Content = {"shop_id": call.shop.id, "shop_domain": call.shop.domain}
    if topic != "shop/redact":
        customer = changes.find_customer(call.shop, inputs.number("customer_id"))
        body["customer"] = {"id": customer.id, "email": customer.email, "phone": customer.phone}
        body["orders_to_redact" if topic == "customers/redact" else "orders_requested"] = customer.order_ids
    delivery = call.dispatcher.emit_privacy(call.shop, call.app(inputs), topic, body)
    if delivery is None:
        raise InvalidInputError("client_id", "has no privacy_uri")
    return shown(delivery)
