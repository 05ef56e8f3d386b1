"""Webhooks: verified on their bytes, kept, acknowledged; then worked off. What they say is a hint, never the truth."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Update, update

from domain.connections.apps import open_credentials
from domain.connections.house import House
from domain.connections.models import Connection, WebhookDelivery
from domain.connections.repository import find_account, find_last_consent, get_connection, lock_connection
from domain.connections.sync import Reading, open_reading, take_one
from domain.connections.tokens import forget_tokens
from domain.connections.trail import Event, note
from domain.facts.source_records import known_version
from domain.ports.errors import ProviderError
from domain.ports.provider import Delivery, Hint, Provider
from tenants.jobs import Job, JobKind
from tenants.scope import Scope
from tenants.secrets.sealing import place
from tenants.sql import statement

log = logging.getLogger(__name__)

BATCH = 50
MOST_ATTEMPTS = 84
LONGEST_WAIT = timedelta(hours=1)
PATIENT_ATTEMPTS = 4
"""So often a record that nobody called deleted may be missing: a provider can tell of it before it shows it."""
COARSE = timedelta(seconds=1)
"""Providers tell time in whole seconds."""

KEEP = statement("""
INSERT INTO webhook_deliveries (
    tenant_id, connection_id, delivery_id, event_id, topic, sealed_body, received_at, triggered_at, status,
    attempts, duplicates, due_at
) VALUES (
    :tenant_id!uuid, :connection_id!uuid, :delivery_id!text, :event_id!text, :topic!text, :sealed_body!bytea,
    :now!instant, :triggered_at!instant, 'RECEIVED', 0, 0, :now!instant
)
ON CONFLICT (tenant_id, connection_id, delivery_id) DO UPDATE SET duplicates = webhook_deliveries.duplicates + 1
RETURNING duplicates
""")

CLAIM = statement("""
WITH due AS MATERIALIZED (
    SELECT connection_id, delivery_id FROM webhook_deliveries
    WHERE tenant_id = :tenant_id!uuid AND status = 'RECEIVED' AND due_at <= :now!instant
    ORDER BY received_at LIMIT :most!bigint FOR UPDATE SKIP LOCKED
)
UPDATE webhook_deliveries AS d SET attempts = attempts + 1, due_at = :until!instant FROM due
WHERE d.tenant_id = :tenant_id!uuid AND d.connection_id = due.connection_id AND d.delivery_id = due.delivery_id
RETURNING d.tenant_id, d.connection_id, d.delivery_id, d.event_id, d.topic, d.sealed_body, d.received_at,
          d.triggered_at, d.status, d.outcome, d.attempts, d.duplicates, d.due_at
""")


class Receipt(StrEnum):
    KEPT = "KEPT"
    DUPLICATE = "DUPLICATE"
    UNKNOWN_ACCOUNT = "UNKNOWN_ACCOUNT"


async def receive(house: House, provider_name: str, app_id: UUID, headers: Mapping[str, str], body: bytes) -> Receipt:
    """Durable before it returns. Raises NotFound for an unknown app, SignatureRefused for bytes that do not match."""
    provider = house.providers[provider_name]
    now = house.clock.now()
    app, credentials = await open_credentials(house.database, house.keyring, app_id)
    delivery = provider.webhooks.verify([credentials.client_secret], headers, body, now=now)
    async with house.database.snapshot() as session:
        owner = await find_account(session, app_id=app.id, account=delivery.account)
    if owner is None:
        log.info("webhook for an account that is not connected", extra={"topic": delivery.topic})
        return Receipt.UNKNOWN_ACCOUNT
    tenant_id, connection_id = owner
    return await _keep(house, tenant_id, connection_id, delivery, body, now)


async def process(house: House, *, tenant_id: UUID) -> int:
    """Works off what is due, a batch at a time; several workers share it without meeting. Returns how many."""
    done = 0
    while batch := await _claim(house, tenant_id):
        for connection_id, deliveries in _by_connection(batch).items():
            await _work_off(house, tenant_id, connection_id, deliveries)
        done += len(batch)
        if len(batch) < BATCH:
            break
    return done


@dataclass(frozen=True)
class _Claimed:
    row: WebhookDelivery
    hint: Hint


async def _keep(
    house: House, tenant_id: UUID, connection_id: UUID, delivery: Delivery, body: bytes, now: datetime
) -> Receipt:
    key = house.keyring.key_of(tenant_id)
    async with house.database.unit_of_work(Scope.of_tenant(tenant_id)) as session:
        parameters = {
            "tenant_id": tenant_id,
            "connection_id": connection_id,
            "delivery_id": delivery.delivery_id,
            "event_id": delivery.event_id,
            "topic": delivery.topic,
            "sealed_body": key.seal(body, _place(tenant_id, connection_id, delivery.delivery_id)),
            "triggered_at": delivery.triggered_at,
            "now": now,
        }
        if (await session.execute(KEEP, parameters)).scalar_one() > 0:
            return Receipt.DUPLICATE
        await house.jobs.enqueue(session, Job(JobKind.DELIVERIES, tenant_id))
    return Receipt.KEPT


async def _claim(house: House, tenant_id: UUID) -> list[WebhookDelivery]:
    now = house.clock.now()
    async with house.database.unit_of_work(Scope.of_tenant(tenant_id)) as session:
        parameters = {"tenant_id": tenant_id, "now": now, "until": now + house.lease, "most": BATCH}
        return [WebhookDelivery(**row._mapping) for row in await session.execute(CLAIM, parameters)]


def _by_connection(batch: list[WebhookDelivery]) -> dict[UUID, list[WebhookDelivery]]:
    groups: dict[UUID, list[WebhookDelivery]] = {}
    for row in sorted(batch, key=lambda each: each.received_at):
        groups.setdefault(row.connection_id, []).append(row)
    return groups


async def _work_off(house: House, tenant_id: UUID, connection_id: UUID, rows: list[WebhookDelivery]) -> None:
    """Several deliveries about one record cause one look at the provider."""
    async with house.database.snapshot(Scope.of_tenant(tenant_id)) as session:
        connection = await get_connection(session, tenant_id=tenant_id, connection_id=connection_id)
    provider = house.providers[connection.provider]
    groups: dict[tuple[str | None, str | None, bool], list[_Claimed]] = {}
    for row in rows:
        try:
            hint = _read_hint(house, provider, row)
        except ProviderError as error:
            # Its words stay what they are: trying again would not help.
            await _close(house, tenant_id, [row], status="FAILED", outcome=error.code)
        else:
            groups.setdefault((hint.stream, hint.external_id, hint.uninstalled), []).append(_Claimed(row, hint))
    for claimed in groups.values():
        await _settle(house, connection, claimed)


async def _settle(house: House, connection: Connection, claimed: list[_Claimed]) -> None:
    """Whatever goes wrong with one record is kept from the others."""
    members = [each.row for each in claimed]
    try:
        outcome = await _apply(house, connection, claimed)
    except ProviderError as error:
        await _postpone(house, connection.tenant_id, members, error.code)
    except Exception:
        log.exception("a delivery could not be worked off", extra={"topic": members[0].topic})
        await _postpone(house, connection.tenant_id, members, "INTERNAL_ERROR")
    else:
        if outcome is None:
            await _hold(house, connection.tenant_id, members)
        else:
            await _close(house, connection.tenant_id, members, status="PROCESSED", outcome=outcome)


def _read_hint(house: House, provider: Provider, row: WebhookDelivery) -> Hint:
    where = _place(row.tenant_id, row.connection_id, row.delivery_id)
    assert row.sealed_body is not None
    body = house.keyring.key_of(row.tenant_id).unseal(row.sealed_body, where)
    return provider.webhooks.hint(row.topic, body)


async def _apply(house: House, connection: Connection, claimed: list[_Claimed]) -> str | None:
    """None while the connection waits for its owner: a deletion that is dropped now is never told again."""
    hint = claimed[0].hint
    if hint.uninstalled:
        told_at = [each.row.triggered_at or each.row.received_at for each in claimed]
        return await _uninstall(house, connection, told_at=max(told_at))
    if hint.stream is None or hint.external_id is None:
        return "IGNORED"
    reading = await open_reading(house, connection.tenant_id, connection.id)
    if reading is None:
        return "CONNECTION_NOT_ACTIVE" if connection.status in ("REVOKED", "ERROR") else None
    if await _is_stale(house, reading, [each.hint for each in claimed]):
        return "STALE"
    told = any(each.hint.deleted for each in claimed) or min(each.row.attempts for each in claimed) > PATIENT_ATTEMPTS
    taken = await take_one(reading, reading.provider.stream(hint.stream), hint.external_id, may_be_gone=told)
    return "APPLIED" if taken.news else "UNCHANGED"


async def _is_stale(house: House, reading: Reading, hints: list[Hint]) -> bool:
    """Whether everything hinted at is older than what is known. An equal version is looked at again."""
    versions = [hint.version for hint in hints]
    if any(version is None for version in versions) or any(hint.deleted for hint in hints):
        return False
    hint = hints[0]
    assert hint.stream is not None
    assert hint.external_id is not None
    async with house.database.snapshot(reading.scope) as session:
        known = await known_version(
            session,
            tenant_id=reading.tenant_id,
            connection_id=reading.connection_id,
            stream=hint.stream,
            external_id=hint.external_id,
        )
    return known is not None and all(version is not None and version < known for version in versions)


async def _uninstall(house: House, connection: Connection, *, told_at: datetime) -> str:
    """The provider has forgotten us: its tokens are dead already, and ours are worth nothing.

    Told late, of an installation before the present one, it means nothing any more.
    """
    ids = {"tenant_id": connection.tenant_id, "connection_id": connection.id}
    async with house.database.unit_of_work(Scope.of_tenant(connection.tenant_id)) as session:
        row = await lock_connection(session, **ids)
        consented_at = await find_last_consent(session, **ids)
        if consented_at is not None and told_at + COARSE <= consented_at:
            return "STALE"
        was, known = row.status, row.reason == "UNINSTALLED"
        row.status, row.reason = "REVOKED", "UNINSTALLED"
        forget_tokens(row)
        if not known:
            await note(session, row, Event.UNINSTALLED, was=was, now=house.clock.now())
    return "UNINSTALLED"


async def _close(house: House, tenant_id: UUID, rows: list[WebhookDelivery], *, status: str, outcome: str) -> None:
    async with house.database.unit_of_work(Scope.of_tenant(tenant_id)) as session:
        for row in rows:
            # Its words were a hint that is used up; what they say of people is not kept a second time.
            await session.execute(_update(row).values(status=status, outcome=outcome, sealed_body=None))


async def _hold(house: House, tenant_id: UUID, rows: list[WebhookDelivery]) -> None:
    """Not an attempt: nobody was asked."""
    due_at = house.clock.now() + house.retry
    async with house.database.unit_of_work(Scope.of_tenant(tenant_id)) as session:
        for row in rows:
            await session.execute(_update(row).values(attempts=row.attempts - 1, due_at=due_at))


async def _postpone(house: House, tenant_id: UUID, rows: list[WebhookDelivery], code: str) -> None:
    """Waits that double up to an hour, for three days; then the delivery stays as FAILED, with its reason."""
    now = house.clock.now()
    async with house.database.unit_of_work(Scope.of_tenant(tenant_id)) as session:
        for row in rows:
            status = "FAILED" if row.attempts >= MOST_ATTEMPTS else "RECEIVED"
            wait = min(timedelta(seconds=2 ** min(row.attempts, 12)), LONGEST_WAIT)
            await session.execute(_update(row).values(status=status, outcome=code, due_at=now + wait))


def _update(row: WebhookDelivery) -> Update:
    return update(WebhookDelivery).where(
        WebhookDelivery.tenant_id == row.tenant_id,
        WebhookDelivery.connection_id == row.connection_id,
        WebhookDelivery.delivery_id == row.delivery_id,
    )


def _place(tenant_id: UUID, connection_id: UUID, delivery_id: str) -> bytes:
    return place(tenant_id, f"{connection_id}|{delivery_id}", "webhook_deliveries.sealed_body")
