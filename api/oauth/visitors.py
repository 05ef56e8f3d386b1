"""Those at our pages: what their browser shows, and whether the sign-in it shows still stands."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from api.oauth.visitor import Visitor, new_visitor, read_visitor, write_visitor
from tenants.access.keys import system_key
from tenants.access.sign_ins import is_signed_in, open_sign_in, sign_out
from tenants.clock import Clock
from tenants.database import Database, Session
from tenants.secrets.keyring import KeyRing
from tenants.secrets.sealing import DataKey


class Visitors:
    def __init__(self, database: Database, keyring: KeyRing, clock: Clock, *, secure: bool) -> None:
        self.database = database
        self.clock = clock
        self._keyring = keyring
        self._secure = secure

    @property
    def key(self) -> DataKey:
        return system_key(self._keyring)

    def read(self, request: Request) -> Visitor | None:
        return read_visitor(request, self.key, now=self.clock.now(), secure=self._secure)

    def meet(self, request: Request) -> Visitor:
        return self.read(request) or new_visitor(self.clock.now())

    def remember(self, response: Response, visitor: Visitor) -> None:
        write_visitor(response, visitor, self.key, now=self.clock.now(), secure=self._secure)

    async def person_id(self, session: Session, visitor: Visitor) -> UUID | None:
        """Who is signed in. Enters their scope."""
        if visitor.person_id is None:
            return None
        now = self.clock.now()
        stands = await is_signed_in(session, person_id=visitor.person_id, browser=visitor.browser, now=now)
        return visitor.person_id if stands else None

    async def sign_in(self, person_id: UUID, *, method: str) -> Visitor:
        now = self.clock.now()
        visitor = new_visitor(now, person_id)
        async with self.database.unit_of_work() as session:
            await open_sign_in(
                session,
                person_id=person_id,
                browser=visitor.browser,
                method=method,
                expires_at=visitor.ends,
                now=now,
            )
        return visitor

    async def sign_out(self, visitor: Visitor) -> Visitor:
        """Somebody new in the same browser."""
        now = self.clock.now()
        if visitor.person_id is not None:
            async with self.database.unit_of_work() as session:
                await sign_out(session, person_id=visitor.person_id, browser=visitor.browser, now=now)
        return new_visitor(now)
