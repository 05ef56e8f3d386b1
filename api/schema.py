"""The schema: the areas put together. One line an area, one line a mutation."""

from typing import Any

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type

from api.bulk.subscriptions import JobSubscriptions
from api.bulk.types import Job
from api.connections.mutations.connection_start import connection_start
from api.connections.subscriptions import ConnectionSubscriptions
from api.connections.types import ConnectedAccount
from api.contract.queries import ContractQueries
from api.execution.documents import Documents, Remembering
from api.execution.executor import PlannedExecutor
from api.initiatives.mutations.initiative_archive import initiative_archive
from api.initiatives.mutations.initiative_create import initiative_create
from api.initiatives.mutations.initiative_link import initiative_link
from api.initiatives.types import Initiative, InitiativeLink
from api.kpis.baselines import Baseline
from api.kpis.mutations.baseline_freeze import baseline_freeze
from api.kpis.mutations.baseline_revise import baseline_revise
from api.kpis.mutations.kpi_archive import kpi_archive
from api.kpis.mutations.kpi_create import kpi_create
from api.kpis.mutations.target_archive import target_archive
from api.kpis.mutations.target_create import target_create
from api.kpis.subscriptions import MetricSubscriptions
from api.kpis.targets import Target
from api.kpis.types import Kpi
from api.metrics.queries import MetricQueries
from api.nodes import NodeQueries
from api.objectives.mutations.objective_archive import objective_archive
from api.objectives.mutations.objective_create import objective_create
from api.objectives.mutations.objective_kpi_link import objective_kpi_link
from api.objectives.types import Objective
from api.organizations.mutations.app_archive import app_archive
from api.organizations.mutations.app_create import app_create
from api.organizations.mutations.app_key_add import app_key_add
from api.organizations.mutations.app_key_revoke import app_key_revoke
from api.organizations.mutations.app_secret_rotate import app_secret_rotate
from api.organizations.mutations.app_update import app_update
from api.organizations.mutations.consent_revoke import consent_revoke
from api.organizations.mutations.invitation_create import invitation_create
from api.organizations.mutations.invitation_revoke import invitation_revoke
from api.organizations.mutations.member_remove import member_remove
from api.organizations.mutations.member_update import member_update
from api.organizations.mutations.organization_archive import organization_archive
from api.organizations.mutations.organization_create import organization_create
from api.organizations.mutations.organization_leave import organization_leave
from api.organizations.mutations.organization_update import organization_update
from api.organizations.mutations.persisted_operation_set_archive import persisted_operation_set_archive
from api.organizations.mutations.persisted_operation_set_create import persisted_operation_set_create
from api.organizations.mutations.sign_in_end import sign_in_end
from api.organizations.people import Invitation, Member
from api.organizations.persisted import PersistedOperationSet
from api.organizations.queries import ViewerQueries
from api.organizations.types import App, Organization
from api.portfolio.mutations.client_tags_set import client_tags_set
from api.portfolio.queries import PortfolioQueries
from api.scalars import SCALARS
from api.templates.mutations.template_apply import template_apply
from api.templates.mutations.template_archive import template_archive
from api.templates.mutations.template_create import template_create
from api.templates.mutations.template_revise import template_revise
from api.templates.types import Template
from api.tenants.grants import Grant
from api.tenants.mutations.clients_assign import clients_assign
from api.tenants.mutations.clients_unassign import clients_unassign
from api.tenants.mutations.grant_create import grant_create
from api.tenants.mutations.grant_revoke import grant_revoke
from api.tenants.mutations.tenant_create import tenant_create
from api.tenants.mutations.tenant_leave import tenant_leave
from api.tenants.mutations.tenant_owner_invite import tenant_owner_invite
from api.tenants.queries import TenantQueries
from api.tenants.types import Tenant


@strawberry.type
class Query(ViewerQueries, TenantQueries, PortfolioQueries, NodeQueries, MetricQueries, ContractQueries):
    pass


@strawberry.type
class Subscription(ConnectionSubscriptions, MetricSubscriptions, JobSubscriptions):
    pass


MUTATIONS = [
    app_create,
    app_update,
    app_secret_rotate,
    app_key_add,
    app_key_revoke,
    app_archive,
    persisted_operation_set_create,
    persisted_operation_set_archive,
    organization_create,
    invitation_create,
    invitation_revoke,
    member_update,
    member_remove,
    consent_revoke,
    sign_in_end,
    organization_leave,
    organization_update,
    organization_archive,
    tenant_create,
    tenant_leave,
    tenant_owner_invite,
    client_tags_set,
    grant_create,
    grant_revoke,
    clients_assign,
    clients_unassign,
    connection_start,
    objective_create,
    objective_kpi_link,
    objective_archive,
    kpi_create,
    kpi_archive,
    baseline_freeze,
    baseline_revise,
    target_create,
    target_archive,
    initiative_create,
    initiative_link,
    initiative_archive,
    template_create,
    template_revise,
    template_archive,
    template_apply,
]


class Schema(strawberry.Schema):
    def process_errors(self, errors: list[Any], execution_context: Any = None) -> None:
        """Nothing here: the endpoint presents and logs errors, once, under the request's id."""


schema = Schema(
    query=Query,
    mutation=create_type("Mutation", MUTATIONS),
    subscription=Subscription,
    types=[
        Organization,
        App,
        Member,
        Invitation,
        PersistedOperationSet,
        Job,
        Template,
        Tenant,
        Grant,
        Objective,
        Kpi,
        Baseline,
        Target,
        Initiative,
        InitiativeLink,
        ConnectedAccount,
    ],
    extensions=[lambda: Remembering(DOCUMENTS)],
    execution_context_class=PlannedExecutor,
    config=StrawberryConfig(auto_camel_case=True, sort_schema=False, scalar_map=SCALARS),
)
DOCUMENTS: Documents = Documents(schema._schema)
