"""Values of one request, answered together: however many fields ask, of however many tenants."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from api.context import Context
from api.sets import Each, attempts, has_refusals
from domain.kpis.valuation import Answer, Question, answer

S = TypeVar("S")


async def answers(
    context: Context, subjects: Sequence[S], question: Callable[[S], Question], as_of: datetime | None
) -> Each[Answer]:
    """For each of the subjects the answer to its question, or why it has none."""

    async def read(questions: list[Question]) -> Sequence[Answer]:
        return await context.reader.read(answer, questions, now=context.now, as_of=as_of, memory=context.house.memory)

    questions = attempts(question, subjects)
    gathering = context.gathering((answer, as_of), read)
    if not has_refusals(questions):
        return await gathering.ask(questions)
    asked = [each for each in questions if not isinstance(each, Exception)]
    coming = iter(await gathering.ask(asked))
    return [each if isinstance(each, Exception) else next(coming) for each in questions]
