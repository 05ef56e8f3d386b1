CREATE TABLE provider_apps (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    organization_id uuid NOT NULL,
    provider text NOT NULL,
    client_id text NOT NULL,
    sealed_client_secret bytea NOT NULL,
    scopes text[] NOT NULL,
    base_url text NOT NULL,
    shared boolean NOT NULL,
    archived_at timestamptz,
    CONSTRAINT pk_provider_apps PRIMARY KEY (id),
    CONSTRAINT uq_provider_apps_provider_client_id UNIQUE (provider, client_id),
    CONSTRAINT fk_provider_apps_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE
);
CREATE INDEX ix_provider_apps_organization_id ON provider_apps (organization_id);

CREATE TABLE connections (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    provider text NOT NULL,
    provider_app_id uuid NOT NULL,
    account text NOT NULL,
    status text NOT NULL,
    reason text,
    scopes text[] NOT NULL,
    missing_scopes text[] NOT NULL,
    warnings text[] NOT NULL,
    sealed_access_token bytea,
    access_token_expires_at timestamptz,
    sealed_refresh_token bytea,
    sealed_previous_refresh_token bytea,
    refresh_token_expires_at timestamptz,
    token_version bigint NOT NULL,
    archived_at timestamptz,
    CONSTRAINT pk_connections PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_connections_tenant_id FOREIGN KEY (tenant_id)
        REFERENCES tenants (id) ON DELETE CASCADE,
    CONSTRAINT fk_connections_provider_app_id FOREIGN KEY (provider_app_id)
        REFERENCES provider_apps (id)
);

CREATE TABLE oauth_states (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    state_hash bytea NOT NULL,
    provider_app_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    account text NOT NULL,
    begun_by text NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT pk_oauth_states PRIMARY KEY (id),
    CONSTRAINT uq_oauth_states_state_hash UNIQUE (state_hash),
    CONSTRAINT fk_oauth_states_provider_app_id FOREIGN KEY (provider_app_id)
        REFERENCES provider_apps (id) ON DELETE CASCADE,
    CONSTRAINT fk_oauth_states_tenant_id FOREIGN KEY (tenant_id)
        REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX ix_oauth_states_tenant_id ON oauth_states (tenant_id);

CREATE TABLE provider_accounts (
    provider_app_id uuid NOT NULL,
    account text NOT NULL,
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    CONSTRAINT pk_provider_accounts PRIMARY KEY (provider_app_id, account),
    CONSTRAINT fk_provider_accounts_provider_app_id FOREIGN KEY (provider_app_id)
        REFERENCES provider_apps (id) ON DELETE CASCADE,
    CONSTRAINT fk_provider_accounts_tenant_id FOREIGN KEY (tenant_id)
        REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX ix_provider_accounts_tenant_id ON provider_accounts (tenant_id);

CREATE TABLE schedules (
    tenant_id uuid NOT NULL,
    kind text NOT NULL,
    subject_id uuid NOT NULL,
    due_at timestamptz NOT NULL,
    CONSTRAINT pk_schedules PRIMARY KEY (tenant_id, kind, subject_id),
    CONSTRAINT fk_schedules_tenant_id FOREIGN KEY (tenant_id)
        REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX ix_schedules_due_at ON schedules (due_at);

CREATE TABLE stream_states (
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    stream text NOT NULL,
    phase text NOT NULL,
    cursor jsonb NOT NULL,
    records bigint NOT NULL,
    expected_records bigint,
    as_of timestamptz,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_stream_states PRIMARY KEY (tenant_id, connection_id, stream),
    CONSTRAINT fk_stream_states_tenant_id_connection_id FOREIGN KEY (tenant_id, connection_id)
        REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE sync_runs (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    connection_id uuid NOT NULL,
    stream text NOT NULL,
    phase text NOT NULL,
    status text NOT NULL,
    reason text,
    pages bigint NOT NULL,
    records bigint NOT NULL,
    finished_at timestamptz,
    CONSTRAINT pk_sync_runs PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_sync_runs_tenant_id_connection_id FOREIGN KEY (tenant_id, connection_id)
        REFERENCES connections (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_sync_runs_tenant_id FOREIGN KEY (tenant_id)
        REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX ix_sync_runs_connection ON sync_runs (tenant_id, connection_id, created_at);

CREATE TABLE webhook_deliveries (
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    delivery_id text NOT NULL,
    event_id text,
    topic text NOT NULL,
    sealed_body bytea,
    received_at timestamptz NOT NULL,
    triggered_at timestamptz,
    status text NOT NULL,
    outcome text,
    attempts bigint NOT NULL,
    duplicates bigint NOT NULL,
    due_at timestamptz NOT NULL,
    CONSTRAINT pk_webhook_deliveries PRIMARY KEY (tenant_id, connection_id, delivery_id),
    CONSTRAINT fk_webhook_deliveries_tenant_id_connection_id FOREIGN KEY (tenant_id, connection_id)
        REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_webhook_deliveries_status ON webhook_deliveries (tenant_id, status, received_at);
