"""Documents are read once, whoever sends them, and no sender can fill the memory of those that are remembered."""

import pytest
from graphql import GraphQLError, build_schema

from api.execution import documents
from api.execution.documents import Documents
from api.execution.limits import MOST_DEPTH

SCHEMA = build_schema("type Query { name: String, again: Query, said(text: String): Int }")


class Counted(Documents):
    """Counts what had to be read."""

    def __init__(self, most: int = documents.MOST_CHARACTERS) -> None:
        super().__init__(SCHEMA, most=most)
        self.judged: list[str] = []

    def _judge(self, text: str) -> documents.Document:
        self.judged.append(text)
        return super()._judge(text)


def long(length: int, number: int = 0) -> str:
    begun = f"{{ name }} # {number} "
    return begun + "." * (length - len(begun))


def test_the_same_text_is_read_once() -> None:
    known = Counted()
    first = known.read("{ name }")
    assert known.read("".join(("{ na", "me }"))) is first
    assert known.judged == ["{ name }"]


def test_another_text_is_another_document() -> None:
    known = Counted()
    assert known.read("{ name }") is not known.read("{ name  }")
    assert len(known.judged) == 2


def test_the_verdict_is_remembered_with_its_errors() -> None:
    known = Counted()
    first = known.read("{ nobody }")
    assert "Cannot query field 'nobody'" in first.errors[0].message
    assert known.read("{ nobody }").errors is first.errors
    assert len(known.judged) == 1


@pytest.mark.parametrize(
    "text", ["{ name", "", "{ again " * MOST_DEPTH + "{ name }" + " }" * MOST_DEPTH], ids=["syntax", "empty", "depth"]
)
def test_what_is_refused_unread_takes_no_place(text: str) -> None:
    known = Counted(most=100)
    kept = known.read("{ name }")
    for _ in range(3):
        with pytest.raises(GraphQLError):
            known.read(text)
    assert known.judged.count(text) == 3
    assert known.read("{ name }") is kept


def test_characters_are_counted_and_the_longest_unasked_goes() -> None:
    known = Counted(most=1000)
    for number in range(3):
        known.read(long(300, number))
    known.read(long(300, 0))  # asked again: the second is now the one that nobody asked for longest
    known.read(long(300, 3))
    begun = len(known.judged)
    for number in (0, 2, 3):
        known.read(long(300, number))
    assert len(known.judged) == begun
    known.read(long(300, 1))
    assert len(known.judged) == begun + 1


def test_one_that_is_longer_than_all_there_is_room_for_is_read_and_let_go() -> None:
    known = Counted(most=100)
    assert known.read(long(500)).errors == []
    known.read(long(500))
    assert len(known.judged) == 2
    kept = known.read("{ name }")
    assert known.read("{ name }") is kept


def test_a_thousand_strangers_leave_the_memory_as_large_as_it_may_be() -> None:
    known = Counted(most=10_000)
    for number in range(1_000):
        known.read(long(90, number))
    assert sum(each.characters for each in known._known.values()) == known._characters
    assert 9_900 < known._characters <= 10_000


def test_text_that_is_no_unicode_is_not_taken_for_another() -> None:
    known = Counted()
    assert known.read('{ said(text: "?") }').errors == []
    with pytest.raises(GraphQLError):
        known.read('{ said(text: "\ud800") }')
