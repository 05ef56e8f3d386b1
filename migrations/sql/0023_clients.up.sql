CREATE TABLE client_tags (
    organization_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    tag text NOT NULL,
    CONSTRAINT pk_client_tags PRIMARY KEY (organization_id, tenant_id, tag),
    CONSTRAINT fk_client_tags_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT fk_client_tags_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX ix_client_tags_tenant_id ON client_tags (tenant_id);
