"""Where in a document's input a value stands: ["input", "dueOn"]. The library says its line and column alone.

A node does not know its parents, but its tokens know those before them; a document has few enough to walk back.
"""

from collections.abc import Iterator

from graphql import ArgumentNode, Node, ObjectFieldNode, Token, TokenKind, ValueNode, VariableNode

_OPENING = {TokenKind.PAREN_L, TokenKind.BRACKET_L, TokenKind.BRACE_L}
_CLOSING = {TokenKind.PAREN_R, TokenKind.BRACKET_R, TokenKind.BRACE_R}


def place_of(node: Node) -> list[str]:
    """From the argument inwards, places in lists by their number. Empty for what is no value of the caller's."""
    if node.loc is None or isinstance(node, VariableNode):
        return []
    if isinstance(node, ValueNode):
        return list(_outwards(node.loc.start_token))[::-1]
    if isinstance(node, ObjectFieldNode | ArgumentNode):
        return list(_outwards_of_name(node.loc.start_token))[::-1]
    return []


def _outwards(value: Token) -> Iterator[str]:
    before = _before(value)
    if before.kind is TokenKind.COLON:
        yield from _outwards_of_name(_before(before))
    elif before.kind is TokenKind.EQUALS:
        yield _variable(before)
    else:
        bracket, index = _opening(value)
        if bracket.kind is TokenKind.BRACKET_L:
            yield str(index)
            yield from _outwards(bracket)


def _outwards_of_name(name: Token) -> Iterator[str]:
    yield name.value or ""
    brace, _ = _opening(name)
    if brace.kind is TokenKind.BRACE_L:
        yield from _outwards(brace)


def _opening(inside: Token) -> tuple[Token, int]:
    """The bracket around, and how many values, were it a list's, stand between."""
    depth = passed = 0
    token = _before(inside)
    while token.kind is not TokenKind.SOF and (depth > 0 or token.kind not in _OPENING):
        # A variable is two tokens and a value in brackets many.
        passed += depth == 0 and token.kind is not TokenKind.DOLLAR
        depth += (token.kind in _CLOSING) - (token.kind in _OPENING)
        token = _before(token)
    return token, passed


def _variable(equals: Token) -> str:
    """The name before the type: `$days: [Date!] = [...]`."""
    name = token = _before(equals)
    while token.kind not in {TokenKind.DOLLAR, TokenKind.SOF}:
        name, token = token, _before(token)
    return name.value or ""


def _before(token: Token) -> Token:
    found = token.prev
    while found is not None and found.kind is TokenKind.COMMENT:
        found = found.prev
    return token if found is None else found
