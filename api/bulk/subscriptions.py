import strawberry

from api.bulk.types import Job
from api.context import Context
from api.ids import Kind, decode_as
from api.live import Subject, live
from tenants.access.actor import ApiScope
from tenants.bulk.reads import jobs_by_id
from tenants.errors import NotFound
from tenants.notices import Topic


@strawberry.type
class JobSubscriptions:
    @live(
        Job,
        description="A bulk job of the own organization, at once and as it goes on, several times a second at most. "
        "Needs the scope manage_organization.",
    )
    def job_progress(id: strawberry.ID) -> Subject:
        field = ("id",)
        wanted = decode_as(Kind.JOB, id, field=field)

        async def read(context: Context) -> Job:
            (row,) = await context.load(jobs_by_id, [wanted.key])
            if row is None:
                raise NotFound(field=field)
            return Job(row=row)

        return Subject(
            wanted.owner,
            ApiScope.MANAGE_ORGANIZATION,
            frozenset({Topic.JOB}),
            read,
            field,
            id=wanted.id,
            of_organization=True,
        )
