"""Request errors in Shopify's words: apps match on `extensions.code`, which graphql-core does not have."""

import re
from typing import Any

from graphql import GraphQLError

PATTERNS: tuple[tuple[re.Pattern[str], str, str, tuple[str, ...]], ...] = (
    (
        re.compile(r"Cannot query field '(\w+)' on type '(\w+)'"),
        "Field '{0}' doesn't exist on type '{1}'",
        "undefinedField",
        ("fieldName", "typeName"),
    ),
    (
        re.compile(r"Unknown argument '(\w+)' on field '(\w+)\.(\w+)'"),
        "Field '{2}' doesn't accept argument '{0}'",
        "argumentNotAccepted",
        ("argumentName", "typeName", "name"),
    ),
    (
        re.compile(r"Argument '(\w+)\.(\w+)\((\w+):\)' of type '([^']+)' is required"),
        "Field '{1}' is missing required arguments: {2}",
        "missingRequiredArguments",
        ("className", "name", "arguments"),
    ),
    (
        re.compile(r"Variable '(\$\w+)' is not defined"),
        "Variable {0} is used but not declared",
        "variableNotDefined",
        ("variableName",),
    ),
)


def invalid(error: GraphQLError) -> dict[str, Any]:
    """An error of parsing or validation."""
    formatted: dict[str, Any] = dict(error.formatted)
    for pattern, message, code, names in PATTERNS:
        if match := pattern.match(error.message):
            formatted["message"] = message.format(*match.groups())
            formatted["extensions"] = {"code": code, **dict(zip(names, match.groups(), strict=False))}
    return formatted


def invalid_variable(error: GraphQLError) -> dict[str, Any]:
    formatted: dict[str, Any] = dict(error.formatted)
    formatted["extensions"] = {"code": "INVALID_VARIABLE", "problems": [{"path": [], "explanation": error.message}]}
    return formatted
