"""What stands at a client beside what a version of a template has. Asks for nothing: all of it was read before.

What was there before the template is the client's own: it may lack or be put away, and is not compared.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.kpis.models import Kpi, Target
from domain.objectives.models import Objective
from domain.templates.applying import places_of, said_of
from domain.templates.content import Content, TemplateKpi, TemplateObjective, TemplateTarget
from domain.templates.models import ItemKind, TemplateMark
from domain.templates.taking import amount_of


class DriftState(StrEnum):
    MISSING = "MISSING"
    ARCHIVED = "ARCHIVED"
    CHANGED = "CHANGED"


@dataclass(frozen=True)
class Difference:
    """`fields` are those that are other than the version has them, by the names of the schema."""

    kind: ItemKind
    key: UUID
    name: str
    state: DriftState
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standing:
    """A client's things that stand for a template's items, read at one instant.

    `targets` has the live one of a KPI that counts, `links` the live KPIs of an objective.
    """

    currency: str
    marks: Mapping[tuple[str, UUID], TemplateMark]
    objectives: Mapping[UUID, Objective]
    kpis: Mapping[UUID, Kpi]
    targets: Mapping[UUID, Target]
    links: Mapping[UUID, Sequence[UUID]]


def differences(content: Content, standing: Standing) -> list[Difference]:
    return [
        *_objectives(content, standing),
        *_kpis(content, standing),
        *_links(content, standing),
        *_targets(content, standing),
    ]


def _objectives(content: Content, standing: Standing) -> Iterator[Difference]:
    for item in content.objectives:
        mark = standing.marks.get((ItemKind.OBJECTIVE, item.key))
        row = None if mark is None else standing.objectives.get(mark.object_id)
        if mark is None or row is None:
            yield Difference(ItemKind.OBJECTIVE, item.key, item.title, DriftState.MISSING)
        elif row.archived_at is not None:
            yield Difference(ItemKind.OBJECTIVE, item.key, item.title, DriftState.ARCHIVED)
        elif not mark.adopted and (changed := _other(_wanted(item, mark.starts_on, standing), row)):
            yield Difference(ItemKind.OBJECTIVE, item.key, item.title, DriftState.CHANGED, changed)


def _kpis(content: Content, standing: Standing) -> Iterator[Difference]:
    for item in content.kpis:
        mark, row = standing.marks.get((ItemKind.KPI, item.key)), _kpi(item, standing)
        if mark is None or row is None:
            yield Difference(ItemKind.KPI, item.key, item.name, DriftState.MISSING)
        elif row.archived_at is not None:
            yield Difference(ItemKind.KPI, item.key, item.name, DriftState.ARCHIVED)
        elif not mark.adopted and row.name != item.name:
            yield Difference(ItemKind.KPI, item.key, item.name, DriftState.CHANGED, ("name",))


def _links(content: Content, standing: Standing) -> Iterator[Difference]:
    """Between things that are there: what else is missing is said of the things."""
    for objective, item in content.links():
        mark = standing.marks.get((ItemKind.OBJECTIVE, objective.key))
        row = None if mark is None else standing.objectives.get(mark.object_id)
        kpi = _kpi(item, standing)
        if row is None or kpi is None or row.archived_at is not None or kpi.archived_at is not None:
            continue
        if kpi.id not in standing.links.get(row.id, ()):
            yield Difference(ItemKind.LINK, objective.key, f"{objective.title}: {item.name}", DriftState.MISSING)


def _targets(content: Content, standing: Standing) -> Iterator[Difference]:
    for item in content.kpis:
        kpi = _kpi(item, standing)
        if item.target is None or kpi is None or kpi.archived_at is not None:
            continue
        mark, newest = standing.marks.get((ItemKind.TARGET, item.key)), standing.targets.get(kpi.id)
        if newest is None:
            state = DriftState.MISSING if mark is None else DriftState.ARCHIVED
            yield Difference(ItemKind.TARGET, item.key, item.name, state)
        elif mark is None or mark.adopted:
            continue
        elif changed := _of_target(item, item.target, newest, standing.currency):
            yield Difference(ItemKind.TARGET, item.key, item.name, DriftState.CHANGED, changed)


def _kpi(item: TemplateKpi, standing: Standing) -> Kpi | None:
    mark = standing.marks.get((ItemKind.KPI, item.key))
    return None if mark is None else standing.kpis.get(mark.object_id)


def _wanted(item: TemplateObjective, starts_on: date, standing: Standing) -> dict[str, Any]:
    """Of a parent for which nothing stands it is said there that it is missing."""
    said = said_of(item, starts_on, None)
    wanted = {"title": said.title, "description": said.description, "dueOn": said.due_on}
    if item.parent is None:
        return {**wanted, "parentId": None}
    parent = standing.marks.get((ItemKind.OBJECTIVE, item.parent))
    return wanted if parent is None else {**wanted, "parentId": parent.object_id}


def _other(wanted: Mapping[str, Any], row: Objective) -> tuple[str, ...]:
    stands = {"title": row.title, "description": row.description, "dueOn": row.due_on, "parentId": row.parent_id}
    return tuple(name for name, value in wanted.items() if stands[name] != value)


def _of_target(item: TemplateKpi, wanted: TemplateTarget, row: Target, currency: str) -> tuple[str, ...]:
    amount, places = amount_of(item.metric_key, currency), places_of(item.metric_key, currency)
    start = amount(row.start_value)
    points = [(row.start_on + timedelta(days=each.days), each.aim.at(start, places)) for each in wanted.points]
    pairs = {
        "value": (wanted.aim.at(start, places), amount(row.value)),
        "dueOn": (row.start_on + timedelta(days=wanted.days), row.due_on),
        "trajectory": (wanted.trajectory, row.trajectory),
        "grain": (wanted.grain, row.grain),
        "points": (
            points,
            [(date.fromisoformat(each["on"]), amount(Decimal(each["value"]))) for each in row.points],
        ),
        "tolerance": (wanted.tolerance, row.tolerance),
        "stretchValue": (
            None if wanted.stretch is None else wanted.stretch.at(start, places),
            None if row.stretch_value is None else amount(row.stretch_value),
        ),
        "rationale": (wanted.rationale, row.rationale),
    }
    return tuple(name for name, (asked, stands) in pairs.items() if asked != stands)
