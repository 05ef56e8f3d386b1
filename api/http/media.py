"""Which media type an answer has: GraphQL over HTTP, draft of 2025, sections 5 and 6.

`application/json` tells an error of the document with status 200, as clients have always had it; the newer type tells
it with 400, so that also what stands between client and server can see it.
"""

from collections.abc import Iterator

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
# Whoever takes anything gets what clients have always got.
_ANSWERED = {JSON: JSON, RESPONSE: RESPONSE, "application/*": JSON, "*/*": JSON}
MOST_CHARACTERS = 1_000


def answered_in(accept: str | None) -> str | None:
    """The best that both sides have; the first of those that are wanted alike. None where there is nothing."""
    if accept is None or not accept.strip():
        return JSON
    wanted = [(quality, media) for media, quality in _ranges(accept[:MOST_CHARACTERS]) if media in _ANSWERED]
    # `max` keeps the first of equals.
    quality, media = max(wanted, key=lambda each: each[0], default=(0.0, ""))
    return _ANSWERED[media] if quality > 0 else None


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    """Media ranges with their quality, RFC 9110, 12.5.1. What cannot be read is not wanted."""
    for part in accept.split(","):
        media, *parameters = (each.strip() for each in part.split(";"))
        quality = 1.0
        for each in parameters:
            name, _, value = each.partition("=")
            if name.strip().lower() == "q":
                quality = _quality(value.strip())
            elif name.strip().lower() == "charset" and value.strip().strip('"').lower() not in {"utf-8", "utf8"}:
                quality = 0.0
        yield media.lower(), quality


def _quality(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
