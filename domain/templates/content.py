"""What a version of a template holds: objectives, KPIs and targets without a client's dates and figures.

Days count from the day a template is applied on. A target's values are changes against the value it starts from; only
where that is nothing they are values themselves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any
from uuid import UUID

SHARES = Context(prec=20)
AMOUNTS = Context(prec=60)
"""Whether a value is of reasonable size is said by whoever sets it."""


@dataclass(frozen=True)
class Aim:
    """`change` is a share of the start value: 0.15 is 15 % more. `value` stands for itself, in the metric's unit."""

    change: Decimal | None = None
    value: Decimal | None = None

    @classmethod
    def of(cls, value: Decimal, start: Decimal) -> "Aim":
        if not start:
            return cls(value=value.normalize())
        return cls(change=SHARES.subtract(SHARES.divide(value, start), Decimal(1)).normalize())

    def at(self, start: Decimal, places: int) -> Decimal:
        """The value it comes to from this start, rounded to so many places."""
        if self.value is not None:
            return self.value
        assert self.change is not None
        exact = AMOUNTS.multiply(start, AMOUNTS.add(self.change, Decimal(1)))
        return AMOUNTS.quantize(exact, Decimal(1).scaleb(-places))

    def to_json(self) -> dict[str, str]:
        return {name: str(each) for name, each in vars(self).items() if each is not None}

    @classmethod
    def parse(cls, said: Mapping[str, str]) -> "Aim":
        return cls(**{name: Decimal(each) for name, each in said.items()})


@dataclass(frozen=True)
class TemplatePoint:
    days: int
    aim: Aim


@dataclass(frozen=True)
class TemplateTarget:
    """`currency` is that of values which stand for themselves, where they are money."""

    aim: Aim
    days: int
    trajectory: str
    grain: str
    points: tuple[TemplatePoint, ...]
    tolerance: Decimal
    stretch: Aim | None
    rationale: str
    currency: str | None

    def to_json(self) -> dict[str, Any]:
        return {
            **vars(self),
            "aim": self.aim.to_json(),
            "points": [{"days": each.days, "aim": each.aim.to_json()} for each in self.points],
            "tolerance": str(self.tolerance),
            "stretch": self.stretch and self.stretch.to_json(),
        }

    @classmethod
    def parse(cls, said: Mapping[str, Any]) -> "TemplateTarget":
        return cls(
            aim=Aim.parse(said["aim"]),
            days=said["days"],
            trajectory=said["trajectory"],
            grain=said["grain"],
            points=tuple(TemplatePoint(each["days"], Aim.parse(each["aim"])) for each in said["points"]),
            tolerance=Decimal(said["tolerance"]),
            stretch=None if said["stretch"] is None else Aim.parse(said["stretch"]),
            rationale=said["rationale"],
            currency=said["currency"],
        )


@dataclass(frozen=True)
class TemplateKpi:
    """`key` names the same item in every version."""

    key: UUID
    metric_key: str
    segment: str
    name: str
    target: TemplateTarget | None = None

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "key": str(self.key), "target": self.target and self.target.to_json()}

    @classmethod
    def parse(cls, said: Mapping[str, Any]) -> "TemplateKpi":
        target = None if said["target"] is None else TemplateTarget.parse(said["target"])
        return cls(**{**said, "key": UUID(said["key"]), "target": target})


@dataclass(frozen=True)
class TemplateObjective:
    """`kpis` and `parent` are keys of other items."""

    key: UUID
    title: str
    description: str | None
    days: int
    parent: UUID | None
    kpis: tuple[UUID, ...]

    def to_json(self) -> dict[str, Any]:
        said = {
            "key": str(self.key),
            "parent": self.parent and str(self.parent),
            "kpis": [str(key) for key in self.kpis],
        }
        return {**vars(self), **said}

    @classmethod
    def parse(cls, said: Mapping[str, Any]) -> "TemplateObjective":
        keys = tuple(UUID(key) for key in said["kpis"])
        parent = None if said["parent"] is None else UUID(said["parent"])
        return cls(**{**said, "key": UUID(said["key"]), "parent": parent, "kpis": keys})


@dataclass(frozen=True)
class Content:
    """Objectives stand after their parents."""

    objectives: tuple[TemplateObjective, ...]
    kpis: tuple[TemplateKpi, ...]

    def objective(self, key: UUID) -> TemplateObjective | None:
        return next((each for each in self.objectives if each.key == key), None)

    def kpi(self, key: UUID) -> TemplateKpi | None:
        return next((each for each in self.kpis if each.key == key), None)

    def links(self) -> Iterator[tuple[TemplateObjective, TemplateKpi]]:
        kpis = {each.key: each for each in self.kpis}
        for objective in self.objectives:
            for key in objective.kpis:
                yield objective, kpis[key]

    def to_json(self) -> dict[str, Any]:
        return {
            "objectives": [each.to_json() for each in self.objectives],
            "kpis": [each.to_json() for each in self.kpis],
        }

    @classmethod
    def parse(cls, said: Mapping[str, Any]) -> "Content":
        return cls(
            tuple(TemplateObjective.parse(each) for each in said["objectives"]),
            tuple(TemplateKpi.parse(each) for each in said["kpis"]),
        )
