-- Unlogged: it is written once a second for each app that is busy, and lost it only begins anew, full.
CREATE UNLOGGED TABLE cost_budgets (
    organization_id uuid NOT NULL,
    app_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    available numeric NOT NULL,
    granted bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_cost_budgets PRIMARY KEY (organization_id, app_id, tenant_id)
) WITH (fillfactor = 50);

CREATE TABLE usage_minutes (
    organization_id uuid NOT NULL,
    app_id uuid NOT NULL,
    minute timestamptz NOT NULL,
    operation text NOT NULL,
    requests bigint NOT NULL,
    points bigint NOT NULL,
    throttled bigint NOT NULL,
    failed bigint NOT NULL,
    CONSTRAINT pk_usage_minutes PRIMARY KEY (organization_id, app_id, minute, operation),
    CONSTRAINT fk_usage_minutes_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE
);
CREATE INDEX ix_usage_minutes_organization_id_minute ON usage_minutes (organization_id, minute);

CREATE TABLE read_minutes (
    tenant_id uuid NOT NULL,
    minute timestamptz NOT NULL,
    organization_id uuid NOT NULL,
    app_id uuid NOT NULL,
    person_id uuid NOT NULL,
    operation text NOT NULL,
    requests bigint NOT NULL,
    points bigint NOT NULL,
    CONSTRAINT pk_read_minutes PRIMARY KEY (tenant_id, minute, organization_id, app_id, person_id, operation),
    CONSTRAINT fk_read_minutes_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
