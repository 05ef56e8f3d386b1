"""Facts from records. Each write marks the days it touched, in its own unit of work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from domain.facts import order_statements as sql
from domain.facts.recompute import mark_dirty
from domain.ports.records import CustomerRecord, OrderRecord
from tenants.registry.profile import Profile
from tenants.secrets.sealing import DataKey, place


@dataclass(frozen=True)
class Intake:
    """Where facts go: one connection of one tenant, sealed under the tenant's key."""

    profile: Profile
    connection_id: UUID
    source: str
    key: DataKey
    now: datetime

    @property
    def ids(self) -> dict[str, UUID]:
        return {"tenant_id": self.profile.tenant_id, "connection_id": self.connection_id}

    def subject(self, external_id: str) -> UUID:
        return self.key.subject_id(f"{self.source}:{self.connection_id}", external_id)


async def store_orders(
    session: AsyncSession, intake: Intake, *, orders: Sequence[OrderRecord], gone: Sequence[str]
) -> set[date]:
    """Replaces the facts of `orders` and drops those of `gone`; returns the days that are dirty now."""
    touched = [order.external_id for order in orders] + list(gone)
    if not touched:
        return set()
    days = await _days_of(session, intake, touched)
    kept = [order for order in orders if order.excluded is None]
    dropped = [order.external_id for order in orders if order.excluded is not None] + list(gone)
    await session.execute(sql.DELETE_REFUNDS, {**intake.ids, "order_ids": touched})
    await session.execute(sql.DELETE_LINES, {**intake.ids, "order_ids": touched})
    if dropped:
        await session.execute(sql.DELETE_ORDERS, {**intake.ids, "order_ids": dropped})
    if kept:
        await session.execute(sql.UPSERT_ORDERS, {**intake.ids, **_order_columns(intake, kept)})
        await session.execute(sql.INSERT_LINES, {**intake.ids, **_line_columns(kept)})
        await session.execute(sql.INSERT_REFUNDS, {**intake.ids, **_refund_columns(intake, kept)})
    days |= await _days_of(session, intake, touched)
    await mark_dirty(session, intake.profile.tenant_id, days, now=intake.now)
    return days


async def store_customers(
    session: AsyncSession, intake: Intake, *, customers: Sequence[CustomerRecord], gone: Sequence[str]
) -> None:
    if customers:
        await session.execute(sql.UPSERT_CUSTOMERS, {**intake.ids, "now": intake.now, **_customers(intake, customers)})
    if gone:
        await session.execute(sql.DELETE_CUSTOMERS, {**intake.ids, "external_ids": list(gone)})


async def _days_of(session: AsyncSession, intake: Intake, order_ids: Sequence[str]) -> set[date]:
    result = await session.execute(sql.DAYS_OF_ORDERS, {**intake.ids, "order_ids": list(order_ids)})
    return set(result.scalars())


def _order_columns(intake: Intake, orders: Sequence[OrderRecord]) -> dict[str, list[Any]]:
    return {
        "external_ids": [order.external_id for order in orders],
        "subject_ids": [
            None if order.customer_external_id is None else intake.subject(order.customer_external_id)
            for order in orders
        ],
        "instants": [order.occurred_at for order in orders],
        "days": [intake.profile.day_of(order.occurred_at) for order in orders],
        "currencies": [order.currency for order in orders],
        "gross": [order.gross_minor for order in orders],
        "discount": [order.discount_minor for order in orders],
        "tax": [order.tax_minor for order in orders],
        "shipping": [order.shipping_minor for order in orders],
        "channels": [order.channel for order in orders],
    }


def _line_columns(orders: Sequence[OrderRecord]) -> dict[str, list[Any]]:
    lines = [(order.external_id, line) for order in orders for line in order.lines]
    return {
        "order_ids": [order_id for order_id, _ in lines],
        "external_ids": [line.external_id for _, line in lines],
        "product_ids": [line.product_external_id for _, line in lines],
        "skus": [line.sku for _, line in lines],
        "quantities": [line.quantity for _, line in lines],
        "gross": [line.gross_minor for _, line in lines],
        "discount": [line.discount_minor for _, line in lines],
    }


def _refund_columns(intake: Intake, orders: Sequence[OrderRecord]) -> dict[str, list[Any]]:
    refunds = [(order, refund) for order in orders for refund in order.refunds]
    return {
        "order_ids": [order.external_id for order, _ in refunds],
        "external_ids": [refund.external_id for _, refund in refunds],
        "instants": [refund.occurred_at for _, refund in refunds],
        "days": [intake.profile.day_of(refund.occurred_at) for _, refund in refunds],
        "currencies": [order.currency for order, _ in refunds],
        "amounts": [refund.amount_minor for _, refund in refunds],
        "channels": [order.channel for order, _ in refunds],
    }


def _customers(intake: Intake, customers: Sequence[CustomerRecord]) -> dict[str, list[Any]]:
    subjects = [intake.subject(customer.external_id) for customer in customers]
    tenant_id = intake.profile.tenant_id
    return {
        "ids": subjects,
        "external_ids": [customer.external_id for customer in customers],
        "profiles": [
            intake.key.seal(_profile(customer), place(tenant_id, subject, "customers.sealed_profile"))
            for subject, customer in zip(subjects, customers, strict=True)
        ],
        "email_hashes": [
            None if customer.email is None else intake.key.keyed_hash("email", customer.email.strip().lower())
            for customer in customers
        ],
        "since": [customer.since for customer in customers],
    }


def _profile(customer: CustomerRecord) -> bytes:
    return orjson.dumps({"name": customer.name, "email": customer.email, "phone": customer.phone})
