CREATE TABLE app_keys (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    organization_id uuid NOT NULL,
    app_id uuid NOT NULL,
    kid text NOT NULL,
    public_jwk jsonb NOT NULL,
    expires_at timestamptz,
    CONSTRAINT pk_app_keys PRIMARY KEY (id),
    CONSTRAINT fk_app_keys_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT fk_app_keys_organization_id_app_id FOREIGN KEY (organization_id, app_id)
        REFERENCES apps (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT uq_app_keys_organization_id_app_id_kid UNIQUE (organization_id, app_id, kid)
);
CREATE INDEX ix_app_keys_organization_id_expires_at ON app_keys (organization_id, expires_at);

CREATE TABLE client_assertions (
    organization_id uuid NOT NULL,
    app_id uuid NOT NULL,
    jti_hash bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT pk_client_assertions PRIMARY KEY (organization_id, app_id, jti_hash),
    CONSTRAINT fk_client_assertions_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT fk_client_assertions_organization_id_app_id FOREIGN KEY (organization_id, app_id)
        REFERENCES apps (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_client_assertions_organization_id_expires_at ON client_assertions (organization_id, expires_at);
