"""Fields that are answered for all objects of their place in the answer at once: one read, however many there are."""

import inspect
import types
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar, Union, get_args, get_origin

import strawberry

from api.context import Context, Info
from tenants.errors import Refusal

T = TypeVar("T")
Each = Sequence[T | Exception]
"""An answer for each of the objects, in their order; an exception fails that one alone."""

Whole = Callable[..., Awaitable[Sequence[Any]]]


def set_based(*, description: str) -> Callable[[Whole], Any]:
    """Declares `async def field(parents: Sequence[Parent], context: Context, **arguments) -> Each[Answer]`.

    Where a selection is compiled, it is called once. The stock executor asks object by object, and those who ask in
    the same breath with the same arguments are put together again.
    """

    def declare(whole: Whole) -> Any:
        async def one(self: Any, info: Info, **arguments: Any) -> Any:
            return await info.context.gathered(whole, self, arguments)

        parents, _, *arguments = inspect.signature(whole).parameters.values()
        answer = _single(whole.__annotations__["return"])
        one.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [parents.replace(name="self", annotation=inspect.Parameter.empty), INFO, *arguments],
            return_annotation=answer,
        )
        one.__annotations__ = {"info": Info, **{each.name: each.annotation for each in arguments}, "return": answer}
        one.__name__, one.__qualname__, one.__module__ = whole.__name__, whole.__qualname__, whole.__module__
        one.whole = whole  # type: ignore[attr-defined]
        return strawberry.field(resolver=one, description=description)

    return declare


INFO = inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Info)


def _single(each: Any) -> Any:
    """What one object is answered with."""
    (answer,) = get_args(each)
    if get_origin(answer) not in (Union, types.UnionType):
        return answer
    return Union[tuple(kind for kind in get_args(answer) if kind is not Exception)]  # noqa: UP007


async def ask(whole: Whole, parents: Sequence[Any], context: Context, arguments: dict[str, Any]) -> Sequence[Any]:
    answers = await whole(parents, context, **arguments)
    assert len(answers) == len(parents), f"{whole.__qualname__}: {len(answers)} answers for {len(parents)} objects"
    return answers


def attempts(make: Callable[..., T], given: Sequence[Any], *others: Sequence[Any]) -> list[T | Exception]:
    """`attempt` for each. Nearly always nothing is refused, and then nobody is asked one by one; where something is,
    `make` is called anew, so it changes nothing."""
    if not has_refusals(given):
        try:
            return list(map(make, given, *others))
        except Refusal:
            pass
    return [attempt(make, *each) for each in zip(given, *others, strict=True)]


def has_refusals(answers: Sequence[Any]) -> bool:
    """There are few types, however many answers."""
    return any(issubclass(kind, Exception) for kind in {*map(type, answers)})


def attempt(make: Callable[..., T], given: Any, *others: Any) -> T | Exception:
    """The answer for one object; the refusal that stands in its place, also where that was given already."""
    if isinstance(given, Exception):
        return given
    try:
        return make(given, *others)
    except Refusal as refusal:
        return refusal
