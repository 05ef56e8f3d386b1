"""Errors as callers see them: a code for each, and never an internal text."""

import logging
from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError

from tenants.errors import ForbiddenScope, Refusal

log = logging.getLogger(__name__)


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
        too_many = "more than" in error.message and "tokens" in error.message
        return {"code": "QUERY_TOO_LONG" if too_many else "SYNTAX_ERROR"}
    if original is None or isinstance(original, GraphQLError):
        return {"code": "VALIDATION_FAILED", **(error.extensions or {})}
    log.error("request failed", exc_info=original, extra={"request_id": request_id})
    body["message"] = "Something went wrong on our side. Quote the request id when you ask about it."
    return {"code": "INTERNAL_ERROR", "requestId": request_id}
