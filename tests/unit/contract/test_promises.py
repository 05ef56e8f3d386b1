"""A schema may not break what was released, unless clients were told by when it goes and that day has passed."""

from datetime import date

import pytest

from api.contract.promises import complaints, undated

DAY = date(2026, 11, 28)
PAST, TODAY = "Removed after 2026-11-27. Use `name`.", "Removed after 2026-11-28. Use `name`."

RELEASED = """
directive @noted(by: String, at: Int) repeatable on FIELD | QUERY
interface Named { name: String }
interface Dated { name: String }
enum Color { RED GREEN }
union Pet = Cat | Dog
scalar Money
input Filter { color: Color = RED, size: Int, note: String! }
type Cat implements Named & Dated { name: String, lives: Int! }
type Dog implements Named { name: String, cost: Money }
type Query {
  pet(id: ID!, filter: Filter, first: Int = 10): Pet
  named: [Named]
  dated: Dated!
  color: Color
}
"""

REFUSED = {
    "field removed": ("lives: Int!", "", "Cat.lives", "Removed after YYYY-MM-DD"),
    "argument removed": (", first: Int = 10", "", "Query.pet(first:)", "Removed after YYYY-MM-DD"),
    "field of an input removed": ("size: Int,", "", "Filter.size", "Removed after YYYY-MM-DD"),
    "value removed": ("RED GREEN", "RED", "Color.GREEN", "Removed after YYYY-MM-DD"),
    "type removed": ("scalar Money", "", "Money", "all that leads to it"),
    "type of another kind": ("scalar Money", "enum Money { EUR }", "Money", "Keep it as it was"),
    "type gone from a union": ("Cat | Dog", "Cat", "Pet", "Keep it as it was"),
    "interface gone": ("Named & Dated", "Named", "Cat", "Keep it as it was"),
    "field of another type": ("lives: Int!", "lives: String!", "Cat.lives", "Keep it as it was"),
    "field that may be null": ("lives: Int!", "lives: Int", "Cat.lives", "Keep it as it was"),
    "argument of another type": ("first: Int = 10", "first: String", "Query.pet(first:)", "Keep it as it was"),
    "argument that is required now": ("filter: Filter,", "filter: Filter!,", "Query.pet(filter:)", "Keep it as it was"),
    "field of an input of another type": ("note: String!", "note: ID!", "Filter.note", "Keep it as it was"),
    "required argument added": ("pet(id: ID!", "pet(id: ID!, kind: Int!", "Query.pet(kind:)", "Make it optional"),
    "required field of an input added": ("size: Int,", "size: Int, kind: Int!,", "Filter.kind", "Make it optional"),
    "directive's argument removed": ("by: String, at: Int", "by: String", "@noted(at:)", "Keep it as it was"),
    "directive that stands once now": (" repeatable", "", "@noted", "Keep it as it was"),
    "directive in fewer places": ("FIELD | QUERY", "FIELD", "@noted", "Keep it as it was"),
}  # fmt: skip


@pytest.mark.parametrize(("was", "now", "coordinate", "remedy"), REFUSED.values(), ids=REFUSED)
def test_what_breaks_clients_is_refused(was: str, now: str, coordinate: str, remedy: str) -> None:
    assert was in RELEASED
    current = RELEASED.replace(was, now)
    if coordinate == "Money" and not now:
        current = current.replace(", cost: Money", "")
    found = complaints(RELEASED, current, today=DAY)
    about = [each for each in found if each.startswith(f"{coordinate}: ")]
    assert about, found
    assert remedy in about[0]


LET_THROUGH = {
    "field added": ("lives: Int!", "lives: Int!, age: Int"),
    "optional argument added": ("pet(id: ID!", "pet(id: ID!, kind: Int"),
    "argument added with a default": ("pet(id: ID!", "pet(id: ID!, kind: Int! = 1"),
    "optional field of an input added": ("size: Int,", "size: Int, kind: Int,"),
    "value added": ("RED GREEN", "RED GREEN BLUE"),
    "type added to a union": ("Cat | Dog", "Cat | Dog | Query"),
    "another default": ("first: Int = 10", "first: Int = 20"),
    "field that is never null": ("name: String, lives", "name: String!, lives"),
    "argument that may be left out": ("id: ID!", "id: ID"),
    "other words": ("scalar Money", '"Of a currency." scalar Money'),
    "deprecated": ("lives: Int!", f'lives: Int! @deprecated(reason: "{TODAY}")'),
}


@pytest.mark.parametrize(("was", "now"), LET_THROUGH.values(), ids=LET_THROUGH)
def test_what_breaks_nobody_is_let_through(was: str, now: str) -> None:
    assert was in RELEASED
    assert complaints(RELEASED, RELEASED.replace(was, now), today=DAY) == []


MEMBERS = {
    "field": ("lives: Int!", "lives: Int! {}", "Cat.lives"),
    "argument": (", first: Int = 10", ", first: Int = 10 {}", "Query.pet(first:)"),
    "field of an input": ("size: Int,", "size: Int {},", "Filter.size"),
    "value": (" GREEN", " GREEN {}", "Color.GREEN"),
}


@pytest.mark.parametrize(("was", "deprecated", "coordinate"), MEMBERS.values(), ids=MEMBERS)
def test_what_was_deprecated_goes_when_its_day_has_passed(was: str, deprecated: str, coordinate: str) -> None:
    gone = RELEASED.replace(was, "")

    def found(reason: str) -> list[str]:
        released = RELEASED.replace(was, deprecated.format(f'@deprecated(reason: "{reason}")'))
        return complaints(released, gone, today=DAY)

    assert found(PAST) == []
    (promised,) = found(TODAY)
    assert promised.startswith(f"{coordinate}: ")
    assert "promised until 2026-11-28" in promised
    for undated_reason in ("Use `name`.", "Removed after 2026-13-45."):
        (undecided,) = found(undated_reason)
        assert "Removed after YYYY-MM-DD" in undecided


def test_a_deprecation_that_was_never_released_lets_nothing_through() -> None:
    (refused,) = complaints(RELEASED, RELEASED.replace("lives: Int!", ""), today=DAY)
    assert refused.startswith("Cat.lives: Field Cat.lives was removed.")


def test_a_type_goes_with_all_that_led_to_it() -> None:
    released = f"""
      type Old {{ next: Older }} type Older {{ name: Shade, back: Old }} enum Shade {{ LIGHT }}
      input OldInput {{ shade: Shade }}
      type Query {{ name: String, old(input: OldInput): Old @deprecated(reason: "{PAST}") }}
    """
    assert complaints(released, "type Query { name: String }", today=DAY) == []
    promised = released.replace("2026-11-27", "2026-11-28")
    found = complaints(promised, "type Query { name: String }", today=DAY)
    assert [each.partition(":")[0] for each in found] == ["Old", "OldInput", "Older", "Query.old", "Shade"]


def test_a_type_that_fragments_come_to_goes_when_all_its_members_were_deprecated() -> None:
    released = f"""
      interface Node {{ id: ID! }}
      type New implements Node {{ id: ID! }}
      type Old implements Node {{ id: ID! @deprecated(reason: "{PAST}") }}
      type Query {{ node: Node, old: Old @deprecated(reason: "{PAST}") }}
    """
    current = "interface Node { id: ID! } type New implements Node { id: ID! } type Query { node: Node }"
    assert complaints(released, current, today=DAY) == []
    still = released.replace(f'id: ID! @deprecated(reason: "{PAST}")', "id: ID!")
    assert [each.partition(":")[0] for each in complaints(still, current, today=DAY)] == ["Old"]


def test_a_deprecation_names_its_day() -> None:
    named = f'type Query {{ a: Int @deprecated(reason: "{TODAY}"), b(c: Int @deprecated): Int, d: Int @deprecated }}'
    assert [each.partition(":")[0] for each in undated(named)] == ["Query.b(c", "Query.d"]
