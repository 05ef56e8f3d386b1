CREATE TABLE embed_tokens (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    organization_id uuid NOT NULL,
    app_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    subject_hash bytea NOT NULL,
    origin text NOT NULL,
    scopes text[] NOT NULL,
    fields text[] NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT pk_embed_tokens PRIMARY KEY (id),
    CONSTRAINT fk_embed_tokens_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT fk_embed_tokens_organization_id_app_id FOREIGN KEY (organization_id, app_id)
        REFERENCES apps (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_embed_tokens_tenant_id FOREIGN KEY (tenant_id)
        REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX ix_embed_tokens_organization_id_expires_at ON embed_tokens (organization_id, expires_at);
CREATE INDEX ix_embed_tokens_tenant_id ON embed_tokens (tenant_id);
