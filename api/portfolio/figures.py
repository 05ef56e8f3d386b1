"""One metric over clients: all together, the middle of them, and client by client."""

import datetime as dt
from asyncio import Lock
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import strawberry

from api.context import Context
from api.kpis.answers import answers
from api.metrics.types import Metric
from api.numbers import shown
from api.pagination import Connection, slice_of
from api.tenants.types import Tenant
from domain.kpis.valuation import Answer, Question
from domain.metrics import definition
from domain.metrics.catalog import named_metric
from domain.metrics.definition import NullReason, Unit
from domain.metrics.formulas import Number
from domain.metrics.periods import PeriodName, period_named
from domain.portfolio.figures import quartiles, rank, together
from tenants.errors import InvalidInput
from tenants.registry.profile import Profile

AT_ONCE = 200
"""Clients."""
MOST_METRICS = 10
"""Of a request, over all clients, and each in one period."""


class Told(NamedTuple):
    """What a client's metric stands at. `currency` is of the money it is made of, if it is."""

    profile: Profile
    answer: Answer

    @property
    def number(self) -> Number | None:
        return self.answer.values.numbers[-1]

    @property
    def currency(self) -> str | None:
        return self.profile.currency if self.answer.question.metric.is_made_of_money else None


@strawberry.type(description="A metric over all clients of one currency; over all there are where no money is in it.")
class AcrossClients:
    currency: str | None
    n: int = strawberry.field(description="How many clients have a number.")
    together: Decimal | None = strawberry.field(
        description="The metric's formula over the sums of their inputs: what adds up is added up, and a ratio is one "
        "of sums."
    )
    p25: Decimal
    median: Decimal
    p75: Decimal


@strawberry.type(description="What the metric stands at for one client.")
class ClientFigure:
    told: strawberry.Private[Told]
    numbers: strawberry.Private[Sequence[Number]]
    """Of all clients that it is compared with, in order."""
    tenant: Tenant

    @strawberry.field
    def tenant_id(self) -> strawberry.ID:
        return self.tenant.gid

    @strawberry.field
    def currency(self) -> str | None:
        return self.told.currency

    @strawberry.field
    def value(self) -> Decimal | None:
        number, profile = self.told.number, self.told.profile
        return None if number is None else shown(number, self.told.answer.question.metric.unit, profile.currency)

    @strawberry.field
    def null_reason(self) -> NullReason | None:
        return self.told.answer.values.null_reasons[-1]

    @strawberry.field
    def flags(self) -> list[str]:
        return list(self.told.answer.values.flags[-1])

    @strawberry.field(
        description="Where it lies among your own clients of its currency: the share whose value is less, those with "
        "as much counted by half. From 0 to 1."
    )
    def percentile(self) -> Decimal | None:
        number = self.told.number
        return None if number is None else shown(rank(number, self.numbers), Unit.RATIO, "")


@strawberry.type(description="A metric over your own clients, each over the period in its own calendar.")
class ClientsMetric:
    definition: strawberry.Private[definition.Metric]
    told: strawberry.Private[Sequence[Told]]
    """In the order of their ids."""
    now: strawberry.Private[dt.datetime]

    @strawberry.field
    def metric(self) -> Metric:
        return Metric.of(self.definition)

    @strawberry.field(description="By currency; of your own clients alone, so it is no benchmark of a market.")
    def across_clients(self) -> list[AcrossClients]:
        return [_across(self.definition, some) for _, some in sorted(self._comparable.items(), key=_by_currency)]

    @strawberry.field(description="Client by client, oldest first.")
    def by_client(self, first: int = 20, after: str | None = None) -> Connection[ClientFigure]:
        numbers = {
            currency: sorted(each.number for each in some if each.number is not None)
            for currency, some in self._comparable.items()
        }
        figures = [
            (each.profile.tenant_id, ClientFigure(told=each, numbers=numbers.get(each.currency, ()), tenant=tenant))
            for each in self.told
            for tenant in [Tenant(profile=each.profile, now=self.now)]
        ]
        return slice_of(figures, first=first, after=after)

    @property
    def _comparable(self) -> Mapping[str | None, Sequence[Told]]:
        """Those that have a number, by its currency."""
        found: dict[str | None, list[Told]] = {}
        for each in self.told:
            if each.number is not None:
                found.setdefault(each.currency, []).append(each)
        return found


@dataclass
class Figures:
    """Of a portfolio's clients, which were entered: worked out once in a request, and each a point."""

    context: Context
    _known: dict[tuple[definition.Metric, PeriodName], dict[UUID, Told]] = field(default_factory=dict)
    _turn: Lock = field(default_factory=Lock)

    async def over(self, clients: Sequence[Sequence[UUID]], key: str, period: PeriodName) -> list[ClientsMetric]:
        """Of each of some sets of clients. Raises InvalidInput."""
        metric, now = named_metric(key), self.context.now
        found = await self.of({tenant_id for some in clients for tenant_id in some}, metric, period)
        return [
            ClientsMetric(definition=metric, told=[found[tenant_id] for tenant_id in sorted(some)], now=now)
            for some in clients
        ]

    async def of(
        self, tenant_ids: Collection[UUID], metric: definition.Metric, period: PeriodName
    ) -> Mapping[UUID, Told]:
        """Over everything, whether a client has adopted the metric or not. Raises InvalidInput."""
        if (metric, period) not in self._known and len(self._known) >= MOST_METRICS:
            raise InvalidInput(
                f"At most {MOST_METRICS} metrics over clients at once.", field=("metricKey",), code="TOO_MANY_METRICS"
            )
        known = self._known.setdefault((metric, period), {})
        async with self._turn:
            new = [tenant_id for tenant_id in tenant_ids if tenant_id not in known]
            self.context.meter.reckoned += len(new)
            for start in range(0, len(new), AT_ONCE):  # others are served in between
                known.update(await self._read(new[start : start + AT_ONCE], metric, period))
        return known

    async def _read(
        self, tenant_ids: Sequence[UUID], metric: definition.Metric, period: PeriodName
    ) -> dict[UUID, Told]:
        reader = self.context.reader
        profiles = [reader.profile(tenant_id) for tenant_id in tenant_ids]

        def question(profile: Profile) -> Question:
            day = reader.today(profile.tenant_id)
            return Question(profile, metric, "", period_named(period, day, profile.fiscal_year_start_month))

        found: dict[UUID, Told] = {}
        for profile, answer in zip(profiles, await answers(self.context, profiles, question, None), strict=True):
            if isinstance(answer, Exception):
                raise answer
            found[profile.tenant_id] = Told(profile, answer)
        return found


def _across(metric: definition.Metric, some: Sequence[Told]) -> AcrossClients:
    currency = some[0].currency
    numbers = [each.number for each in some if each.number is not None]
    low, median, high = (shown(each, metric.unit, currency or "") for each in quartiles(numbers))
    pooled = together(metric, [_operands(each) for each in some])
    return AcrossClients(
        currency=currency,
        n=len(numbers),
        together=None if pooled is None else shown(pooled, metric.unit, currency or ""),
        p25=low,
        median=median,
        p75=high,
    )


def _operands(told: Told) -> dict[str, Number]:
    return {name: column[-1] or 0 for name, column in told.answer.inputs.items()}


def _by_currency(item: tuple[str | None, Sequence[Told]]) -> str:
    return item[0] or ""
