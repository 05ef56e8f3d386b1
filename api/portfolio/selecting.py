"""Which clients of all, and in what order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
import strawberry

from api.context import Context
from api.ids import Kind, decode_as
from api.pagination import read_place
from api.portfolio.figures import Figures
from api.portfolio.stands import Stands
from api.portfolio.tags import own_tags
from domain.connections.reads import waiting_for_somebody
from domain.kpis.trajectories import TargetStatus
from domain.metrics.catalog import named_metric
from domain.metrics.periods import PeriodName
from domain.objectives.status import WORST_FIRST
from tenants.access.actor import ApiScope
from tenants.errors import InvalidInput
from tenants.registry.profile import Profile
from tenants.registry.reads import read_traits

MOST_CHOICES = 1_000


@strawberry.input(description="What clients must have, all of it; of a list, one of its entries.")
class PortfolioFilter:
    tenant_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description=f"At most {MOST_CHOICES}. Those you may not read are told as `denied`."
    )
    name: str | None = strawberry.field(default=None, description="Part of the name, in whatever case.")
    tags: list[str] | None = strawberry.field(default=None, description="Your own, as you gave them.")
    currencies: list[str] | None = None
    industries: list[str] | None = None
    size_bands: list[str] | None = None
    business_models: list[str] | None = None
    statuses: list[TargetStatus] | None = strawberry.field(
        default=None, description="As the worst of their targets stands."
    )
    needs_attention: bool | None = strawberry.field(
        default=None,
        description="Whether a connection waits for somebody to see to it. Needs the scope read_connections.",
    )


@strawberry.enum
class PortfolioOrderField(StrEnum):
    ID = "ID"
    NAME = "NAME"
    STATUS = "STATUS"
    METRIC = "METRIC"


@strawberry.enum
class OrderDirection(StrEnum):
    ASC = "ASC"
    DESC = "DESC"


@strawberry.input(description="Whoever has no value comes last.")
class PortfolioOrder:
    field: PortfolioOrderField
    direction: OrderDirection = OrderDirection.ASC
    metric_key: str | None = strawberry.field(default=None, description="With METRIC.")
    period: PeriodName = PeriodName.LAST_MONTH


BY_ID = PortfolioOrder(field=PortfolioOrderField.ID)


Key = str | int | Decimal | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a client stands in an order: what it is ordered by, if there is that, and its id."""

    key: Key
    tenant_id: UUID
    order: PortfolioOrder

    @property
    def bytes(self) -> bytes:
        key = str(self.key) if isinstance(self.key, Decimal) else self.key
        return orjson.dumps([*_said(self.order), key, str(self.tenant_id)])


def _said(order: PortfolioOrder) -> list[str | None]:
    """What a cursor is good for."""
    return [order.field, order.direction, order.metric_key, order.period]


def place_of(cursor: str | None, order: PortfolioOrder) -> Place | None:
    """Raises InvalidInput for one of another order."""
    if cursor is None:
        return None
    return read_place(cursor, lambda raw: _place(raw, order))


def _place(raw: bytes, order: PortfolioOrder) -> Place:
    """Raises ValueError, TypeError, ArithmeticError."""
    *said, key, tenant_id = orjson.loads(raw)
    if said != _said(order):
        raise ValueError(said)
    return Place(None if key is None else READ[order.field](key), UUID(str(tenant_id)), order)


def _finite(key: Any) -> Decimal:
    number = Decimal(str(key))
    if not number.is_finite():
        raise ValueError(key)
    return number


READ: Mapping[PortfolioOrderField, Callable[[Any], str | int | Decimal]] = {
    PortfolioOrderField.ID: str,
    PortfolioOrderField.NAME: str,
    PortfolioOrderField.STATUS: int,
    PortfolioOrderField.METRIC: _finite,
}
"""From what stands in a cursor."""


def ordered(places: Sequence[Place], direction: OrderDirection) -> list[Place]:
    by_id = sorted(places, key=lambda place: place.tenant_id)
    keyed = sorted(
        (place for place in by_id if place.key is not None),
        key=lambda place: place.key,  # type: ignore[arg-type,return-value]
        reverse=direction is OrderDirection.DESC,
    )
    return [*keyed, *(place for place in by_id if place.key is None)]


def after(places: Sequence[Place], place: Place | None, direction: OrderDirection) -> list[Place]:
    """What comes after it, in their order. It may have gone meanwhile, or moved: what was to come still comes."""
    if place is None:
        return ordered(places, direction)
    among = ordered([*(each for each in places if each != place), place], direction)
    return among[among.index(place) + 1 :]


async def placed(profiles: Sequence[Profile], order: PortfolioOrder, stands: Stands, figures: Figures) -> list[Place]:
    """Raises InvalidInput."""
    keys = await _keys(profiles, order, stands, figures)
    return [Place(key, tenant_id, order) for tenant_id, key in keys.items()]


async def _keys(
    profiles: Sequence[Profile], order: PortfolioOrder, stands: Stands, figures: Figures
) -> Mapping[UUID, Key]:
    if order.field is PortfolioOrderField.ID:
        return {each.tenant_id: None for each in profiles}
    if order.field is PortfolioOrderField.NAME:
        return {each.tenant_id: each.name.casefold() for each in profiles}
    ids = [each.tenant_id for each in profiles]
    if order.field is PortfolioOrderField.STATUS:
        statuses = await stands.statuses(ids)
        return {each: _rank(statuses[each]) for each in ids}
    if order.metric_key is None:
        raise InvalidInput("Say which metric.", field=("orderBy", "metricKey"), code="METRIC_MISSING")
    metric = named_metric(order.metric_key, field=("orderBy", "metricKey"))
    found = await figures.of(ids, metric, order.period)
    numbers = {each: found[each].number for each in ids}
    return {each: None if number is None else Decimal(number) for each, number in numbers.items()}


def _rank(status: TargetStatus) -> int | None:
    return WORST_FIRST.index(status) if status in WORST_FIRST else None


async def chosen(
    context: Context, profiles: Sequence[Profile], filter_: PortfolioFilter, stands: Stands
) -> list[Profile]:
    """Those that have it all. What costs nothing goes first, so that less is looked up for the rest."""
    left = [each for each in profiles if _is_named(each, filter_)]
    for fits in (_by_traits, _by_tags, _by_attention):
        left = await fits(context, left, filter_)
    if filter_.statuses is not None:
        statuses = await stands.statuses([each.tenant_id for each in left])
        left = [each for each in left if statuses[each.tenant_id] in filter_.statuses]
    return left


def asked_ids(filter_: PortfolioFilter) -> list[UUID] | None:
    """Raises InvalidInput, NotFound."""
    if filter_.tenant_ids is None:
        return None
    if len(filter_.tenant_ids) > MOST_CHOICES:
        raise InvalidInput(f"At most {MOST_CHOICES} ids.", field=("filter", "tenantIds"), code="TOO_MANY_IDS")
    field = ("filter", "tenantIds")
    return list(dict.fromkeys(decode_as(Kind.TENANT, each, field=field).owner for each in filter_.tenant_ids))


def _is_named(profile: Profile, filter_: PortfolioFilter) -> bool:
    named = filter_.name is None or filter_.name.casefold() in profile.name.casefold()
    return named and (filter_.currencies is None or profile.currency in filter_.currencies)


async def _by_traits(context: Context, profiles: list[Profile], filter_: PortfolioFilter) -> list[Profile]:
    wanted: dict[str, list[str]] = {
        name: asked
        for name, asked in (
            ("industry", filter_.industries),
            ("size_band", filter_.size_bands),
            ("business_model", filter_.business_models),
        )
        if asked is not None
    }
    if not wanted:
        return profiles
    traits = await context.reader.read(read_traits, [each.tenant_id for each in profiles])
    return [
        each
        for each in profiles
        if all(getattr(traits[each.tenant_id], name) in asked for name, asked in wanted.items())
    ]


async def _by_tags(context: Context, profiles: list[Profile], filter_: PortfolioFilter) -> list[Profile]:
    if filter_.tags is None:
        return profiles
    wanted = set(filter_.tags)
    tags = await own_tags(context, [each.tenant_id for each in profiles])
    return [each for each in profiles if wanted.intersection(tags.get(each.tenant_id, ()))]


async def _by_attention(context: Context, profiles: list[Profile], filter_: PortfolioFilter) -> list[Profile]:
    """Of whose connections may not be read nothing is said either way."""
    if filter_.needs_attention is None:
        return profiles
    ids = [each.tenant_id for each in profiles]
    refused = await context.reader.enter_tenants(ids, scope=ApiScope.READ_CONNECTIONS)
    waiting = await context.reader.read(waiting_for_somebody, [each for each in ids if each not in refused])
    return [
        each
        for each in profiles
        if each.tenant_id not in refused and (each.tenant_id in waiting) is filter_.needs_attention
    ]
