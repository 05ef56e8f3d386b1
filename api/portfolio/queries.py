"""All clients of an organization in one query."""

import datetime as dt
from collections.abc import Mapping, Sequence
from enum import StrEnum
from uuid import UUID

import strawberry

from api.context import Context, Info, Reader
from api.ids import tenant_gid
from api.pagination import Connection, page_size
from api.portfolio.clients import Client
from api.portfolio.figures import ClientsMetric, Figures
from api.portfolio.selecting import (
    BY_ID,
    MOST_CHOICES,
    PortfolioFilter,
    PortfolioOrder,
    asked_ids,
    chosen,
    place_of,
    placed,
)
from api.portfolio.selecting import (
    after as coming_after,
)
from api.portfolio.stands import Stands
from api.portfolio.tags import own_tags
from api.sets import Each, set_based
from api.tenants.types import Tenant
from domain.metrics.periods import PeriodName
from tenants.access.actor import ApiScope
from tenants.errors import InvalidInput
from tenants.registry.clients import Denied, denied_to
from tenants.registry.reads import read_traits
from tenants.registry.service import tenants_of

MOST_CLIENTS = 2_000


@strawberry.enum(description="Why a tenant is not among the clients.")
class DenialReason(StrEnum):
    GRANT_ENDED = "GRANT_ENDED"
    NO_GRANT = "NO_GRANT"
    NOT_FOUND = "NOT_FOUND"


@strawberry.type(description="A tenant that was asked for, or was granted once, and may not be read.")
class Denial:
    tenant_id: strawberry.ID
    reason: DenialReason
    ended_at: dt.datetime | None


@strawberry.enum(description="By what clients are put together.")
class PortfolioGrouping(StrEnum):
    CURRENCY = "CURRENCY"
    INDUSTRY = "INDUSTRY"
    SIZE_BAND = "SIZE_BAND"
    BUSINESS_MODEL = "BUSINESS_MODEL"
    STATUS = "STATUS"
    TAG = "TAG"


@strawberry.type(description="Clients that have something in common.")
class PortfolioGroup:
    key: str | None = strawberry.field(description="Null for those of whom it is not known.")
    clients: strawberry.Private[Sequence[UUID]]
    figures: strawberry.Private[Figures]

    @strawberry.field
    def total_count(self) -> int:
        return len(self.clients)

    @set_based(description="A metric over them.")
    async def metric(
        groups: Sequence["PortfolioGroup"],
        context: Context,
        metric_key: str,
        period: PeriodName = PeriodName.LAST_MONTH,
    ) -> Each[ClientsMetric]:
        return await groups[0].figures.over([each.clients for each in groups], metric_key, period)


@strawberry.type(description="Clients, page by page, and what can be said of all of them.")
class ClientConnection(Connection[Client]):
    clients: strawberry.Private[Sequence[UUID]]
    """On all pages."""
    strangers: strawberry.Private[Sequence[UUID] | None]
    """Those that were asked for and may not be read; None where nobody was asked for."""
    stands: strawberry.Private[Stands]
    figures: strawberry.Private[Figures]

    @strawberry.field
    def total_count(self) -> int:
        return len(self.clients)

    @set_based(
        description="Whoever is missing, and why: of those asked for by `tenantIds`, else of all that your "
        f"organization was ever granted, the latest first. At most {MOST_CHOICES}."
    )
    async def denied(
        portfolios: Sequence["ClientConnection"], context: Context, first: int = 100
    ) -> Each[list[Denial]]:
        if not 1 <= first <= MOST_CHOICES:
            raise InvalidInput(f"`first` is a number from 1 to {MOST_CHOICES}.", field=("first",))
        return [(await _denied(context, each.strangers))[:first] for each in portfolios]

    @set_based(description=f"How many are missing, up to {MOST_CLIENTS}.")
    async def denied_count(portfolios: Sequence["ClientConnection"], context: Context) -> Each[int]:
        return [len(await _denied(context, each.strangers)) for each in portfolios]

    @set_based(description="A metric over all of them.")
    async def metric(
        portfolios: Sequence["ClientConnection"],
        context: Context,
        metric_key: str,
        period: PeriodName = PeriodName.LAST_MONTH,
    ) -> Each[ClientsMetric]:
        return [(await each.figures.over([each.clients], metric_key, period))[0] for each in portfolios]

    @set_based(description="All of them by what they have in common, the largest groups first.")
    async def groups(
        portfolios: Sequence["ClientConnection"], context: Context, by: PortfolioGrouping, first: int = 20
    ) -> Each[list[PortfolioGroup]]:
        size = page_size(first)
        return [_grouped(await _keys(context, each, by), each.figures)[:size] for each in portfolios]


@strawberry.type
class PortfolioQueries:
    @strawberry.field(
        description="The tenants your organization may read, as its clients: sought, sorted and added up over all of "
        f"them, at most {MOST_CLIENTS}."
    )
    async def portfolio(
        self,
        info: Info,
        filter: PortfolioFilter | None = None,  # noqa: A002
        order_by: PortfolioOrder | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> ClientConnection:
        context, order, size = info.context, order_by or BY_ID, page_size(first)
        wanted, start = filter or PortfolioFilter(), place_of(after, order)
        stands, figures = Stands(context), Figures(context)
        ids, strangers = await _readable(context, asked_ids(wanted))
        entered = await context.reader.enter_readable(ids)
        profiles = await chosen(context, [entered[each] for each in ids], wanted, stands)
        coming = coming_after(await placed(profiles, order, stands, figures), start, order.direction)
        return ClientConnection(
            page=[
                (place, Client(tenant=Tenant(profile=entered[place.tenant_id], now=context.now), stands=stands))
                for place in coming[:size]
            ],
            goes_on=len(coming) > size,
            is_continued=after is not None,
            clients=[each.tenant_id for each in profiles],
            strangers=strangers,
            stands=stands,
            figures=figures,
        )


async def _readable(context: Context, wanted: list[UUID] | None) -> tuple[list[UUID], list[UUID] | None]:
    """Raises InvalidInput where they are too many."""
    if wanted is not None:
        refused = await context.reader.enter_tenants(wanted)
        return [each for each in wanted if each not in refused], list(refused)
    ids = await _all(context.reader, context)
    if len(ids) > MOST_CLIENTS:
        raise InvalidInput(
            f"Your organization has more than {MOST_CLIENTS} clients: ask team by team, or by `tenantIds`.",
            field=("filter",),
            code="TOO_MANY_CLIENTS",
        )
    return ids, None


async def _all(reader: Reader, context: Context) -> list[UUID]:
    scope, limit = ApiScope.READ_METRICS, MOST_CLIENTS + 1
    return await reader.read(tenants_of, context.actor, scope=scope, now=context.now, after=None, limit=limit)


async def _denied(context: Context, strangers: Sequence[UUID] | None) -> list[Denial]:
    if context.actor.bounds is not None:  # it is of one tenant, and is told of no other
        known: Sequence[Denied] = ()
    else:
        known = await context.reader.read(
            denied_to,
            context.actor,
            scope=ApiScope.READ_METRICS,
            now=context.now,
            tenant_ids=strangers,
            limit=MOST_CLIENTS,
        )
    met = {each.tenant_id for each in known}
    unknown = [Denied(each, None) for each in strangers or () if each not in met]
    return [
        *(_denial(each, DenialReason.GRANT_ENDED if each.ended_at else DenialReason.NO_GRANT) for each in known),
        *(_denial(each, DenialReason.NOT_FOUND) for each in unknown),
    ]


def _denial(denied: Denied, reason: DenialReason) -> Denial:
    return Denial(tenant_id=tenant_gid(denied.tenant_id), reason=reason, ended_at=denied.ended_at)


Keys = Mapping[UUID, Sequence[str | None]]
"""In which groups each client is."""


async def _keys(context: Context, portfolio: ClientConnection, by: PortfolioGrouping) -> Keys:
    ids = portfolio.clients
    if by is PortfolioGrouping.CURRENCY:
        return {each: [context.reader.profile(each).currency] for each in ids}
    if by is PortfolioGrouping.STATUS:
        statuses = await portfolio.stands.statuses(ids)
        return {each: [statuses[each].value] for each in ids}
    if by is PortfolioGrouping.TAG:
        tags = await own_tags(context, ids)
        return {each: tags.get(each) or [None] for each in ids}
    traits = await context.reader.read(read_traits, ids)
    return {each: [getattr(traits[each], by.value.lower())] for each in ids}


def _grouped(keys: Keys, figures: Figures) -> list[PortfolioGroup]:
    found: dict[str | None, list[UUID]] = {}
    for tenant_id, some in keys.items():
        for key in some:
            found.setdefault(key, []).append(tenant_id)
    groups = [PortfolioGroup(key=key, clients=clients, figures=figures) for key, clients in found.items()]
    return sorted(groups, key=lambda group: (-len(group.clients), group.key is None, group.key or ""))
