"""Who asks in the same breath is answered together, and what befalls one befalls no other."""

import asyncio
from collections.abc import Sequence

import pytest

from api.gathering import Gathering


class Unwilling(Exception):
    pass


class Oracle:
    """Doubles numbers, slowly. Asked for -1 it refuses."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.calls: asyncio.Queue[int] = asyncio.Queue()
        self.gathering = Gathering(self.answer)
        self.open = asyncio.Event()
        self.open.set()

    async def answer(self, questions: list[int]) -> Sequence[int]:
        self.asked.append(questions)
        self.calls.put_nowait(len(self.asked))
        await self.open.wait()
        if -1 in questions:
            raise Unwilling
        return [each * 2 for each in questions]

    def ask(self, *questions: int) -> "asyncio.Task[Sequence[int]]":
        return asyncio.ensure_future(self.gathering.ask(questions))


async def test_all_who_ask_in_a_breath_are_answered_by_one_call() -> None:
    oracle = Oracle()
    answers = await asyncio.gather(oracle.ask(1, 2), oracle.ask(), oracle.ask(3))
    assert [list(each) for each in answers] == [[2, 4], [], [6]]
    assert oracle.asked == [[1, 2, 3]]


async def test_who_asks_later_is_answered_by_another_call() -> None:
    oracle = Oracle()
    oracle.open.clear()
    first = oracle.ask(1)
    await oracle.calls.get()
    second = oracle.ask(2)
    await oracle.calls.get()
    oracle.open.set()
    assert [list(await first), list(await second)] == [[2], [4]]
    assert oracle.asked == [[1], [2]]


async def test_an_error_reaches_all_who_asked_and_nobody_after() -> None:
    oracle = Oracle()
    told = await asyncio.gather(oracle.ask(1), oracle.ask(-1), return_exceptions=True)
    assert [type(each) for each in told] == [Unwilling, Unwilling]
    assert list(await oracle.ask(1)) == [2]


@pytest.mark.parametrize("under_way", [False, True], ids=["before the call", "during the call"])
async def test_one_who_gives_up_takes_nobody_along(under_way: bool) -> None:
    oracle = Oracle()
    oracle.open.clear()
    hasty, patient, third = oracle.ask(2), oracle.ask(1), oracle.ask(3)
    await asyncio.sleep(0)
    if under_way:
        await oracle.calls.get()
    hasty.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hasty
    oracle.open.set()
    assert [list(await patient), list(await third)] == [[2], [6]]


async def test_one_who_gives_up_spares_nobody_the_error() -> None:
    oracle = Oracle()
    oracle.open.clear()
    hasty, patient = oracle.ask(2), oracle.ask(-1)
    await oracle.calls.get()
    hasty.cancel()
    await asyncio.wait([hasty])
    oracle.open.set()
    with pytest.raises(Unwilling):
        await asyncio.wait_for(patient, 5)


async def test_all_give_up_and_the_next_is_answered() -> None:
    oracle = Oracle()
    oracle.open.clear()
    asking = [oracle.ask(1), oracle.ask(-1)]
    await oracle.calls.get()
    for each in asking:
        each.cancel()
    assert all(
        isinstance(each, asyncio.CancelledError) for each in await asyncio.gather(*asking, return_exceptions=True)
    )
    oracle.open.set()
    assert list(await oracle.ask(4)) == [8]


async def test_a_question_from_within_an_answer_is_answered() -> None:
    async def answer(questions: list[int]) -> Sequence[int]:
        return [each if each == 0 else (await gathering.ask([each - 1]))[0] + 1 for each in questions]

    gathering = Gathering(answer)
    assert list(await asyncio.wait_for(gathering.ask([3, 1]), 5)) == [3, 1]
