"""Every meter there is. Labels are of sets bounded here; none names a tenant, a person or an account."""

from prometheus_client import Counter, Gauge, Histogram

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
SLOW = (0.01, 0.05, 0.25, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0)
FEW = (0, 3, 6, 9, 12, 15, 20, 30, 50, 100)

REQUEST_SECONDS = Histogram(
    "azimuth_request_seconds",
    "GraphQL requests. Kind: query, mutation, none (none was found); outcome: ok, errors, failed.",
    ("kind", "outcome"),
    buckets=FAST,
)
REFUSALS = Counter("azimuth_refusals", "GraphQL requests that were turned away unread, by code.", ("code",))
OPERATION_SECONDS = Histogram(
    "azimuth_operation_seconds",
    "GraphQL requests by the name of the operation; `other` where there is none, or are too many.",
    ("operation",),
    buckets=(0.005, 0.025, 0.1, 0.5, 2.5),
)
REQUEST_STATEMENTS = Histogram(
    "azimuth_request_statements", "Trips to the database for a GraphQL request.", buckets=FEW
)
REQUEST_DATABASE_SECONDS = Histogram(
    "azimuth_request_database_seconds", "Time a GraphQL request spent on its statements.", buckets=FAST
)
REQUEST_WAIT_SECONDS = Counter(
    "azimuth_request_wait_seconds", "Time that GraphQL requests waited for a connection of the pool."
)

SUBSCRIPTIONS = Gauge(
    "azimuth_subscriptions", "Subscriptions that are told, by transport: websocket, sse.", ("transport",)
)
SOCKETS = Gauge("azimuth_sockets", "WebSocket connections.")
LOOK_SECONDS = Histogram("azimuth_subscription_look_seconds", "Looks anew for a subscription.", buckets=FAST)
EVENTS = Counter(
    "azimuth_subscription_events",
    "Times a subscription was looked at anew. Outcome: told, or unchanged, which nobody is told.",
    ("outcome",),
)
SUBSCRIPTIONS_ENDED = Counter(
    "azimuth_subscriptions_ended",
    "Subscriptions that came to an end, by code; `none` where the client had enough.",
    ("code",),
)
NOTICES = Counter("azimuth_notices", "Notices of the database that this process heard.")
NOTICES_HEARD = Gauge("azimuth_notices_heard", "1 while notices of the database are listened for.")

JOB_SECONDS = Histogram(
    "azimuth_job_seconds",
    "Jobs. Kind: sync, deliveries, recompute; outcome: ok, failed.",
    ("kind", "outcome"),
    buckets=SLOW,
)
JOB_STATEMENTS = Counter("azimuth_job_statements", "Statements sent by jobs.", ("kind",))
JOB_DATABASE_SECONDS = Counter("azimuth_job_database_seconds", "Time jobs spent on their statements.", ("kind",))
RECOMPUTED_DAYS = Counter("azimuth_recomputed_days", "Days of tenants that were made anew.")

JOBS_DUE = Gauge("azimuth_jobs_due", "Jobs in the queue that nobody has taken yet.")
CONNECTIONS = Gauge("azimuth_connections", "Connections that are read.")
SYNC_LAG = Gauge("azimuth_sync_lag_seconds", "How old what the stalest of the connections that are read has told is.")
SYNCS_DUE = Gauge("azimuth_syncs_due", "Connections whose next pass is due.")
SYNC_LATENESS = Gauge("azimuth_sync_lateness_seconds", "How long the longest of them has been due.")
SYNCS_RUNNING = Gauge("azimuth_sync_runs_open", "Passes over a stream that have begun and not ended.")
DELIVERIES_WAITING = Gauge("azimuth_deliveries_waiting", "Webhook deliveries that wait to be worked off.")
DELIVERY_AGE = Gauge("azimuth_delivery_age_seconds", "How long the oldest of them has waited.")
DAYS_DIRTY = Gauge("azimuth_days_dirty", "Days of tenants that wait to be made anew.")
DIRTY_AGE = Gauge("azimuth_dirty_age_seconds", "How long the longest of them has waited.")
BACKLOG_LOOKED_AT = Gauge("azimuth_backlog_timestamp_seconds", "When what waits was last looked at; 0 is never.")
