"""For whoever keeps the process running: is it alive, and can it work?"""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tenants.database import Database, schema_revision

PATIENCE_SECONDS = 3.0


async def alive(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


class Ready:
    def __init__(self, database: Database, revision: str) -> None:
        self._database = database
        self._revision = revision

    async def answer(self, request: Request) -> Response:
        """200 when the database answers and has this program's schema; else 503 with the reason."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._database.snapshot() as session:
                found = await schema_revision(session)
        except Exception:
            return JSONResponse({"status": "unavailable", "reason": "DATABASE_UNREACHABLE"}, status_code=503)
        if found != self._revision:
            return JSONResponse({"status": "unavailable", "reason": "SCHEMA_DIFFERS"}, status_code=503)
        return JSONResponse({"status": "ok", "schema": found})
