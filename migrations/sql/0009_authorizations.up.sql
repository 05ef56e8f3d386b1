CREATE TABLE authorizations (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    organization_id uuid NOT NULL,
    app_id uuid NOT NULL,
    person_id uuid NOT NULL,
    code_id uuid,
    scopes text[] NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text,
    CONSTRAINT pk_authorizations PRIMARY KEY (id),
    CONSTRAINT fk_authorizations_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT fk_authorizations_organization_id_app_id FOREIGN KEY (organization_id, app_id)
        REFERENCES apps (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_authorizations_person_id FOREIGN KEY (person_id)
        REFERENCES people (id) ON DELETE CASCADE,
    CONSTRAINT uq_authorizations_organization_id_id UNIQUE (organization_id, id)
);
CREATE INDEX ix_authorizations_code_id ON authorizations (code_id);
CREATE INDEX ix_authorizations_organization_id_expires_at ON authorizations (organization_id, expires_at);

CREATE TABLE refresh_tokens (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    organization_id uuid NOT NULL,
    authorization_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT pk_refresh_tokens PRIMARY KEY (id),
    CONSTRAINT uq_refresh_tokens_token_hash UNIQUE (token_hash),
    CONSTRAINT fk_refresh_tokens_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT fk_refresh_tokens_organization_id_authorization_id FOREIGN KEY (organization_id, authorization_id)
        REFERENCES authorizations (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_refresh_tokens_organization_id_authorization_id ON refresh_tokens (organization_id, authorization_id);
CREATE INDEX ix_refresh_tokens_organization_id_expires_at ON refresh_tokens (organization_id, expires_at);
