"""Bad weather: faults that the next requests meet, a bucket nearly empty, a search index that lags."""

from sandbox.shopify.control.call import Call, Content
from sandbox.shopify.faults import GRAPHQL_FAULTS, TOKEN_FAULTS, Fault

FAULTS = {"graphql": GRAPHQL_FAULTS, "token": TOKEN_FAULTS}


def list_faults(call: Call) -> Content:
    return dict(call.state.faults.waiting(call.shop.domain))


def order_faults(call: Call) -> Content:
    inputs = call.inputs("endpoint", "kind", "times", "seconds")
    endpoint = inputs.one_of("endpoint", tuple(FAULTS), "graphql")
    fault = Fault(inputs.one_of("kind", FAULTS[endpoint]), inputs.seconds("seconds", 2.0))
    call.state.faults.order(call.shop.domain, endpoint, fault, inputs.number("times", 1, least=1))
    return list_faults(call)


def clear_faults(call: Call) -> Content:
    call.state.faults.clear(call.shop.domain)
    return {}


def set_bucket(call: Call) -> Content:
    inputs = call.inputs("client_id", "available")
    bucket = call.state.bucket(call.app(inputs).client_id, call.shop.domain)
    bucket.set(inputs.number("available"))
    return dict(bucket.status())


def set_index_lag(call: Call) -> Content:
    call.shop.index_lag = call.inputs("seconds").seconds("seconds", 0.0)
    return {"seconds": call.shop.index_lag}
