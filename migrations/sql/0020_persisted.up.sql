-- The table is small, and its new column is the same for all rows there are.
-- squawk-ignore-file ban-drop-default, adding-not-nullable-field
ALTER TABLE apps ADD COLUMN persisted_only boolean NOT NULL DEFAULT false;
ALTER TABLE apps ALTER COLUMN persisted_only DROP DEFAULT;

CREATE TABLE persisted_operation_sets (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    organization_id uuid NOT NULL,
    app_id uuid NOT NULL,
    version bigint NOT NULL,
    archived_at timestamptz,
    CONSTRAINT pk_persisted_operation_sets PRIMARY KEY (id),
    CONSTRAINT uq_persisted_operation_sets_organization_id_app_id_version UNIQUE (organization_id, app_id, version),
    CONSTRAINT uq_persisted_operation_sets_organization_id_id UNIQUE (organization_id, id),
    CONSTRAINT fk_persisted_operation_sets_organization_id_app_id FOREIGN KEY (organization_id, app_id)
        REFERENCES apps (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE persisted_operations (
    organization_id uuid NOT NULL,
    set_id uuid NOT NULL,
    digest bytea NOT NULL,
    app_id uuid NOT NULL,
    name text NOT NULL,
    document text NOT NULL,
    CONSTRAINT pk_persisted_operations PRIMARY KEY (organization_id, set_id, digest),
    CONSTRAINT fk_persisted_operations_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT fk_persisted_operations_organization_id_set_id FOREIGN KEY (organization_id, set_id)
        REFERENCES persisted_operation_sets (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_persisted_operations_organization_id_app_id_digest
    ON persisted_operations (organization_id, app_id, digest);
