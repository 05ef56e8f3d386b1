CREATE TABLE day_component_revisions (
    tenant_id uuid NOT NULL,
    component text NOT NULL,
    segment text NOT NULL,
    local_day date NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL,
    n bigint NOT NULL,
    total numeric NOT NULL,
    total_of_squares numeric NOT NULL,
    minimum numeric,
    maximum numeric,
    CONSTRAINT pk_day_component_revisions PRIMARY KEY (tenant_id, component, segment, local_day, valid_from)
);

CREATE TABLE day_components (
    tenant_id uuid NOT NULL,
    component text NOT NULL,
    segment text NOT NULL,
    local_day date NOT NULL,
    n bigint NOT NULL,
    total numeric NOT NULL,
    total_of_squares numeric NOT NULL,
    minimum numeric,
    maximum numeric,
    valid_from timestamptz NOT NULL,
    CONSTRAINT pk_day_components PRIMARY KEY (tenant_id, component, segment, local_day)
);

CREATE TABLE dirty_days (
    tenant_id uuid NOT NULL,
    local_day date NOT NULL,
    marked_at timestamptz NOT NULL,
    CONSTRAINT pk_dirty_days PRIMARY KEY (tenant_id, local_day)
);

CREATE TABLE entity_days (
    tenant_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    local_day date NOT NULL,
    orders bigint NOT NULL,
    CONSTRAINT pk_entity_days PRIMARY KEY (tenant_id, subject_id, local_day)
);
CREATE INDEX ix_entity_days_local_day ON entity_days (tenant_id, local_day);

CREATE TABLE period_component_revisions (
    tenant_id uuid NOT NULL,
    component text NOT NULL,
    grain text NOT NULL,
    starts_on date NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL,
    n bigint NOT NULL,
    CONSTRAINT pk_period_component_revisions PRIMARY KEY (tenant_id, component, grain, starts_on, valid_from)
);

CREATE TABLE period_components (
    tenant_id uuid NOT NULL,
    component text NOT NULL,
    grain text NOT NULL,
    starts_on date NOT NULL,
    n bigint NOT NULL,
    valid_from timestamptz NOT NULL,
    CONSTRAINT pk_period_components PRIMARY KEY (tenant_id, component, grain, starts_on)
);

CREATE TABLE recompute_runs (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    days bigint NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    day_rows bigint NOT NULL,
    period_rows bigint NOT NULL,
    milliseconds bigint NOT NULL,
    data_version bigint NOT NULL,
    CONSTRAINT pk_recompute_runs PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_recompute_runs_tenant_id FOREIGN KEY (tenant_id)
        REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX ix_recompute_runs_created_at ON recompute_runs (tenant_id, created_at);

CREATE TABLE customers (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    connection_id uuid NOT NULL,
    external_id text NOT NULL,
    sealed_profile bytea,
    email_hash bytea,
    since timestamptz,
    deleted boolean NOT NULL,
    CONSTRAINT pk_customers PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_customers_tenant_id_connection_id FOREIGN KEY (tenant_id, connection_id)
        REFERENCES connections (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT uq_customers_tenant_id_connection_id_external_id UNIQUE (tenant_id, connection_id, external_id),
    CONSTRAINT fk_customers_tenant_id FOREIGN KEY (tenant_id)
        REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX ix_customers_email_hash ON customers (tenant_id, email_hash);

CREATE TABLE order_facts (
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    external_id text NOT NULL,
    subject_id uuid,
    occurred_at timestamptz NOT NULL,
    local_day date NOT NULL,
    currency text NOT NULL,
    gross_minor bigint NOT NULL,
    discount_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    shipping_minor bigint NOT NULL,
    channel text NOT NULL,
    CONSTRAINT pk_order_facts PRIMARY KEY (tenant_id, connection_id, external_id),
    CONSTRAINT fk_order_facts_tenant_id_connection_id FOREIGN KEY (tenant_id, connection_id)
        REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_order_facts_local_day ON order_facts (tenant_id, local_day);
CREATE INDEX ix_order_facts_subject ON order_facts (tenant_id, subject_id, local_day);

CREATE TABLE refund_facts (
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    external_id text NOT NULL,
    order_external_id text NOT NULL,
    occurred_at timestamptz NOT NULL,
    local_day date NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    channel text NOT NULL,
    CONSTRAINT pk_refund_facts PRIMARY KEY (tenant_id, connection_id, external_id),
    CONSTRAINT fk_refund_facts_tenant_id_connection_id FOREIGN KEY (tenant_id, connection_id)
        REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_refund_facts_local_day ON refund_facts (tenant_id, local_day);
CREATE INDEX ix_refund_facts_order ON refund_facts (tenant_id, connection_id, order_external_id);

CREATE TABLE source_records (
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    stream text NOT NULL,
    external_id text NOT NULL,
    version timestamptz NOT NULL,
    digest bytea NOT NULL,
    sealed_payload bytea,
    deleted boolean NOT NULL,
    subject_id uuid,
    received_at timestamptz NOT NULL,
    CONSTRAINT pk_source_records PRIMARY KEY (tenant_id, connection_id, stream, external_id),
    CONSTRAINT fk_source_records_tenant_id_connection_id FOREIGN KEY (tenant_id, connection_id)
        REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE order_line_facts (
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    order_external_id text NOT NULL,
    external_id text NOT NULL,
    product_external_id text,
    sku text,
    quantity bigint NOT NULL,
    gross_minor bigint NOT NULL,
    discount_minor bigint NOT NULL,
    CONSTRAINT pk_order_line_facts PRIMARY KEY (tenant_id, connection_id, order_external_id, external_id),
    CONSTRAINT fk_order_line_facts_tenant_id_connection_id_order_external_id FOREIGN KEY (tenant_id, connection_id, order_external_id)
        REFERENCES order_facts (tenant_id, connection_id, external_id) ON DELETE CASCADE
);
