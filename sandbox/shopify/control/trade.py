"""Be the merchant and the customers: every change is told by webhooks unless the call says `"webhook": false`."""

from sandbox.shopify import changes, rest, truth
from sandbox.shopify.control.call import Call, Content


def list_orders(call: Call) -> Content:
    return {"orders": truth.orders(call.shop, call.fields(truth.ORDER_FIELDS))}


def show_order(call: Call) -> Content:
    return truth.order(call.order)


def create_order(call: Call) -> Content:
    order = changes.create_order(call.shop, call.content)
    sent = call.tell(("ORDERS_CREATE", "ORDERS_PAID"), rest.order_body(order, call.shop))
    return {"order": truth.order(order), "deliveries": sent}


def update_order(call: Call) -> Content:
    order = call.order
    changes.update_order(call.shop, order, call.content)
    sent = call.tell(("ORDERS_UPDATED",), rest.order_body(order, call.shop))
    return {"order": truth.order(order), "deliveries": sent}


def refund_order(call: Call) -> Content:
    order = call.order
    refund = changes.refund_order(call.shop, order, call.content)
    sent = call.tell(("REFUNDS_CREATE",), rest.refund_body(refund, call.shop))
    sent += call.tell(("ORDERS_UPDATED",), rest.order_body(order, call.shop))
    return {"order": truth.order(order), "deliveries": sent}


def cancel_order(call: Call) -> Content:
    order = call.order
    refund = changes.cancel_order(call.shop, order, call.content)
    sent = call.tell(("REFUNDS_CREATE",), rest.refund_body(refund, call.shop)) if refund else []
    sent += call.tell(("ORDERS_CANCELLED", "ORDERS_UPDATED"), rest.order_body(order, call.shop))
    return {"order": truth.order(order), "deliveries": sent}


def delete_order(call: Call) -> Content:
    order = call.order
    changes.delete_order(call.shop, order)
    return {"deliveries": call.tell(("ORDERS_DELETE",), {"id": order.id})}


def list_customers(call: Call) -> Content:
    return {"customers": truth.customers(call.shop, call.fields(truth.CUSTOMER_FIELDS))}


def create_customer(call: Call) -> Content:
    customer = changes.create_customer(call.shop, call.content)
    sent = call.tell(("CUSTOMERS_CREATE",), rest.customer_body(customer, call.shop))
    return {"customer": truth.customer(call.shop, customer), "deliveries": sent}


def update_customer(call: Call) -> Content:
    customer = call.customer
    changes.update_customer(call.shop, customer, call.content)
    sent = call.tell(("CUSTOMERS_UPDATE",), rest.customer_body(customer, call.shop))
    return {"customer": truth.customer(call.shop, customer), "deliveries": sent}


def delete_customer(call: Call) -> Content:
    customer = call.customer
    changes.delete_customer(call.shop, customer)
    body: Content = {"id": customer.id, "email": customer.email, "phone": customer.phone, "addresses": []}
    return {"deliveries": call.tell(("CUSTOMERS_DELETE",), body)}
