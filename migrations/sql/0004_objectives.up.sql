CREATE TABLE initiatives (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    tool text,
    process_key text,
    ai_powered boolean NOT NULL,
    owner_id uuid,
    go_live_on date,
    archived_at timestamptz,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_initiatives PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_initiatives_tenant_id FOREIGN KEY (tenant_id)
        REFERENCES tenants (id) ON DELETE CASCADE
);

CREATE TABLE kpis (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    metric_key text NOT NULL,
    name text NOT NULL,
    segment text NOT NULL,
    owner_id uuid,
    archived_at timestamptz,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_kpis PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_kpis_tenant_id FOREIGN KEY (tenant_id)
        REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX ix_kpis_metric ON kpis (tenant_id, metric_key);

CREATE TABLE objectives (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    title text NOT NULL,
    description text,
    owner_id uuid,
    parent_id uuid,
    starts_on date NOT NULL,
    due_on date NOT NULL,
    archived_at timestamptz,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_objectives PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_objectives_tenant_id_parent_id FOREIGN KEY (tenant_id, parent_id)
        REFERENCES objectives (tenant_id, id),
    CONSTRAINT fk_objectives_tenant_id FOREIGN KEY (tenant_id)
        REFERENCES tenants (id) ON DELETE CASCADE
);

CREATE TABLE baselines (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    kpi_id uuid NOT NULL,
    version bigint NOT NULL,
    value numeric NOT NULL,
    window_start date NOT NULL,
    window_end date NOT NULL,
    grain text NOT NULL,
    n bigint NOT NULL,
    periods bigint NOT NULL,
    variance numeric,
    method text NOT NULL,
    definition_version bigint NOT NULL,
    data_version bigint NOT NULL,
    warnings text[] NOT NULL,
    reason text,
    frozen_by text NOT NULL,
    CONSTRAINT pk_baselines PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_baselines_tenant_id_kpi_id FOREIGN KEY (tenant_id, kpi_id)
        REFERENCES kpis (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT uq_baselines_tenant_id_kpi_id_version UNIQUE (tenant_id, kpi_id, version),
    CONSTRAINT fk_baselines_tenant_id FOREIGN KEY (tenant_id)
        REFERENCES tenants (id) ON DELETE CASCADE
);

CREATE TABLE initiative_links (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    initiative_id uuid NOT NULL,
    objective_id uuid NOT NULL,
    kpi_id uuid,
    expected_change numeric,
    expected_by date,
    hypothesis text,
    CONSTRAINT pk_initiative_links PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_initiative_links_tenant_id_initiative_id FOREIGN KEY (tenant_id, initiative_id)
        REFERENCES initiatives (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_initiative_links_tenant_id_objective_id FOREIGN KEY (tenant_id, objective_id)
        REFERENCES objectives (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_initiative_links_tenant_id_kpi_id FOREIGN KEY (tenant_id, kpi_id)
        REFERENCES kpis (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_initiative_links_tenant_id FOREIGN KEY (tenant_id)
        REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX ix_initiative_links_objective ON initiative_links (tenant_id, objective_id);
CREATE UNIQUE INDEX uq_initiative_links_pair ON initiative_links (tenant_id, initiative_id, objective_id, kpi_id) NULLS NOT DISTINCT;

CREATE TABLE objective_kpis (
    tenant_id uuid NOT NULL,
    objective_id uuid NOT NULL,
    kpi_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_objective_kpis PRIMARY KEY (tenant_id, objective_id, kpi_id),
    CONSTRAINT fk_objective_kpis_tenant_id_objective_id FOREIGN KEY (tenant_id, objective_id)
        REFERENCES objectives (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_objective_kpis_tenant_id_kpi_id FOREIGN KEY (tenant_id, kpi_id)
        REFERENCES kpis (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_objective_kpis_kpi ON objective_kpis (tenant_id, kpi_id);

CREATE TABLE targets (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    kpi_id uuid NOT NULL,
    baseline_id uuid,
    start_value numeric NOT NULL,
    value numeric NOT NULL,
    start_on date NOT NULL,
    due_on date NOT NULL,
    grain text NOT NULL,
    trajectory text NOT NULL,
    points jsonb NOT NULL,
    tolerance numeric NOT NULL,
    stretch_value numeric,
    rationale text NOT NULL,
    note text,
    archived_at timestamptz,
    CONSTRAINT pk_targets PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_targets_tenant_id_kpi_id FOREIGN KEY (tenant_id, kpi_id)
        REFERENCES kpis (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_targets_tenant_id_baseline_id FOREIGN KEY (tenant_id, baseline_id)
        REFERENCES baselines (tenant_id, id),
    CONSTRAINT fk_targets_tenant_id FOREIGN KEY (tenant_id)
        REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX ix_targets_kpi ON targets (tenant_id, kpi_id);
