"""Putting together what is asked for in the same breath."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Answered = Callable[[list[Any]], Awaitable[Sequence[Any]]]


@dataclass
class Gathering:
    """Everybody who asks before the event loop comes round again is answered by one call of `answer`."""

    answer: Answered
    _waiting: list[tuple[Sequence[Any], asyncio.Future[Sequence[Any]]]] = field(default_factory=list)
    _at_work: set[asyncio.Task[None]] = field(default_factory=set)

    async def ask(self, questions: Sequence[Any]) -> Sequence[Any]:
        """In the order of the questions."""
        if not questions:
            return ()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Sequence[Any]] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._begin)
        self._waiting.append((questions, future))
        return await future

    def _begin(self) -> None:
        waiting, self._waiting = self._waiting, []
        task = asyncio.ensure_future(self._answer(waiting))
        self._at_work.add(task)  # the loop itself would let go of it
        task.add_done_callback(self._at_work.discard)

    async def _answer(self, waiting: list[tuple[Sequence[Any], asyncio.Future[Sequence[Any]]]]) -> None:
        asked = [each for questions, _ in waiting for each in questions]
        try:
            answers = await self.answer(asked)
            assert len(answers) == len(asked), f"{len(answers)} answers to {len(asked)} questions"
        except BaseException as error:
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        start = 0
        for questions, future in waiting:
            end = start + len(questions)
            if not future.done():
                future.set_result(answers[start:end])
            start = end
