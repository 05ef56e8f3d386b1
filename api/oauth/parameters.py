"""Request parameters as RFC 6749 reads them: form-encoded, each at most once, an empty one as if it were absent."""

from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import InvalidRequestError
from starlette.requests import Request

FORM = "application/x-www-form-urlencoded"
MAX_BYTES = 16 * 1024
MAX_FIELDS = 64


class RequestTooLarge(InvalidRequestError):  # type: ignore[misc]  # the library is untyped
    status_code = 413

    def __init__(self) -> None:
        super().__init__(f"The request is larger than {MAX_BYTES} bytes.")


def read_query(request: Request) -> dict[str, str]:
    return parse_parameters(request.url.query)


async def read_form(request: Request) -> dict[str, str]:
    """Raises InvalidRequestError."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != FORM:
        raise InvalidRequestError(f"The body must be {FORM}.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise RequestTooLarge
    # Bytes that are no ASCII should have been escaped; decoded one to one they can at least not fail.
    return parse_parameters(body.decode("latin-1"))


def parse_parameters(encoded: str) -> dict[str, str]:
    """Raises InvalidRequestError."""
    if len(encoded) > MAX_BYTES:
        raise RequestTooLarge
    try:
        pairs = parse_qsl(encoded, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise InvalidRequestError(f"The request has more than {MAX_FIELDS} parameters.") from None
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise InvalidRequestError("A parameter is given more than once.")
    return parameters
