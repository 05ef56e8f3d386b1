"""Pages whose commands and documents are run in their order, each held to the answer that stands below it.

    ```sh                run by bash, with what is known by a name in its environment
    ```graphql           asked of $AZIMUTH with $TOKEN
    ```json variables    of the document above
    ```json answer       `data` of the document above, or what the command said
    ```text answer       the same of a command that does not speak JSON
    ```json errors       of the document above
    <!-- who: what -->   done by the test meanwhile, as others would do it

In an answer "$NAME" keeps what stands there by that name, or is what was kept; "…" is anything, as the last of a list
whatever else there is, and among words any words. Where no answer stands, nothing may be wrong. Other blocks are for
reading.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from tests.integration.api.programs import run

ROOT = Path(__file__).parents[1]
ANYTHING = "…"
_NAME = re.compile(r"\$([A-Z][A-Z_]*)")
_PART = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$|^<!-- (.+?) -->$", re.MULTILINE | re.DOTALL)
_DONE = {"sh", "graphql"}
_BESIDE = {"variables", "answer", "errors"}


@dataclass(frozen=True)
class Step:
    kind: str
    """`sh`, `graphql` or `deed`."""
    text: str
    line: int
    beside: dict[str, tuple[str, str]]
    """Variables, answer, errors: each as what it is written, and its text."""


def steps(page: Path) -> list[Step]:
    text, found = page.read_text(), list[Step]()
    for part in _PART.finditer(text):
        kind, label, content, deed = part.groups()
        if deed or kind in _DONE:
            found.append(Step("deed" if deed else kind, deed or content, text.count("\n", 0, part.start()) + 1, {}))
        elif label in _BESIDE:
            found[-1].beside[label] = kind, content
    return found


Deed = Callable[["Reader"], Awaitable[None]]


@dataclass(frozen=True)
class Reader:
    """Who does what a page says. `known` has by name what the page says one has already."""

    known: dict[str, str]
    folder: Path
    deeds: Mapping[str, Deed] = field(default_factory=dict)

    async def follow(self, page: Path) -> None:
        for step in steps(page):
            try:
                await self._do(step)
            except AssertionError as failed:
                raise AssertionError(f"{page.name}:{step.line}: {failed}") from failed

    async def _do(self, step: Step) -> None:
        if step.kind == "deed":
            await self.deeds[step.text](self)
        elif step.kind == "sh":
            self._hold(step, await run(["bash", "-euc", step.text], self.folder, **self.known))
        else:
            _, variables = step.beside.get("variables", ("json", "{}"))
            answer = await self._ask(step.text, json.loads(self._filled(variables)))
            assert bool(answer.get("errors")) == ("errors" in step.beside), answer
            for label, name in (("answer", "data"), ("errors", "errors")):
                if label in step.beside:
                    self._agree(json.loads(step.beside[label][1]), answer[name], name)
            if not step.beside.keys() & {"answer", "errors"}:
                said = list(complaints(answer["data"]))
                assert not said, said

    async def _ask(self, document: str, variables: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.known['TOKEN']}"}
        async with httpx2.AsyncClient(base_url=self.known["AZIMUTH"], trust_env=False, headers=headers) as http:
            answer = await http.post("/graphql", json={"query": document, "variables": variables})
        told: dict[str, Any] = answer.json()
        return told

    def _hold(self, step: Step, said: str) -> None:
        """A command's words to its answer."""
        kind, expected = step.beside.get("answer", ("", ""))
        if kind == "json":
            self._agree(json.loads(expected), json.loads(said), "the answer")
        elif kind:
            self._agree(expected.split(), said.split(), "the answer")

    def _agree(self, expected: Any, found: Any, where: str) -> None:
        if expected == ANYTHING:
            return
        if isinstance(expected, dict) and isinstance(found, dict):
            assert expected.keys() == found.keys(), f"{where} has {sorted(found)}"
            for name, each in expected.items():
                self._agree(each, found[name], f"{where}.{name}")
        elif isinstance(expected, list) and isinstance(found, list):
            goes_on = expected[-1:] == [ANYTHING]
            wanted = expected[:-1] if goes_on else expected
            assert len(wanted) == len(found) or (goes_on and len(wanted) < len(found)), f"{where} is {found}"
            for at, each in enumerate(wanted):
                self._agree(each, found[at], f"{where}.{at}")
        elif isinstance(expected, str) and isinstance(found, str):
            self._compare(expected, found, where)
        else:
            assert expected == found, f"{where} is {found!r}"

    def _compare(self, expected: str, found: str, where: str) -> None:
        kept = _NAME.fullmatch(expected)
        if kept and kept[1] not in self.known:
            self.known[kept[1]] = found
            return
        pattern = ".*".join(re.escape(part) for part in self._filled(expected).split(ANYTHING))
        assert re.fullmatch(pattern, found, re.DOTALL), f"{where} is {found!r}"

    def _filled(self, text: str) -> str:
        """With what is kept by the names in it."""
        return _NAME.sub(lambda name: self.known.get(name[1], name[0]), text)


def complaints(data: Any) -> Iterator[Any]:
    """User errors, wherever they stand."""
    for name, each in data.items() if isinstance(data, dict) else ():
        yield from each if name == "userErrors" else complaints(each)
