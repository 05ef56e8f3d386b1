import datetime as dt
from collections.abc import Sequence
from enum import StrEnum

import strawberry

from api.context import Context
from api.ids import Kind, encode, tenant_gid
from api.node import Node
from api.pagination import page_size
from api.sets import Each, set_based
from domain.connections import models, reads
from domain.connections.repository import list_streams
from domain.facts import models as fact_models
from domain.reading import Key
from tenants.access.actor import ApiScope


@strawberry.enum(description="A provider whose accounts can be connected.")
class Provider(StrEnum):
    SHOPIFY = "shopify"


@strawberry.enum(description="How a connection stands.")
class ConnectionStatus(StrEnum):
    CONNECTING = "CONNECTING"
    ACTIVE = "ACTIVE"
    NEEDS_REAUTH = "NEEDS_REAUTH"
    PAUSED = "PAUSED"
    REVOKED = "REVOKED"
    ERROR = "ERROR"


@strawberry.enum(description="Reading all there is, or what changed since.")
class StreamPhase(StrEnum):
    BACKFILL = "BACKFILL"
    INCREMENT = "INCREMENT"


@strawberry.enum
class SyncRunStatus(StrEnum):
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    INCOMPLETE = "INCOMPLETE"


@strawberry.type(description="How far one kind of records has been read.")
class StreamProgress:
    stream: str
    phase: StreamPhase
    records: int
    expected_records: int | None = strawberry.field(description="The provider's own count at the start, if it told.")
    as_of: dt.datetime | None

    @classmethod
    def of(cls, row: models.StreamState) -> "StreamProgress":
        return cls(
            stream=row.stream,
            phase=StreamPhase(row.phase),
            records=row.records,
            expected_records=row.expected_records,
            as_of=row.as_of,
        )


@strawberry.type(description="One pass over one stream. An incomplete one says why, and left its cursor where it was.")
class SyncRun:
    stream: str
    phase: StreamPhase
    status: SyncRunStatus
    reason: str | None
    pages: int
    records: int
    started_at: dt.datetime
    finished_at: dt.datetime | None

    @classmethod
    def of(cls, row: models.SyncRun) -> "SyncRun":
        return cls(
            stream=row.stream,
            phase=StreamPhase(row.phase),
            status=SyncRunStatus(row.status),
            reason=row.reason,
            pages=row.pages,
            records=row.records,
            started_at=row.created_at,
            finished_at=row.finished_at,
        )


@strawberry.type(description="What became of the provider's webhooks.")
class InboxStats:
    received: int
    processed: int
    failed: int
    waiting: int
    duplicates: int
    stale: int


@strawberry.type(description="What one recompute did: how many days were taken up, how many figures changed.")
class RecomputeRun:
    at: dt.datetime
    days: int
    first_day: dt.date
    last_day: dt.date
    day_rows: int
    period_rows: int
    milliseconds: int
    data_version: int

    @classmethod
    def of(cls, row: fact_models.RecomputeRun) -> "RecomputeRun":
        return cls(
            at=row.created_at,
            days=row.days,
            first_day=row.first_day,
            last_day=row.last_day,
            day_rows=row.day_rows,
            period_rows=row.period_rows,
            milliseconds=row.milliseconds,
            data_version=row.data_version,
        )


@strawberry.type(description="A connected account of a provider.")
class ConnectedAccount(Node):
    reading = ApiScope.READ_CONNECTIONS

    row: strawberry.Private[models.Connection]
    tenant_id: strawberry.ID
    provider: Provider
    account: str
    status: ConnectionStatus
    reason: str | None
    scopes: list[str]
    missing_scopes: list[str]
    warnings: list[str] = strawberry.field(description="For example that the account sells in another currency.")
    created_at: dt.datetime

    @classmethod
    def of(cls, row: models.Connection) -> "ConnectedAccount":
        return cls(
            row=row,
            tenant_id=tenant_gid(row.tenant_id),
            provider=Provider(row.provider),
            account=row.account,
            status=ConnectionStatus(row.status),
            reason=row.reason,
            scopes=row.scopes,
            missing_scopes=row.missing_scopes,
            warnings=row.warnings,
            created_at=row.created_at,
        )

    @property
    def gid(self) -> strawberry.ID:
        return encode(Kind.CONNECTION, self.row.tenant_id, self.row.id)

    @set_based(description="Each kind of records that is read.")
    async def streams(accounts: Sequence["ConnectedAccount"], context: Context) -> Each[list[StreamProgress]]:
        lists = await context.load_lists(list_streams, _keys(accounts))
        return [[StreamProgress.of(row) for row in rows] for rows in lists]

    @set_based(description="The newest passes first.")
    async def runs(accounts: Sequence["ConnectedAccount"], context: Context, first: int = 10) -> Each[list[SyncRun]]:
        lists = await context.load_lists(reads.newest_runs(page_size(first)), _keys(accounts))
        return [[SyncRun.of(row) for row in rows] for rows in lists]

    @set_based(description="Counts over the provider's webhooks.")
    async def inbox(accounts: Sequence["ConnectedAccount"], context: Context) -> Each[InboxStats]:
        return [InboxStats(**each) for each in await context.load_all(reads.inbox_counts, _keys(accounts))]


def _keys(accounts: Sequence[ConnectedAccount]) -> list[Key]:
    return [(each.row.tenant_id, each.row.id) for each in accounts]
