CREATE TABLE invitations (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    organization_id uuid NOT NULL,
    into_id uuid NOT NULL,
    address text NOT NULL,
    role text NOT NULL,
    token_hash bytea NOT NULL,
    redirect_uri text,
    invited_by_app_id uuid NOT NULL,
    invited_by_person_id uuid,
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz,
    accepted_by_id uuid,
    revoked_at timestamptz,
    CONSTRAINT pk_invitations PRIMARY KEY (id),
    CONSTRAINT uq_invitations_token_hash UNIQUE (token_hash),
    CONSTRAINT fk_invitations_organization_id FOREIGN KEY (organization_id)
        REFERENCES organizations (id) ON DELETE CASCADE,
    CONSTRAINT fk_invitations_into_id FOREIGN KEY (into_id)
        REFERENCES organizations (id) ON DELETE CASCADE
);
CREATE INDEX ix_invitations_organization_id ON invitations (organization_id, id);
CREATE INDEX ix_invitations_organization_id_expires_at ON invitations (organization_id, expires_at);

-- Of whom a transaction was told otherwise that they are members: an organization knows the addresses of its people.
CREATE FUNCTION app.person_ids() RETURNS uuid[] LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10000 AS
$$ BEGIN RETURN coalesce(nullif(pg_catalog.current_setting('app.person_ids', true), ''), '{}')::uuid[]; END $$;

ALTER POLICY directory_read ON people USING (id = app.person_id() OR id = ANY (app.person_ids()));

-- An agency sees the teams under it.
ALTER POLICY directory_read ON organizations
    USING (id = app.organization_id() OR parent_id = app.organization_id() OR id = ANY (app.organization_ids()));

CREATE FUNCTION app.find_invitation(hash bytea) RETURNS TABLE (invitation_id uuid, organization_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$ SELECT i.id, i.organization_id FROM public.invitations i WHERE i.token_hash = hash $$;

-- A consent under way is finished only while who began it may still connect. Those under way now are begun again.
DELETE FROM oauth_states WHERE used_at IS NULL;
ALTER TABLE oauth_states ADD COLUMN begun_by_organization_id uuid;
UPDATE oauth_states s SET begun_by_organization_id = a.organization_id
FROM provider_apps a WHERE a.id = s.provider_app_id;
-- squawk-ignore adding-not-nullable-field
ALTER TABLE oauth_states ALTER COLUMN begun_by_organization_id SET NOT NULL;
