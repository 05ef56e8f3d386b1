import pytest
from graphql import StringValueNode, Visitor, parse, visit

from api.places import place_of

PLACES = {
    '{ a(x: {p: [1, $v, {q: [2, 3]}, [4], {r: "here"}]}) }': ["x", "p", "4", "r"],
    '{ b(y: [{}, []]) a(w: $v, x: [[1, 2], [RED, "here"]]) }': ["x", "1", "1"],
    'query($v: [T!]! = [{p: "here"}], $w: ID) @d(y: 1) { a }': ["v", "0", "p"],
    'query($w: ID = 1 $v: T = {p: 1 q: "here"}) { a }': ["v", "q"],
    f'{{ a(x: {"[" * 150}"here"{"]" * 150}) }}': ["x", *["0"] * 150],
}


@pytest.mark.parametrize(("document", "place"), PLACES.items(), ids=range(len(PLACES)))
def test_a_value_is_found_by_what_is_around_it(document: str, place: list[str]) -> None:
    found = []

    class Texts(Visitor):
        def enter_string_value(self, node: StringValueNode, *_: object) -> None:
            found.append(place_of(node))

    visit(parse(document), Texts())
    assert found == [place]
