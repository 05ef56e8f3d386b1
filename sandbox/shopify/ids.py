"""Global ids: gid://shopify/Order/5700000000001."""

import re

from graphql import GraphQLError

PATTERN = re.compile(r"gid://shopify/([A-Za-z]+)/(\d+)(?:\?.*)?")


def gid(kind: str, identity: int) -> str:
    return f"gid://shopify/{kind}/{identity}"


def parse_gid(text: str) -> tuple[str, int]:
    match = PATTERN.fullmatch(text)
    if match is None:
        message = f"Invalid global id '{text}'"
        raise GraphQLError(message, extensions={"code": "argumentLiteralsIncompatible"})
    return match[1], int(match[2])


def parse_gid_of(kind: str, text: str) -> int:
    found, identity = parse_gid(text)
    if found != kind:
        raise GraphQLError(f"Invalid id: {text}", extensions={"code": "RESOURCE_NOT_FOUND"})
    return identity
