-- What a tenant's KPIs stand at, kept by the recompute, so that a list reads rows and no history.
CREATE TABLE current_values (
    tenant_id uuid NOT NULL,
    grain text NOT NULL,
    starts_on date NOT NULL,
    metric_key text NOT NULL,
    segment text NOT NULL,
    value numeric,
    n bigint NOT NULL,
    null_reason text,
    flags text[] NOT NULL,
    inputs jsonb NOT NULL,
    CONSTRAINT pk_current_values PRIMARY KEY (tenant_id, grain, starts_on, metric_key, segment)
);

CREATE TABLE current_statuses (
    tenant_id uuid NOT NULL,
    target_id uuid NOT NULL,
    status text NOT NULL,
    CONSTRAINT pk_current_statuses PRIMARY KEY (tenant_id, target_id),
    CONSTRAINT fk_current_statuses_tenant_id_target_id FOREIGN KEY (tenant_id, target_id)
        REFERENCES targets (tenant_id, id) ON DELETE CASCADE
);

ALTER TABLE tenant_states
    ADD COLUMN first_day date,
    ADD COLUMN current_basis text;

UPDATE tenant_states t SET first_day = (
    SELECT min(d.local_day) FROM day_components d
    WHERE d.tenant_id = t.tenant_id AND d.component = 'orders' AND d.segment = '' AND d.n > 0
);
