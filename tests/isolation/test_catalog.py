"""Every table has its class and the guard of its class; a new one without turns this red."""

from dataclasses import replace

from tests.isolation.catalog import findings
from tests.isolation.models import MODELS
from tests.isolation.schema import Relation, Schema


def test_the_catalog_obeys_the_laws(schema: Schema) -> None:
    assert sorted(findings(schema, MODELS)) == []


def test_the_laws_hold_even_where_model_and_table_agree(schema: Schema) -> None:
    """A model that repeats the mistake of its table must not hide it."""
    kpis = schema.relations["kpis"]
    columns = tuple(replace(each, type="text") if each.name == "tenant_id" else each for each in kpis.columns)
    assert judged(schema, replace(kpis, columns=columns)) == ["has no tenant_id uuid NOT NULL"]
    assert judged(schema, replace(kpis, comment="class: tennant")) == ["has no class: its comment is 'class: tennant'"]
    assert judged(schema, replace(kpis, name="app.kpis")) == ["stands outside of the schema public"]
    assert judged(schema, replace(kpis, name="k", comment="class: directory"))[-1].startswith("is a directory table no")


def judged(schema: Schema, altered: Relation) -> list[str]:
    relations = {**schema.relations, altered.name: altered}
    models = {**MODELS, altered.name: altered.table_class}
    found = findings(replace(schema, relations=relations), models)
    return [finding.removeprefix(f"{altered.name}: ") for finding in found if finding.startswith(f"{altered.name}: ")]
