-- Who gave it, as the audit names them, and for which organization; who ended it.
ALTER TABLE grants
    ADD COLUMN granted_by text,
    ADD COLUMN granted_by_organization_id uuid,
    ADD COLUMN revoked_by text;

-- Of whom a transaction was told otherwise that it deals with them: who is granted a tenant is known to its owner by name.
CREATE FUNCTION app.organization_ids() RETURNS uuid[] LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10000 AS
$$ BEGIN RETURN coalesce(nullif(pg_catalog.current_setting('app.organization_ids', true), ''), '{}')::uuid[]; END $$;

ALTER POLICY directory_read ON organizations
    USING (id = app.organization_id() OR id = ANY (app.organization_ids()));

CREATE FUNCTION app.find_organization(wanted uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$ SELECT o.id FROM public.organizations o WHERE o.id = wanted $$;
