"""What is kept for how long, and why. What is not named here is kept for good.

Never pruned, on purpose: facts and source records (components are made of them), components and their revisions (`asOf`
reads them), audit entries, baselines, and deliveries that still wait to be worked off (a deletion is not told again).
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from sqlalchemy import TextClause

from tenants.access import authorizations, codes, invitations, sign_in
from tenants.registry import embeds
from tenants.sql import statement

AT_ONCE = 1000

# The subselect stands in a CTE because it is evaluated once there: within IN it may be asked again, and then knows no
# limit.
_PRUNE = """
WITH old AS MATERIALIZED (
    SELECT {key} FROM {table}
    WHERE {ours}{column} < :before!instant{condition}
    ORDER BY {column} LIMIT :most!bigint{lock}
)
DELETE FROM {table} AS t USING old WHERE {its}{same}
"""


@dataclass(frozen=True)
class Retention:
    """Rows whose `column` lies longer ago than `keep`, where `condition` holds. `key` is the rest of the primary key.

    Rows are locked, so that workers who meet skip each other's, unless the application may not: that takes a right to
    update.
    """

    table: str
    column: str
    keep: timedelta
    because: str
    condition: str = ""
    key: tuple[str, ...] = ("id",)
    owner: str = ""
    locked: bool = True

    @cached_property
    def prune(self) -> TextClause:
        return statement(
            _PRUNE.format(
                table=self.table,
                column=self.column,
                key=", ".join(self.key),
                same=" AND ".join(f"t.{name} = old.{name}" for name in self.key),
                ours=f"{self.owner} = :owner_id!uuid AND " if self.owner else "",
                its=f"t.{self.owner} = :owner_id!uuid AND " if self.owner else "",
                condition=f" AND {self.condition}" if self.condition else "",
                lock=" FOR UPDATE SKIP LOCKED" if self.locked else "",
            )
        )


OF_TENANTS = (
    Retention(
        "webhook_deliveries",
        "received_at",
        timedelta(days=30),
        "A delivery's id makes its duplicate harmless. Providers try again for 4 hours (Shopify) to 3 days (HubSpot, "
        "by hearsay), and people look at the inbox for some weeks.",
        condition="status = 'PROCESSED'",
        key=("connection_id", "delivery_id"),
        owner="tenant_id",
    ),
    Retention(
        "webhook_deliveries",
        "received_at",
        timedelta(days=90),
        "What failed is evidence until somebody has looked into it.",
        condition="status = 'FAILED'",
        key=("connection_id", "delivery_id"),
        owner="tenant_id",
    ),
    Retention(
        "sync_runs",
        "created_at",
        timedelta(days=90),
        "The history of a connection's trouble, over a quarter.",
        condition="status <> 'RUNNING'",
        owner="tenant_id",
    ),
    Retention(
        "recompute_runs",
        "created_at",
        timedelta(days=30),
        "One a change: they show what a change cost, and nobody asks after a month.",
        owner="tenant_id",
    ),
    Retention(
        "idempotency_keys",
        "expires_at",
        timedelta(),
        "A key answers for 24 hours; after that the same key is a new one.",
        key=("client", "key"),
        owner="tenant_id",
    ),
    Retention(
        "read_minutes",
        "minute",
        timedelta(days=400),
        "Who read what, over a year and a month: an owner asks when a partner has long gone.",
        key=("minute", "organization_id", "app_id", "person_id", "operation"),
        owner="tenant_id",
    ),
    Retention(
        "oauth_states",
        "expires_at",
        timedelta(days=30),
        "Its last use tells a late word of an uninstallation from a new one: it outlives every retry of a delivery.",
        owner="tenant_id",
    ),
)
OF_ORGANIZATIONS = (
    Retention(
        "organization_idempotency_keys",
        "expires_at",
        timedelta(),
        "As those of tenants.",
        key=("client", "key"),
        owner="organization_id",
    ),
    Retention(
        "authorization_codes",
        "expires_at",
        codes.KEPT,
        "Long enough to see that a code was used twice.",
        owner="organization_id",
    ),
    Retention(
        "app_secrets",
        "expires_at",
        timedelta(days=30),
        "An app shows when its secrets ended while somebody may still look for the reason.",
        owner="organization_id",
    ),
    Retention(
        "app_keys",
        "expires_at",
        timedelta(days=30),
        "As those of secrets: and nobody comes in by the name of a key that has just ended.",
        owner="organization_id",
    ),
    Retention(
        "client_assertions",
        "expires_at",
        timedelta(),
        "An assertion that comes again must show until it would be refused for its age.",
        key=("app_id", "jti_hash"),
        owner="organization_id",
    ),
    Retention(
        "invitations",
        "expires_at",
        invitations.KEPT,
        "An address is kept while somebody may still ask what became of its invitation; the audit keeps who came.",
        owner="organization_id",
    ),
    Retention(
        "embed_tokens",
        "expires_at",
        embeds.KEPT,
        "Whose page could see what, while somebody may still ask.",
        owner="organization_id",
    ),
    Retention(
        "usage_minutes",
        "minute",
        timedelta(days=400),
        "What was paid for, over a year and a month.",
        key=("app_id", "minute", "operation"),
        owner="organization_id",
    ),
    Retention(
        "cost_budgets",
        "updated_at",
        timedelta(days=1),
        "Long full again, as if there had been none.",
        key=("app_id", "tenant_id"),
        owner="organization_id",
    ),
    Retention(
        "bulk_verdicts",
        "decided_at",
        timedelta(days=90),
        "Each tenant's audit keeps what was done, and what failed was long asked for again.",
        key=("job_id", "tenant_id"),
        owner="organization_id",
    ),
    Retention(
        "bulk_jobs",
        "finished_at",
        timedelta(days=90),
        "With the last of its verdicts.",
        condition="NOT EXISTS (SELECT FROM bulk_verdicts v"
        " WHERE v.organization_id = bulk_jobs.organization_id AND v.job_id = bulk_jobs.id)",
        owner="organization_id",
    ),
    Retention(
        "refresh_tokens",
        "expires_at",
        authorizations.KEPT,
        "Long enough to see that one was used twice.",
        owner="organization_id",
    ),
)
OF_THE_HOUSE = (
    Retention(
        "sign_in_attempts", "created_at", sign_in.WINDOW, "Only those within the window are counted.", locked=False
    ),
    Retention(
        "pgqueuer_log", "created", timedelta(days=7), "How jobs ended, for whoever looks for last week's trouble."
    ),
    Retention("pgqueuer_statistics", "created", timedelta(days=30), "Counts of jobs by the second."),
)
ALL = OF_TENANTS + OF_ORGANIZATIONS + OF_THE_HOUSE
