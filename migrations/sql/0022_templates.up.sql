CREATE TABLE templates (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    description text,
    newest bigint NOT NULL,
    archived_at timestamptz,
    CONSTRAINT pk_templates PRIMARY KEY (id),
    CONSTRAINT uq_templates_organization_id_id UNIQUE (organization_id, id),
    CONSTRAINT fk_templates_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE
);

CREATE TABLE template_versions (
    organization_id uuid NOT NULL,
    template_id uuid NOT NULL,
    version bigint NOT NULL,
    content jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_template_versions PRIMARY KEY (organization_id, template_id, version),
    CONSTRAINT fk_template_versions_organization_id_template_id FOREIGN KEY (organization_id, template_id)
        REFERENCES templates (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE template_applications (
    organization_id uuid NOT NULL,
    template_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    version bigint NOT NULL,
    applied_at timestamptz NOT NULL,
    CONSTRAINT pk_template_applications PRIMARY KEY (organization_id, template_id, tenant_id),
    CONSTRAINT fk_template_applications_organization_id_template_id FOREIGN KEY (organization_id, template_id)
        REFERENCES templates (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE template_marks (
    tenant_id uuid NOT NULL,
    template_id uuid NOT NULL,
    kind text NOT NULL,
    item uuid NOT NULL,
    object_id uuid NOT NULL,
    version bigint NOT NULL,
    starts_on date NOT NULL,
    adopted boolean NOT NULL,
    CONSTRAINT pk_template_marks PRIMARY KEY (tenant_id, template_id, kind, item),
    CONSTRAINT fk_template_marks_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
