from starlette.requests import Request


class BodyTooLarge(Exception):
    pass


async def read_body(request: Request, *, most: int) -> bytes:
    """Stops reading at the limit, whatever the length header promised. Raises BodyTooLarge."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        raise BodyTooLarge
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > most:
            raise BodyTooLarge
    return bytes(received)
