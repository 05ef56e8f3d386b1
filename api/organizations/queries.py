import strawberry

from api.context import Info
from api.organizations.oneself import Consent, SignIn, consents_of, sign_ins_of
from api.organizations.types import App, Organization
from api.pagination import Connection
from tenants.access.actor import ApiScope
from tenants.access.reads import apps_by_id, organizations_by_id


@strawberry.type(description="Who is asking, as the access token says.")
class Viewer:
    client_id: str
    scopes: list[ApiScope]
    is_person: bool

    @strawberry.field(description="For which it acts.")
    async def organization(self, info: Info) -> Organization:
        own = info.context.actor.organization_id
        return Organization(row=await info.context.load_one(organizations_by_id, (own, own)))

    @strawberry.field(description="The app it is. None where a person acts through another organization's.")
    async def app(self, info: Info) -> App | None:
        actor = info.context.actor
        if actor.app_owner_id is not None:
            return None
        return App(row=await info.context.load_one(apps_by_id, actor.app_key))

    @strawberry.field(description="What they allowed apps, oldest first. Needs the scope manage_account.")
    async def consents(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Consent]:
        return await consents_of(info.context, first=first, after=after)

    @strawberry.field(
        description="In which browsers they are signed in to our pages, oldest first. Needs the scope manage_account."
    )
    async def sign_ins(self, info: Info, first: int = 20, after: str | None = None) -> Connection[SignIn]:
        return await sign_ins_of(info.context, first=first, after=after)


@strawberry.type
class ViewerQueries:
    @strawberry.field(description="Who is asking.")
    def viewer(self, info: Info) -> Viewer:
        actor = info.context.actor
        scopes = [scope for scope in ApiScope if scope in actor.scopes]
        return Viewer(client_id=actor.client_id, scopes=scopes, is_person=actor.person_id is not None)
