"""A value that cannot be read is named by the field it stands in, written in the document or sent beside it."""

from typing import Any

import pytest

from tests.integration.api.client import Caller

CREATE = "mutation { objectiveCreate(input: %s) { userErrors { code } } }"
CREATE_BY_VARIABLE = "mutation($i: ObjectiveCreateInput!) { objectiveCreate(input: $i) { userErrors { code } } }"
VALUE = '{ nodes(ids: ["x"]) { ... on Kpi { value(%s) { value } } } }'
COMPLETE = {"tenantId": "x", "title": "t", "startsOn": "2026-01-01", "dueOn": "2026-02-28", "idempotencyKey": "k"}


def _written(**changed: str | None) -> str:
    fields = {name: f'"{value}"' for name, value in COMPLETE.items()} | changed
    return "{" + ", ".join(f"{name}: {value}" for name, value in fields.items() if value is not None) + "}"


# Of each the document, and the field; the fault stands where the document says "FAULT", which is cut out.
WRITTEN = {
    "instant": (VALUE % 'on: "2026-01-01", asOf: FAULT"yesterday"', ["asOf"]),
    "instant on a line of its own": (VALUE % 'on: "2026-01-01" # day\n asOf: # then\n FAULT"yesterday"', ["asOf"]),
    "day": (CREATE % _written(dueOn='FAULT"2026-02-30"'), ["input", "dueOn"]),
    "day after other values": (
        '{ nodes(ids: ["a", "b"]) { ... on Kpi { value(period: LAST_MONTH, on: FAULT"x") { value } } } }',
        ["on"],
    ),
    "choice": ("{ metricCatalog(category: FAULTSECRETS) { nodes { key } } }", ["category"]),
    "text": (CREATE % _written(title="FAULT5"), ["input", "title"]),
    "item": ('query($v: ID!) { nodes(ids: ["a", $v, FAULT1.5, "b"]) { id } }', ["ids", "2"]),
    "missing": (CREATE % ("FAULT" + _written(startsOn=None)), ["input", "startsOn"]),
    "unknown": (CREATE % _written(title='"t", FAULTmood: "x"'), ["input", "mood"]),
    "default": ('query($a: DateTime = FAULT"now") ' + VALUE % "asOf: $a", ["a"]),
    "default of a list": ('query($v: [ID!]! = ["a", FAULT1.5]) { nodes(ids: $v) { id } }', ["v", "1"]),
}


@pytest.mark.parametrize(("marked", "field"), WRITTEN.values(), ids=WRITTEN)
async def test_a_value_in_the_document(agency: Caller, marked: str, field: list[str]) -> None:
    before = marked.partition("FAULT")[0]
    answer = await agency.ask(marked.replace("FAULT", ""))
    assert "data" not in answer.body
    assert answer.code == "VALIDATION_FAILED"
    assert answer.error["extensions"]["field"] == field
    place = {"line": before.count("\n") + 1, "column": len(before) - before.rfind("\n")}
    assert answer.error["locations"] == [place]


SENT: dict[str, tuple[dict[str, Any], list[str]]] = {
    "day": ({"dueOn": "2026-02-30"}, ["i", "dueOn"]),
    "missing": ({"startsOn": ...}, ["i", "startsOn"]),
    "unknown": ({"mood": "x"}, ["i", "mood"]),
}


@pytest.mark.parametrize(("changed", "field"), SENT.values(), ids=SENT)
async def test_a_value_in_a_variable(agency: Caller, changed: dict[str, Any], field: list[str]) -> None:
    sent = {name: value for name, value in (COMPLETE | changed).items() if value is not ...}
    answer = await agency.ask(CREATE_BY_VARIABLE, i=sent)
    assert "data" not in answer.body
    assert answer.code == "VALIDATION_FAILED"
    assert answer.error["extensions"]["field"] == field
