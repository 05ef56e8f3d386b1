"""Who may come in at /graphql, by whichever transport."""

from dataclasses import dataclass

from api.oauth.bearer import Unauthorized, authenticate
from api.oauth.tokens import AccessTokens
from tenants.access.actor import Actor
from tenants.access.callers import Callers
from tenants.errors import Denied


class ForbiddenOrigin(Denied):
    code = "FORBIDDEN_ORIGIN"

    def __init__(self) -> None:
        super().__init__("This embed token is for pages of another origin.")


class CallerGone(Denied):
    code = "UNAUTHENTICATED"


@dataclass(frozen=True)
class Credentials:
    authorization: str | None
    origin: str | None


@dataclass(frozen=True)
class Admission:
    tokens: AccessTokens
    callers: Callers

    async def admit(self, shown: Credentials) -> Actor:
        """Raises Unauthorized, ForbiddenOrigin or Overloaded."""
        actor = await authenticate(shown.authorization, self.tokens, self.callers)
        if actor.bounds is not None and shown.origin != actor.bounds.origin:
            raise ForbiddenOrigin
        return actor

    async def again(self, shown: Credentials) -> Actor:
        """The same for whoever was let in before. Raises Refusal."""
        try:
            return await self.admit(shown)
        except Unauthorized as refusal:
            raise CallerGone(refusal.message) from None
