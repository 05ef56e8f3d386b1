"""The one gate for changes: scope, limits, idempotency, unit of work, audit, in this order, whatever the change."""

import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.access.actor import Actor, ApiScope
from tenants.audit.author import Author
from tenants.audit.service import record_change, record_organization_change
from tenants.clock import Clock
from tenants.database import Database, enter, snapshot_within
from tenants.errors import Conflict, ForbiddenScope, InvalidInput, NotFound, Overloaded, Refusal
from tenants.idempotency import repository as idempotency
from tenants.registry.service import admit
from tenants.scope import Scope

MOST_KEY_CHARACTERS = 200
UNIQUE_VIOLATION = "23505"
FOREIGN_KEY_VIOLATION = "23503"


@dataclass(frozen=True)
class Unit:
    """What a change works with: one open transaction in the scope of what it may touch."""

    session: AsyncSession
    actor: Actor
    now: datetime
    tenant: UUID | None

    @property
    def tenant_id(self) -> UUID:
        assert self.tenant is not None
        return self.tenant


@dataclass(frozen=True)
class Done:
    """What a change made. `secret` is told once and never kept; `tenant_id` where it opened or left a tenant.

    `made` is what else came of it: global ids, for the audit.
    """

    subject: str
    secret: str | None = None
    tenant_id: UUID | None = None
    made: tuple[str, ...] = ()


@dataclass(frozen=True)
class Command:
    """`input` is what idempotency compares and the audit keeps; `tenant_field` is blamed when the tenant is refused."""

    name: str
    scope: ApiScope
    input: Mapping[str, Any]
    tenant_id: UUID | None
    tenant_field: tuple[str, ...] = ()
    key: str | None = None


@dataclass(frozen=True)
class Outcome:
    subject: str | None = None
    errors: tuple[Refusal, ...] = ()
    secret: str | None = None


class SecretAlreadyShown(Conflict):
    code = "SECRET_ALREADY_SHOWN"

    def __init__(self) -> None:
        super().__init__("The first answer to this key held a secret, and a secret is shown once.")


@dataclass(frozen=True)
class Gate:
    database: Database
    clock: Clock
    work: Callable[[Unit], Awaitable[Done]] = field(repr=False)

    async def perform(self, actor: Actor, command: Command) -> Outcome:
        """Refusals of the input come back in the outcome; ForbiddenScope is raised: no input could cure it."""
        actor.require(command.scope)
        now = self.clock.now()
        try:
            _check_limits(command)
            async with self.database.unit_of_work(Scope(organization_id=actor.organization_id)) as session:
                return await self._enter(Unit(session, actor, now, command.tenant_id), command)
        except (ForbiddenScope, Overloaded):
            raise
        except Refusal as refusal:
            return Outcome(errors=(refusal,))

    async def _enter(self, unit: Unit, command: Command) -> Outcome:
        if command.tenant_id is not None:
            await admit(
                await snapshot_within(unit.session),
                unit.actor,
                tenant_id=command.tenant_id,
                scope=command.scope,
                now=unit.now,
                field=command.tenant_field,
            )
            await enter(unit.session, Scope.of_tenant(command.tenant_id, organization_id=unit.actor.organization_id))
        if command.key is None:
            return await self._work(unit, command)
        claim = idempotency.Claim(
            tenant_id=command.tenant_id,
            organization_id=unit.actor.organization_id,
            client=unit.actor.keeps_keys_as,
            key=command.key,
            request_hash=_request_hash(command),
        )
        kept = await idempotency.claim(unit.session, claim, now=unit.now)
        if kept is not None:
            return _replay(kept)
        outcome = await self._work(unit, command)
        await idempotency.settle(unit.session, claim, _to_keep(outcome))
        return outcome

    async def _work(self, unit: Unit, command: Command) -> Outcome:
        """A refused change leaves nothing behind but, under a key, the memory of its refusal."""
        try:
            async with unit.session.begin_nested():
                done = await self.work(unit)
        except Refusal as refusal:
            return Outcome(errors=(refusal,))
        except IntegrityError as error:
            return Outcome(errors=(_refusal_of(error),))
        await self._audit(unit, command, done)
        return Outcome(subject=done.subject, secret=done.secret)

    async def _audit(self, unit: Unit, command: Command, done: Done) -> None:
        tenant_id = done.tenant_id or command.tenant_id
        changes = command.input
        if unit.actor.person_id is not None:
            changes = {**changes, "throughAppId": str(unit.actor.app_id)}
        if done.made:
            changes = {**changes, "madeIds": list(done.made)}
        if tenant_id is None:
            await record_organization_change(
                unit.session,
                Author.of(unit.actor),
                organization_id=unit.actor.organization_id,
                action=command.name,
                subject_id=done.subject,
                changes=changes,
                now=unit.now,
            )
            return
        await record_change(
            unit.session,
            Author.of(unit.actor),
            tenant_id=tenant_id,
            action=command.name,
            subject_id=done.subject,
            changes=changes,
            now=unit.now,
        )


def _check_limits(command: Command) -> None:
    """Of what holds for every change; what a field means is its area's to check."""
    if command.key is not None and not 1 <= len(command.key) <= MOST_KEY_CHARACTERS:
        raise InvalidInput(f"A key has 1 to {MOST_KEY_CHARACTERS} characters.", field=("idempotencyKey",))
    for path, text in _texts({**command.input, "idempotencyKey": command.key}, ()):
        if "\0" in text:
            raise InvalidInput("A text cannot hold the character U+0000.", field=path, code="INVALID_CHARACTER")


def _texts(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from _texts(each, (*path, name))
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from _texts(each, (*path, str(at)))


def _request_hash(command: Command) -> bytes:
    content = [command.name, command.input]
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS, default=str)).digest()


def _to_keep(outcome: Outcome) -> dict[str, Any]:
    return {
        "subject": outcome.subject,
        "secret": outcome.secret is not None,
        "errors": [{"message": each.message, "field": each.field, "code": each.code} for each in outcome.errors],
    }


def _replay(kept: Mapping[str, Any]) -> Outcome:
    errors = tuple(Refusal(each["message"], field=tuple(each["field"]), code=each["code"]) for each in kept["errors"])
    if kept["secret"]:
        errors += (SecretAlreadyShown(),)
    return Outcome(subject=kept["subject"], errors=errors)


def _refusal_of(error: IntegrityError) -> Refusal:
    """By SQLSTATE: names of constraints differ on a distributed database."""
    state = getattr(error.orig, "sqlstate", None)
    if state == UNIQUE_VIOLATION:
        return Conflict("This exists already.", code="ALREADY_EXISTS")
    if state == FOREIGN_KEY_VIOLATION:
        return NotFound()
    raise error
