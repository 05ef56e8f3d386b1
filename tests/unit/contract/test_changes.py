"""Each change has the coordinate of what it is about, which the library tells in words alone."""

import pytest
from graphql import GraphQLSchema, build_schema

from api.contract.changes import Change, ChangeKind, Impact, changes_between

OLD = """
directive @noted(by: String = "a.b", at: Int) on FIELD
interface Named { name: String }
enum Color { RED GREEN }
union Pet = Cat | Dog
scalar Money
input Filter { color: Color = RED, size: Int }
type Cat implements Named { name: String, lives: Int }
type Dog { name: String }
type Query { pet(id: ID!, first: Int = 10): Pet, named: Named, cost: Money, filter(by: Filter, on: Color): Int }
"""
A, C, R = ChangeKind.ADDED, ChangeKind.CHANGED, ChangeKind.REMOVED
BREAKING, DANGEROUS, SAFE = Impact

FOUND = {
    "field removed": (", lives: Int", "", "Cat.lives", R, BREAKING),
    "field added": (", lives: Int", ", lives: Int, age: Int", "Cat.age", A, SAFE),
    "field of another type": ("lives: Int", "lives: [Int]", "Cat.lives", C, BREAKING),
    "argument removed": (", first: Int = 10", "", "Query.pet(first:)", R, BREAKING),
    "argument added": ("first: Int", "last: Int, first: Int", "Query.pet(last:)", A, DANGEROUS),
    "another default": ("Int = 10", "Int = 20", "Query.pet(first:)", C, DANGEROUS),
    "field of an input added": (", size: Int", ", size: Int, kind: Int", "Filter.kind", A, DANGEROUS),
    "another default of an input": ("= RED", "= GREEN", "Filter.color", C, DANGEROUS),
    "value removed": (" GREEN", "", "Color.GREEN", R, BREAKING),
    "value added": (" GREEN", " GREEN BLUE", "Color.BLUE", A, DANGEROUS),
    "type gone from a union": ("Cat | Dog", "Dog", "Pet", C, BREAKING),
    "type added to a union": ("Cat | Dog", "Cat | Dog | Query", "Pet", C, DANGEROUS),
    "interface added": ("type Dog", "type Dog implements Named", "Dog", C, DANGEROUS),
    "interface gone": ("Cat implements Named", "Cat", "Cat", C, BREAKING),
    "type added": ("scalar Money", "scalar Money scalar Time", "Time", A, SAFE),
    "type of another kind": ("scalar Money", "enum Money { EUR }", "Money", C, BREAKING),
    "directive added": ("scalar Money", "scalar Money directive @x on FIELD", "@x", A, SAFE),
    "directive's argument": (", at: Int", "", "@noted(at:)", R, BREAKING),
    "directive's default": ('"a.b"', '"c.d"', "@noted(by:)", C, DANGEROUS),
    "deprecated": ("lives: Int", 'lives: Int @deprecated(reason: "x")', "Cat.lives", ChangeKind.DEPRECATED, SAFE),
    "value deprecated": (" GREEN", " GREEN @deprecated", "Color.GREEN", ChangeKind.DEPRECATED, SAFE),
}  # fmt: skip


def between(old: str, new: str) -> list[Change]:
    return changes_between(build_schema(old), build_schema(new))


@pytest.mark.parametrize(("was", "now", "coordinate", "kind", "impact"), FOUND.values(), ids=FOUND)
def test_a_change_has_its_coordinate(was: str, now: str, coordinate: str, kind: ChangeKind, impact: Impact) -> None:
    assert was in OLD
    (change,) = between(OLD, OLD.replace(was, now))
    assert (change.coordinate, change.kind, change.impact) == (coordinate, kind, impact)


def test_what_is_deprecated_no_more_is_told_as_long_as_it_is_there() -> None:
    deprecated = OLD.replace("lives: Int", "lives: Int @deprecated")
    (change,) = between(deprecated, OLD)
    assert change.description == "Cat.lives is deprecated no more."
    assert [each.kind for each in between(deprecated, OLD.replace(", lives: Int", ""))] == [R]
    assert between("type Old { a: Int @deprecated } type Query { b: Int }", "type Query { b: Int }") == [
        Change("Old", R, BREAKING, "Old was removed.")
    ]


def test_another_day_is_told_anew() -> None:
    old = 'type Query { a: Int @deprecated(reason: "Removed after 2027-01-01") }'
    (change,) = between(old, old.replace("2027", "2028"))
    assert change.description == "Query.a is deprecated: Removed after 2028-01-01"


def test_descriptions_and_the_scalars_of_the_language_are_no_change() -> None:
    assert between("type Query { a: Int }", '"All." type Query { "One." a: Int }') == []
    assert [each.coordinate for each in between("type Query { a: Int }", "type Query { a: Int, b: Float }")] == [
        "Query.b"
    ]


def test_the_first_schema_is_all_added_and_the_gravest_come_first() -> None:
    first = changes_between(GraphQLSchema(), build_schema(OLD))
    assert {each.kind for each in first} == {A}
    assert "Query" in {each.coordinate for each in first}
    mixed = between(OLD, OLD.replace(" GREEN", " BLUE").replace("lives: Int", "lives: Int, age: Int"))
    assert [each.impact for each in mixed] == [BREAKING, DANGEROUS, SAFE]
