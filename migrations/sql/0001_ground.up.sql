CREATE TABLE audit_entries (
    tenant_id uuid NOT NULL,
    position bigint NOT NULL,
    at timestamptz NOT NULL,
    organization_id uuid,
    actor_kind text NOT NULL,
    actor_id text,
    action text NOT NULL,
    subject_id text,
    changes jsonb NOT NULL,
    previous_hash bytea NOT NULL,
    entry_hash bytea NOT NULL,
    CONSTRAINT pk_audit_entries PRIMARY KEY (tenant_id, position)
);
CREATE INDEX ix_audit_entries_subject ON audit_entries (tenant_id, subject_id, position);

CREATE TABLE idempotency_keys (
    tenant_id uuid NOT NULL,
    client text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    outcome jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (tenant_id, client, key)
);

CREATE TABLE organizations (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    parent_id uuid,
    CONSTRAINT pk_organizations PRIMARY KEY (id),
    CONSTRAINT fk_organizations_parent_id FOREIGN KEY (parent_id)
        REFERENCES organizations (id)
);
CREATE INDEX ix_organizations_parent_id ON organizations (parent_id);

CREATE TABLE people (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    sign_in_address text NOT NULL,
    password_hash text NOT NULL,
    disabled_at timestamptz,
    CONSTRAINT pk_people PRIMARY KEY (id),
    CONSTRAINT uq_people_sign_in_address UNIQUE (sign_in_address)
);

CREATE TABLE sign_in_attempts (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    address_hash bytea NOT NULL,
    CONSTRAINT pk_sign_in_attempts PRIMARY KEY (id)
);
CREATE INDEX ix_sign_in_attempts_address_hash_created_at ON sign_in_attempts (address_hash, created_at);

CREATE TABLE signing_keys (
    kid text NOT NULL,
    sealed_private_key bytea NOT NULL,
    public_jwk jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    retired_at timestamptz,
    CONSTRAINT pk_signing_keys PRIMARY KEY (kid)
);

CREATE TABLE apps (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    organization_id uuid NOT NULL,
    client_id text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    redirect_uris text[] NOT NULL,
    scopes text[] NOT NULL,
    archived_at timestamptz,
    CONSTRAINT pk_apps PRIMARY KEY (id),
    CONSTRAINT fk_apps_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT uq_apps_client_id UNIQUE (client_id),
    -- What belongs to an app refers to it by both, so that nobody can hang a secret on another organization's app.
    CONSTRAINT uq_apps_organization_id_id UNIQUE (organization_id, id)
);

CREATE TABLE memberships (
    organization_id uuid NOT NULL,
    person_id uuid NOT NULL,
    role text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_memberships PRIMARY KEY (organization_id, person_id),
    CONSTRAINT fk_memberships_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT fk_memberships_person_id FOREIGN KEY (person_id)
        REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_memberships_person_id ON memberships (person_id);

CREATE TABLE organization_audit_entries (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_id text,
    action text NOT NULL,
    subject_id text,
    changes jsonb NOT NULL,
    CONSTRAINT pk_organization_audit_entries PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_organization_audit_entries_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE
);

CREATE TABLE organization_idempotency_keys (
    organization_id uuid NOT NULL,
    client text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    outcome jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT pk_organization_idempotency_keys PRIMARY KEY (organization_id, client, key),
    CONSTRAINT fk_organization_idempotency_keys_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE
);

CREATE TABLE tenants (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    organization_id uuid NOT NULL,
    closed_at timestamptz,
    CONSTRAINT pk_tenants PRIMARY KEY (id),
    CONSTRAINT uq_tenants_organization_id UNIQUE (organization_id),
    CONSTRAINT fk_tenants_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id)
);

CREATE TABLE app_secrets (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    organization_id uuid NOT NULL,
    app_id uuid NOT NULL,
    secret_hash text NOT NULL,
    expires_at timestamptz,
    CONSTRAINT pk_app_secrets PRIMARY KEY (id),
    CONSTRAINT fk_app_secrets_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT fk_app_secrets_organization_id_app_id FOREIGN KEY (organization_id, app_id)
        REFERENCES apps (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_app_secrets_organization_id_app_id ON app_secrets (organization_id, app_id);

CREATE TABLE authorization_codes (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    code_hash bytea NOT NULL,
    organization_id uuid NOT NULL,
    app_id uuid NOT NULL,
    person_id uuid NOT NULL,
    redirect_uri text NOT NULL,
    scopes text[] NOT NULL,
    code_challenge text NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT pk_authorization_codes PRIMARY KEY (id),
    CONSTRAINT uq_authorization_codes_code_hash UNIQUE (code_hash),
    CONSTRAINT fk_authorization_codes_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT fk_authorization_codes_organization_id_app_id FOREIGN KEY (organization_id, app_id)
        REFERENCES apps (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_authorization_codes_person_id FOREIGN KEY (person_id)
        REFERENCES people (id) ON DELETE CASCADE
);

CREATE TABLE grants (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    tenant_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    role text NOT NULL,
    scopes text[] NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT pk_grants PRIMARY KEY (id),
    CONSTRAINT fk_grants_tenant_id FOREIGN KEY (tenant_id)
        REFERENCES tenants (id) ON DELETE CASCADE,
    CONSTRAINT fk_grants_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE
);
CREATE INDEX ix_grants_organization_id_tenant_id ON grants (organization_id, tenant_id);
CREATE INDEX ix_grants_tenant_id ON grants (tenant_id);

CREATE TABLE tenant_profiles (
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    currency text NOT NULL,
    time_zone text NOT NULL,
    fiscal_year_start_month bigint NOT NULL,
    industry text,
    size_band text,
    business_model text,
    clock_shift_days bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_tenant_profiles PRIMARY KEY (tenant_id),
    CONSTRAINT fk_tenant_profiles_tenant_id FOREIGN KEY (tenant_id)
        REFERENCES tenants (id) ON DELETE CASCADE
);

CREATE TABLE tenant_states (
    tenant_id uuid NOT NULL,
    data_version bigint NOT NULL,
    computed_through date,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_tenant_states PRIMARY KEY (tenant_id),
    CONSTRAINT fk_tenant_states_tenant_id FOREIGN KEY (tenant_id)
        REFERENCES tenants (id) ON DELETE CASCADE
);
