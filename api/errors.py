"""Errors as callers see them: a code for each, and never an internal text."""

import logging
import re
from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError, ObjectFieldNode

from api.places import place_of
from tenants.errors import ForbiddenScope, Refusal
from tenants.telemetry.tally import faulty

log = logging.getLogger(__name__)

PARSER_LIMITS = {" tokens. Parsing aborted.": "QUERY_TOO_LONG", "nested too deeply": "QUERY_TOO_DEEP"}
# How the library begins to speak of a variable; the caller's own text comes after it.
_VARIABLE = re.compile(r"Variable '\$(\w+)' has invalid value(?: at ([.\w\[\]]+))?: ")
# What an object lacks, or has too much, the library tells of the object.
_MEMBER = re.compile(r"Expected value of type '\w+' (?:to include required|not to include unknown) field '(\w+)'")


def present(error: GraphQLError, *, request_id: str) -> dict[str, Any]:
    """The error of one answer, typed. What we did not foresee is masked and logged under the request's id."""
    body: dict[str, Any] = {"message": error.message}
    if error.locations:
        body["locations"] = [{"line": each.line, "column": each.column} for each in error.locations]
    if error.path:
        body["path"] = error.path
    body["extensions"] = _extensions(error, body, request_id)
    return body


def _extensions(error: GraphQLError, body: dict[str, Any], request_id: str) -> dict[str, Any]:
    original = error.original_error
    if isinstance(original, Refusal):
        extensions: dict[str, Any] = {"code": original.code}
        if original.field:
            extensions["field"] = list(original.field)
        if isinstance(original, ForbiddenScope):
            extensions["requiredScope"] = original.scope
        return extensions
    if isinstance(error, GraphQLSyntaxError):
        return {"code": next((code for words, code in PARSER_LIMITS.items() if words in error.message), "SYNTAX_ERROR")}
    if original is None or (isinstance(original, GraphQLError) and not _is_ours(error, original)):
        return {"code": "VALIDATION_FAILED", **_named(error), **(error.extensions or {})}
    faulty()
    log.error("request failed", exc_info=original, extra={"request_id": request_id})
    body["message"] = "Something went wrong on our side. Quote the request id when you ask about it."
    return {"code": "INTERNAL_ERROR", "requestId": request_id}


def _is_ours(error: GraphQLError, original: GraphQLError) -> bool:
    """Whether a value of our own did not fit its type: the library says so of no place in the document."""
    return error.path is not None and not original.nodes and not original.extensions


def _named(error: GraphQLError) -> dict[str, Any]:
    """The path of the value that could not be read: ["input", "dueOn"] in an argument or a variable of that name."""
    node = error.nodes[0] if error.nodes else None
    variable = _VARIABLE.match(error.message)
    if variable is not None:
        field = [variable[1], *re.findall(r"\w+", variable[2] or "")]
    else:
        field = [] if node is None else place_of(node)
    member = _MEMBER.match(error.message, variable.end() if variable else 0)
    if field and member is not None and not isinstance(node, ObjectFieldNode):
        field.append(member[1])
    return {"field": field} if field else {}
