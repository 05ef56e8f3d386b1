DROP FUNCTION app.find_organization(uuid);

ALTER POLICY directory_read ON organizations USING (id = app.organization_id());

DROP FUNCTION app.organization_ids();

ALTER TABLE grants
    DROP COLUMN granted_by,
    DROP COLUMN granted_by_organization_id,
    DROP COLUMN revoked_by;
