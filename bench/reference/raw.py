"""The limit: the database makes the JSON, the server passes it on."""

from typing import Any

import asyncpg

from bench.reference.serving import serve


async def answer(pool: asyncpg.Pool, statement: str, tenant: str) -> Any:
    return await pool.fetchval(statement, tenant)


if __name__ == "__main__":
    serve(answer)
