"""Reading a provider to the end, page by page. A page and its cursor commit together, so a kill costs one page."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.connections.apps import open_credentials
from domain.connections.consent import SYNC
from domain.connections.house import House
from domain.connections.models import Connection, StreamState, SyncRun
from domain.connections.repository import get_connection, lock_connection, lock_stream, plan
from domain.connections.tokens import ConnectionTokens
from domain.connections.trail import Event, note
from domain.facts.intake import Taken, take_in
from domain.facts.storing import Intake
from domain.ports.errors import (
    AccountGone,
    AnswerUnusable,
    ProviderError,
    ProviderUnavailable,
    ReauthRequired,
    ScopeMissing,
    Throttled,
)
from domain.ports.provider import Account, Page, Provider, Stream
from domain.ports.records import ShopRecord
from tenants.jobs import Job, JobKind
from tenants.notices import Topic, announce
from tenants.registry.profile import get_profile
from tenants.scope import Scope
from tenants.sql import statement

log = logging.getLogger(__name__)

CLAIM_DUE = statement("""
UPDATE schedules SET due_at = :until!instant
WHERE tenant_id = :tenant_id!uuid AND kind = :kind!text AND subject_id = :subject_id!uuid AND due_at <= :now!instant
RETURNING subject_id
""")


CLOSE_LOST_RUNS = statement("""
UPDATE sync_runs SET status = 'INCOMPLETE', reason = 'WORKER_LOST', finished_at = :now!instant
WHERE tenant_id = :tenant_id!uuid AND connection_id = :connection_id!uuid AND stream = :stream!text
  AND status = 'RUNNING'
""")


class LeftOff(Exception):
    """The pass is not over, and nothing is wrong: `code` says who goes on."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Halted(LeftOff):
    """This process stops; the next worker goes on at once."""

    def __init__(self) -> None:
        super().__init__("HALTED")


class Overtaken(LeftOff):
    """The lease ran out over a slow page, and another worker has gone on already."""

    def __init__(self) -> None:
        super().__init__("OVERTAKEN")


@dataclass(frozen=True)
class Reading:
    """One connection being read: who asks, with which rules."""

    house: House
    provider: Provider
    account: Account
    tenant_id: UUID
    connection_id: UUID
    app_id: UUID

    @property
    def scope(self) -> Scope:
        return Scope.of_tenant(self.tenant_id)


async def sync_connection(house: House, *, tenant_id: UUID, connection_id: UUID) -> None:
    """Reads every stream of the connection that is due. Of several workers one gets the lease."""
    if not await _lease(house, tenant_id, connection_id):
        return
    reading = await open_reading(house, tenant_id, connection_id)
    if reading is None:
        await _plan(house, tenant_id, connection_id, house.sync_interval)
        return
    try:
        await _subscribe(reading)
        for stream in reading.provider.streams:
            await read_stream(reading, stream)
    except Halted:
        await _plan(house, tenant_id, connection_id, timedelta())
    except Overtaken:
        log.warning("another worker reads on", extra={"connection_id": str(connection_id)})
    except Exception as error:
        await _note_failure(reading, error)
    else:
        await _settle(reading)


async def _subscribe(reading: Reading) -> None:
    """Where the provider takes no webhooks to our address, reading goes on: increments find what they would tell."""
    url = reading.house.webhook_url(reading.provider.name, reading.app_id)
    try:
        await reading.provider.webhooks.subscribe(reading.account, callback_url=url)
    except AnswerUnusable as error:
        log.warning("no webhooks: %s", error, extra={"connection_id": str(reading.connection_id)})


async def open_reading(house: House, tenant_id: UUID, connection_id: UUID) -> Reading | None:
    """None when the connection is not to be read: paused, revoked, waiting for its owner."""
    async with house.database.snapshot(Scope.of_tenant(tenant_id)) as session:
        connection = await get_connection(session, tenant_id=tenant_id, connection_id=connection_id)
    provider = house.providers.get(connection.provider)
    if connection.status != "ACTIVE" or provider is None:
        return None
    _, credentials = await open_credentials(house.database, house.keyring, connection.provider_app_id)
    tokens = ConnectionTokens(house, provider, credentials, tenant_id, connection_id)
    account = Account(credentials, connection.account, tokens)
    return Reading(house, provider, account, tenant_id, connection_id, connection.provider_app_id)


async def read_stream(reading: Reading, stream: Stream) -> None:
    """To the end of the pass. A page that is not whole ends the run as INCOMPLETE and leaves the cursor."""
    run = await _open_run(reading, stream)
    try:
        cursor = await _cursor(reading, stream)
        while cursor is not None:
            page = await stream.fetch(reading.account, cursor, now=reading.house.clock.now())
            await _keep_page(reading, stream, run, cursor, page)
            if page.done:
                break
            if reading.house.halted.is_set():
                raise Halted
            cursor = dict(page.cursor)
    except Exception as error:
        await _close_run(reading, run, "INCOMPLETE", _code(error))
        raise
    await _close_run(reading, run, "COMPLETE", None)


async def _keep_page(reading: Reading, stream: Stream, run: SyncRun, cursor: object, page: Page) -> None:
    """Raises Overtaken when another worker moved the cursor meanwhile: its page counts, this one is dropped."""
    house, now = reading.house, reading.house.clock.now()
    async with house.database.unit_of_work(reading.scope) as session:
        state = await lock_stream(
            session, tenant_id=reading.tenant_id, connection_id=reading.connection_id, stream=stream.name
        )
        if state is None or state.cursor != cursor:
            raise Overtaken
        intake = await _intake(reading, session, now)
        taken = await take_in(session, intake, reading.provider.mapping, stream=stream.name, items=page.items)
        if taken.shop is not None:
            await _compare(session, reading, intake, taken.shop)
        _move(state, page, started=run.created_at, now=now)
        stored = await session.get(SyncRun, (reading.tenant_id, run.id))
        if stored is not None:
            stored.pages += 1
            stored.records += len(page.items)
        if page.done and (taken.dirty or (stored is not None and stored.pages > 1)):
            # What earlier pages of this pass marked waits as well.
            await house.jobs.enqueue(session, Job(JobKind.RECOMPUTE, reading.tenant_id))
        await plan(
            session, tenant_id=reading.tenant_id, kind=SYNC, subject_id=reading.connection_id, due_at=now + house.lease
        )
        await _announce(session, reading, Topic.SYNC)


async def _compare(session: AsyncSession, reading: Reading, intake: Intake, shop: ShopRecord) -> None:
    """Where the account's money or clock is not the tenant's, the owner should know why figures differ."""
    connection = await lock_connection(session, tenant_id=reading.tenant_id, connection_id=reading.connection_id)
    differences = {
        "CURRENCY_DIFFERS": shop.currency != intake.profile.currency,
        "TIME_ZONE_DIFFERS": shop.time_zone != intake.profile.time_zone.key,
    }
    warnings = [name for name, differs in differences.items() if differs]
    if warnings != connection.warnings:
        connection.warnings = warnings
        await _announce(session, reading, Topic.CONNECTION)


def _move(state: StreamState, page: Page, *, started: datetime, now: datetime) -> None:
    """What changed since the pass began may have been missed by it: it is fresh as of its beginning."""
    state.cursor = dict(page.cursor)
    state.records += len(page.items)
    state.expected_records = page.expected if page.expected is not None else state.expected_records
    state.updated_at = now
    if page.done:
        state.phase = "INCREMENT"
        state.as_of = started


async def take_one(reading: Reading, stream: Stream, external_id: str, *, may_be_gone: bool) -> Taken:
    """One record as it stands at the provider now, for a webhook that hinted at it.

    Raises ProviderUnavailable for a record that is missing where nothing said that it would be.
    """
    house, now = reading.house, reading.house.clock.now()
    item = await stream.fetch_one(reading.account, external_id, now=now)
    if item.deleted and not may_be_gone:
        raise ProviderUnavailable("the record does not show yet")
    async with house.database.unit_of_work(reading.scope) as session:
        intake = await _intake(reading, session, now)
        taken = await take_in(session, intake, reading.provider.mapping, stream=stream.name, items=[item])
        if taken.dirty:
            await house.jobs.enqueue(session, Job(JobKind.RECOMPUTE, reading.tenant_id))
    return taken


async def _intake(reading: Reading, session: AsyncSession, now: datetime) -> Intake:
    return Intake(
        profile=await get_profile(session, reading.tenant_id),
        connection_id=reading.connection_id,
        source=reading.provider.name,
        key=reading.house.keyring.key_of(reading.tenant_id),
        now=now,
    )


async def _lease(house: House, tenant_id: UUID, connection_id: UUID) -> bool:
    now = house.clock.now()
    async with house.database.unit_of_work(Scope.of_tenant(tenant_id)) as session:
        parameters = {
            "tenant_id": tenant_id,
            "kind": SYNC,
            "subject_id": connection_id,
            "now": now,
            "until": now + house.lease,
        }
        return (await session.execute(CLAIM_DUE, parameters)).scalar_one_or_none() is not None


async def _cursor(reading: Reading, stream: Stream) -> dict[str, object] | None:
    async with reading.house.database.snapshot(reading.scope) as session:
        state = await session.get(StreamState, (reading.tenant_id, reading.connection_id, stream.name))
    return None if state is None else state.cursor


async def _open_run(reading: Reading, stream: Stream) -> SyncRun:
    async with reading.house.database.unit_of_work(reading.scope) as session:
        ids = {"tenant_id": reading.tenant_id, "connection_id": reading.connection_id, "stream": stream.name}
        await session.execute(CLOSE_LOST_RUNS, {**ids, "now": reading.house.clock.now()})
        state = await session.get(StreamState, (reading.tenant_id, reading.connection_id, stream.name))
        run = SyncRun(
            **ids,
            phase="BACKFILL" if state is None else state.phase,
            status="RUNNING",
        )
        session.add(run)
        await session.flush()
        await _announce(session, reading, Topic.SYNC)
    return run


async def _close_run(reading: Reading, run: SyncRun, status: str, reason: str | None) -> None:
    async with reading.house.database.unit_of_work(reading.scope) as session:
        stored = await session.get(SyncRun, (reading.tenant_id, run.id))
        if stored is not None:
            stored.status, stored.reason, stored.finished_at = status, reason, reading.house.clock.now()
        await _announce(session, reading, Topic.SYNC)


async def _announce(session: AsyncSession, reading: Reading, topic: Topic) -> None:
    await announce(session, topic, reading.tenant_id, reading.connection_id)


def _code(error: Exception) -> str:
    return error.code if isinstance(error, ProviderError | LeftOff) else "INTERNAL_ERROR"


async def _note_failure(reading: Reading, error: Exception) -> None:
    """What a failure means for the connection, and when to try again. Our own faults are told too, not only logged."""
    unforeseen = not isinstance(error, ProviderError)
    log.log(
        logging.ERROR if unforeseen else logging.WARNING,
        "sync stopped: %s (%s)",
        _code(error),
        error,
        extra={"connection_id": str(reading.connection_id)},
        exc_info=error if unforeseen else None,
    )
    wait = reading.house.retry
    if isinstance(error, Throttled | ProviderUnavailable) and error.retry_after:
        wait = timedelta(seconds=error.retry_after)
    async with reading.house.database.unit_of_work(reading.scope) as session:
        connection = await lock_connection(session, tenant_id=reading.tenant_id, connection_id=reading.connection_id)
        was = connection.status
        _judge(connection, error)
        if connection.status != was:
            words = {"missingScopes": connection.missing_scopes}
            await note(session, connection, Event.LAPSED, was=was, now=reading.house.clock.now(), **words)
        else:
            await _announce(session, reading, Topic.CONNECTION)  # its reason may be another one
    await _plan(reading.house, reading.tenant_id, reading.connection_id, wait)


def _judge(connection: Connection, error: Exception) -> None:
    if connection.status != "ACTIVE":
        return  # its owner or the provider has spoken meanwhile
    connection.reason = _code(error)
    if isinstance(error, ReauthRequired):
        connection.status = "NEEDS_REAUTH"
    elif isinstance(error, ScopeMissing):
        connection.status = "NEEDS_REAUTH"
        connection.missing_scopes = sorted({*connection.missing_scopes, *error.scopes})
    elif isinstance(error, AccountGone) and error.code == AccountGone.code:
        # A frozen or locked account may come back, and is asked again; one that is gone is not.
        connection.status = "ERROR"


async def _settle(reading: Reading) -> None:
    """All streams were read to their ends: nothing is wrong with the connection any more."""
    async with reading.house.database.unit_of_work(reading.scope) as session:
        connection = await lock_connection(session, tenant_id=reading.tenant_id, connection_id=reading.connection_id)
        if connection.status == "ACTIVE" and connection.reason is not None:
            connection.reason = None
            await _announce(session, reading, Topic.CONNECTION)
    await _plan(reading.house, reading.tenant_id, reading.connection_id, reading.house.sync_interval)


async def _plan(house: House, tenant_id: UUID, connection_id: UUID, wait: timedelta) -> None:
    due_at = house.clock.now() + wait
    async with house.database.unit_of_work(Scope.of_tenant(tenant_id)) as session:
        await plan(session, tenant_id=tenant_id, kind=SYNC, subject_id=connection_id, due_at=due_at)
