"""Which media type an answer has, by GraphQL over HTTP.

`application/json` tells an error of the document with status 200, as clients have always had it; the newer type tells
it with 400, so that also what stands between client and server can see it. Newer editions want 422 and 294 here and
there; the audits, and the clients there are, want these.
"""

from collections.abc import Iterator, Mapping

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
STREAM = "text/event-stream"
# Who takes either gets what clients always got.
OURS = (JSON, RESPONSE)
MOST_CHARACTERS = 1_000


def answered_in(accept: str | None) -> str | None:
    """The best that both sides have; the first of those that are wanted alike. None where there is nothing."""
    if accept is None or not accept.strip():
        return JSON
    wanted = dict(_ranges(accept[:MOST_CHARACTERS]))
    found = {media: _quality_of(media, wanted) for media in OURS}
    # The order of the header decides between equals.
    named = [media for media in wanted if media in found]
    return max((*named, *OURS), key=found.__getitem__) if any(found.values()) else None


def takes_streams(accept: str | None) -> bool:
    """Whether it is named: who takes anything does not mean an answer without an end."""
    return accept is not None and dict(_ranges(accept[:MOST_CHARACTERS])).get(STREAM, 0.0) > 0


def _quality_of(media: str, wanted: Mapping[str, float]) -> float:
    """By the most special range that covers it."""
    return next((wanted[each] for each in (media, "application/*", "*/*") if each in wanted), 0.0)


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
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0
