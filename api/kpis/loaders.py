"""Values of one request, answered together."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from strawberry.dataloader import DataLoader

from api.context import Context
from api.loading import remember
from domain.kpis.valuation import Answer, Question, answer


@dataclass(frozen=True)
class Asked:
    tenant_id: UUID
    question: Question
    as_of: datetime | None


def answers(context: Context) -> DataLoader[Asked, Answer]:
    """One read for each tenant and instant, which in nearly every request is one."""

    async def batch(keys: list[Asked]) -> list[Answer]:
        groups: dict[tuple[UUID, datetime | None], list[Asked]] = defaultdict(list)
        for key in keys:
            groups[key.tenant_id, key.as_of].append(key)
        found: dict[Asked, Answer] = {}
        for (tenant_id, as_of), asked in groups.items():
            profile = context.reader.profile(tenant_id)
            questions = [each.question for each in asked]
            async with context.reader.session() as session:
                replies = await answer(session, profile, questions, now=context.now, as_of=as_of)
            found.update(zip(asked, replies, strict=True))
        return [found[key] for key in keys]

    return remember(context, answer, batch)
