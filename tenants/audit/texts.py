"""What the audit keeps of an input."""

from collections.abc import Mapping
from typing import Any

# An entry can be neither altered nor erased, so no text gets into it that may name somebody: of whatever is not listed
# here the length is kept. A digest would not do, for a name is found again by trying names. What was written stands in
# the subject's own row, from which it can be erased.
SAID = frozenset(
    {
        "account",
        "audience",
        "begunBy",
        "code",
        "currency",
        "end",
        "expectedBy",
        "expectedChange",
        "expiresAt",
        "from",
        "grain",
        "kind",
        "madeIds",
        "metricKey",
        "missingScopes",
        "on",
        "provider",
        "rationale",
        "role",
        "scopes",
        "segment",
        "start",
        "startValue",
        "stretchValue",
        "tenantIds",
        "timeZone",
        "to",
        "tolerance",
        "trajectory",
        "value",
    }
)
"""Fields that hold our own words, a provider's, numbers or days. Names of ids and days end alike."""
SAID_ENDINGS = ("Id", "On")


def without_free_text(content: Mapping[str, Any]) -> dict[str, Any]:
    """Each free text becomes `{"characters": n}`; whatever is no text stays."""
    return {name: _kept(name, value) for name, value in content.items()}


def _kept(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return without_free_text(value)
    if isinstance(value, list):
        return [_kept(name, each) for each in value]
    if isinstance(value, str) and name not in SAID and not name.endswith(SAID_ENDINGS):
        return {"characters": len(value)}
    return value
