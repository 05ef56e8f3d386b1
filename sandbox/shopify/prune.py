"""Cut the Admin schema down to what the sandbox answers.

    python -m sandbox.shopify.prune admin_2026-10.introspection.json.gz > sandbox/shopify/admin_2026-10.graphql

The selection is data (`answered.json`); leaf types come whole, so an enum keeps every real value.
"""

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphql import build_client_schema, lexicographic_sort_schema, print_schema

HERE = Path(__file__).parent
LEAVES = {"SCALAR", "ENUM"}
JsonObject = dict[str, Any]


class NotAnsweredError(Exception):
    """A kept field or argument refers to a type that the selection leaves out."""


def named_type(reference: JsonObject) -> str:
    while reference["ofType"] is not None:
        reference = reference["ofType"]
    return str(reference["name"])


def prune_type(definition: JsonObject, kept: list[str], dropped_arguments: set[str]) -> JsonObject:
    name = definition["name"]
    slot = "inputFields" if definition["kind"] == "INPUT_OBJECT" else "fields"
    fields = {field["name"]: field for field in definition[slot]}
    if missing := [field for field in kept if field not in fields]:
        raise NotAnsweredError(f"{name} has no {', '.join(missing)}")
    chosen = [dict(fields[field], description=None) for field in kept]
    for field in chosen:
        field["args"] = [
            dict(argument, description=None)
            for argument in field.get("args", ())
            if f"{name}.{field['name']}.{argument['name']}" not in dropped_arguments
        ]
    return dict(definition, description=None, **{slot: chosen})


def references(definition: JsonObject) -> Iterator[str]:
    for field in definition.get("fields") or definition.get("inputFields") or ():
        yield named_type(field["type"])
        for argument in field["args"]:
            yield named_type(argument["type"])


def plain_leaf(definition: JsonObject) -> JsonObject:
    values = definition["enumValues"]
    return dict(definition, description=None, enumValues=values and [dict(value, description=None) for value in values])


def prune(introspection: JsonObject, answered: JsonObject) -> JsonObject:
    """Introspection result in, smaller introspection result out."""
    schema = introspection["__schema"]
    known = {definition["name"]: definition for definition in schema["types"]}
    kept: dict[str, list[str]] = answered["types"]
    dropped = set(answered["withoutArguments"])
    types = {name: prune_type(known[name], fields, dropped) for name, fields in kept.items()}
    for definition in types.values():
        if definition["kind"] == "OBJECT":
            definition["interfaces"] = [link for link in definition["interfaces"] if link["name"] in kept]
        if definition["kind"] == "INTERFACE":
            definition["possibleTypes"] = [link for link in definition["possibleTypes"] if link["name"] in kept]
    for name in sorted({name for definition in types.values() for name in references(definition)} - types.keys()):
        if known[name]["kind"] not in LEAVES:
            raise NotAnsweredError(f"{name} is referred to and not selected")
        types[name] = plain_leaf(known[name])
    return {"__schema": dict(schema, types=list(types.values()), subscriptionType=None, directives=[])}


def sdl(introspection: JsonObject, answered: JsonObject) -> str:
    # The real schema deprecates fields on objects only, not on their interfaces, which graphql-core calls invalid.
    schema = build_client_schema(prune(introspection, answered), assume_valid=True)  # type: ignore[arg-type]
    return print_schema(lexicographic_sort_schema(schema)) + "\n"


def main() -> None:
    with gzip.open(sys.argv[1]) as source:
        introspection = json.load(source)["data"]
    sys.stdout.write(sdl(introspection, json.loads((HERE / "answered.json").read_text())))


if __name__ == "__main__":
    main()
