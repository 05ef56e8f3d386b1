"""The walk itself: whatever can be asked, changed or listened to, by one's own ids and by those of others."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.ids import OWNERS, Kind, decode, encode
from api.pagination import cursor_of
from tests.integration.api.client import input_type
from tests.integration.api.shapes import KEY, TOLD_BACK, Input, leaves, sample
from tests.integration.api.subscriber import stream, subscriber
from tests.integration.api.test_every_mutation import GUESTS
from tests.integration.api.world import Household
from tests.isolation.walk.documents import PLAIN, Document, payload
from tests.isolation.walk.town import Visitor

FOREIGN = [leaf for leaf in leaves("ID") if str(leaf) not in GUESTS]
WORDED = [leaf for leaf in leaves("String") if leaf.path[-1] not in (*TOLD_BACK, KEY)]
Gid = Callable[[Kind], str]


@dataclass
class Walk:
    """`leaks` is all that should not have been; the rest is how far the visitor came."""

    visitor: Visitor
    leaks: list[str] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)
    types: set[str] = field(default_factory=set)

    async def ask_for_own(self, documents: Sequence[Document]) -> None:
        for document in documents:
            await self._ask(document, document.variables(self._own))

    async def ask_for_foreign(self, documents: Sequence[Document]) -> None:
        """Also by ids of which one half is one's own, and by the cursors of foreign lists."""
        for document in documents:
            for gids in self.visitor.foreign if document.names_somebody else ():
                for gid in self._forged(gids) if document.part == PLAIN else (gids.__getitem__,):
                    if document.kinds <= gids.keys():
                        await self._ask(document, document.variables(gid, cursor=_cursor(gids)))

    async def change_foreign(self, inputs: Mapping[str, Input]) -> None:
        for leaf in FOREIGN:
            kind = decode(leaf.get(inputs[leaf.mutation])).kind
            for gids in self.visitor.foreign:
                if kind in gids:
                    went = await self._change(leaf.mutation, leaf.put(inputs[leaf.mutation], gids[kind]))
                    self.leaks += [f"{self.visitor.name} {leaf}: it went through"] * went

    async def change_by(self, words: Sequence[str], inputs: Mapping[str, Input]) -> None:
        """Wherever a text is taken: whether it goes through or not, nothing comes back but the words themselves."""
        for leaf in WORDED:
            if leaf.mutation in inputs:
                for word in words:
                    await self._change(leaf.mutation, leaf.put(inputs[leaf.mutation], word), besides=word)

    async def change_own(self, inputs: Mapping[str, Input]) -> None:
        for mutation, input in inputs.items():
            went = await self._change(mutation, input)
            assert went, (self.visitor.name, mutation, self.codes)

    async def listen_to_own(self, address: str, documents: Sequence[Document]) -> None:
        async with subscriber(address, self.visitor.caller.token, origin=self.visitor.origin) as told:
            for document in documents:
                await told.subscribe(document.text, **document.variables(self._own))
                message = await told.take()
                self._note(document.name, self._met(json.dumps(message)))
                await told.send({"type": "complete", "id": "1"})
                if message["type"] == "next":
                    self.types |= _typenames(message["payload"].get("data"))

    async def listen_to_foreign(self, address: str, documents: Sequence[Document]) -> None:
        """Over both transports."""
        caller = self.visitor.caller
        async with subscriber(address, caller.token, origin=self.visitor.origin) as told:
            for document in documents:
                for gids in self.visitor.foreign:
                    if not document.kinds <= gids.keys():
                        continue
                    for gid in self._forged(gids):
                        variables = document.variables(gid)
                        await told.subscribe(document.text, **variables)
                        refusal = await told.refusal()
                        self._note(document.name, self._met(json.dumps(refusal)))
                        self.codes.add(refusal["extensions"]["code"])
                    async with stream(caller.http, caller.token, document.text, **variables) as streamed:
                        _, said = await streamed.take()
                        self._note(document.name, self._met(json.dumps(said)))
                        self._note_errors(said)

    def _own(self, kind: Kind) -> str:
        return self.visitor.home.gids[kind]

    def _forged(self, gids: Mapping[Kind, str]) -> Iterator[Gid]:
        """Foreign ids, and those of which the owner or the thing is one's own."""
        yield gids.__getitem__
        yield lambda kind: gids[kind] if kind in OWNERS else _mixed(kind, self._own(kind), gids[kind])
        yield lambda kind: gids[kind] if kind in OWNERS else _mixed(kind, gids[kind], self._own(kind))

    async def _ask(self, document: Document, variables: Mapping[str, Any]) -> None:
        """Of ids within an object it is told which lead nowhere."""
        said = [variables[name] for name, each in document.asked.items() if each.within]
        await self._sent(document.name, {"query": document.text, "variables": variables}, besides=json.dumps(said))

    async def _change(self, mutation: str, input: Input, *, besides: str = "") -> bool:
        """Whether it went through."""
        text = f"mutation M($input: {input_type(mutation)}!) {{ {mutation}(input: $input) {{ {payload(mutation)} }} }}"
        body = await self._sent(mutation, {"query": text, "variables": {"input": input}}, besides=besides)
        told = (body.get("data") or {}).get(mutation)
        if told is not None:
            self.codes.update(each["code"] for each in told["userErrors"])
        return told is not None and not told["userErrors"] and "errors" not in body

    async def _sent(self, name: str, body: Mapping[str, Any], *, besides: str = "") -> dict[str, Any]:
        response = await self.visitor.caller.post(body)
        self._note(name, self.visitor.forbidden.met_by(response, besides=besides))
        content: dict[str, Any] = response.json()
        self._note_errors(content)
        self.types |= _typenames(content.get("data"))
        if response.status_code != 200:
            self.leaks.append(f"{self.visitor.name} {name}: {response.status_code}")
        return content

    def _note(self, name: str, met: Sequence[str]) -> None:
        self.leaks += [f"{self.visitor.name} {name}: {each}" for each in met]

    def _met(self, text: str) -> list[str]:
        return self.visitor.forbidden.met_in(text)

    def _note_errors(self, content: Mapping[str, Any]) -> None:
        self.codes.update(each["extensions"]["code"] for each in content.get("errors", ()))


async def inputs_for(home: Household, mutations: Sequence[str]) -> dict[str, Input]:
    """Of each, one that goes through at home."""
    return {mutation: await sample(mutation, home) for mutation in mutations}


def _mixed(kind: Kind, owner: str, thing: str) -> str:
    return encode(kind, decode(owner).owner, decode(thing).id)


def _cursor(gids: Mapping[Kind, str]) -> str:
    return cursor_of(decode(gids[Kind.TENANT]).owner)


def _typenames(data: Any) -> set[str]:
    if isinstance(data, list):
        return set().union(*map(_typenames, data))
    if not isinstance(data, dict):
        return set()
    own = {data["__typename"]} if "__typename" in data else set()
    return own.union(*map(_typenames, data.values()))
