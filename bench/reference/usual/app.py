"""GraphQL as it is usually made in Python."""

import os
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from strawberry.asgi import GraphQL

from bench.reference.serving import pool_size
from bench.reference.usual.loaders import Loaders
from bench.reference.usual.schema import schema


class Door(GraphQL[Loaders, None]):
    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        super().__init__(schema, graphql_ide=None)
        self._sessions = sessions

    async def get_context(self, request: Any, response: Any) -> Loaders:
        return Loaders(self._sessions)


async def ready(_: Request) -> Response:
    return Response()


def create_app() -> Starlette:
    url = make_url(os.environ["BENCH_DATABASE_URL"]).set(drivername="postgresql+asyncpg")
    settings = {"application_name": os.environ["BENCH_APPLICATION"]}
    engine = create_async_engine(url, pool_size=pool_size(), max_overflow=0, connect_args={"server_settings": settings})
    door = Door(async_sessionmaker(engine, expire_on_commit=False))
    return Starlette(routes=[Route("/readyz", ready), Route("/graphql", door)])
