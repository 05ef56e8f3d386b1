CREATE TABLE bulk_jobs (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    organization_id uuid NOT NULL,
    kind text NOT NULL,
    parameters jsonb NOT NULL,
    dry_run boolean NOT NULL,
    total bigint NOT NULL,
    app_id uuid NOT NULL,
    app_owner_id uuid,
    client_id text NOT NULL,
    person_id uuid,
    authorization_id uuid,
    scopes text[] NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    CONSTRAINT pk_bulk_jobs PRIMARY KEY (id),
    CONSTRAINT uq_bulk_jobs_organization_id_id UNIQUE (organization_id, id),
    CONSTRAINT fk_bulk_jobs_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE
);
CREATE INDEX ix_bulk_jobs_open ON bulk_jobs (id) WHERE finished_at IS NULL;

CREATE TABLE bulk_verdicts (
    organization_id uuid NOT NULL,
    job_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    code text,
    message text,
    field text[],
    subject text,
    details jsonb,
    decided_at timestamptz,
    CONSTRAINT pk_bulk_verdicts PRIMARY KEY (organization_id, job_id, tenant_id),
    CONSTRAINT fk_bulk_verdicts_organization_id_job_id FOREIGN KEY (organization_id, job_id)
        REFERENCES bulk_jobs (organization_id, id)
);

-- For the periodic tick: jobs that are not over, in the order they were asked for, a page at a time.
CREATE FUNCTION app.open_bulk_jobs(after uuid, page integer) RETURNS TABLE (job_id uuid, organization_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$ SELECT j.id, j.organization_id FROM public.bulk_jobs j
   WHERE j.finished_at IS NULL AND j.id > after ORDER BY j.id LIMIT page $$;
