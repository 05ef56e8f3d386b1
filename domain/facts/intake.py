"""One page or one webhook's record, from the provider's words to facts and dirty days, in the caller's unit of work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.facts import source_records
from domain.facts.storing import Intake, store_customers, store_orders
from domain.ports.provider import MappingRules
from domain.ports.records import CustomerRecord, OrderRecord, Record, ShopRecord, SourceItem


@dataclass(frozen=True)
class Taken:
    """`news` items were not known before; `dirty` days wait for a recompute; `shop` is the account in its own words."""

    news: int
    dirty: frozenset[date]
    shop: ShopRecord | None = None


async def take_in(
    session: AsyncSession, intake: Intake, rules: MappingRules, *, stream: str, items: Sequence[SourceItem]
) -> Taken:
    """Raises AnswerUnusable before anything is written when one record cannot be read: a page is whole or nothing."""
    records = {(item.external_id, item.version): rules.record(item) for item in items}
    subjects = {key[0]: subject for key, record in records.items() if (subject := _subject(intake, record))}
    news = await source_records.keep(
        session,
        intake.key,
        tenant_id=intake.profile.tenant_id,
        connection_id=intake.connection_id,
        stream=stream,
        items=items,
        subjects=subjects,
        now=intake.now,
    )
    fresh = [(item, records[item.external_id, item.version]) for item in news]
    gone = [item.external_id for item, record in fresh if record is None]
    dirty: set[date] = set()
    if stream == "orders":
        orders = [record for _, record in fresh if isinstance(record, OrderRecord)]
        dirty = await store_orders(session, intake, orders=orders, gone=gone)
    elif stream == "customers":
        customers = [record for _, record in fresh if isinstance(record, CustomerRecord)]
        await store_customers(session, intake, customers=customers, gone=gone)
    shop = next((record for record in records.values() if isinstance(record, ShopRecord)), None)
    return Taken(len(news), frozenset(dirty), shop)


def _subject(intake: Intake, record: Record | None) -> UUID | None:
    if isinstance(record, CustomerRecord):
        return intake.subject(record.external_id)
    if isinstance(record, OrderRecord) and record.customer_external_id is not None:
        return intake.subject(record.customer_external_id)
    return None
