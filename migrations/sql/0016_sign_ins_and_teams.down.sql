ALTER TABLE organizations DROP COLUMN archived_at;
ALTER TABLE authorizations DROP COLUMN app_title;
DROP INDEX ix_authorizations_person_id;
ALTER POLICY directory_read ON authorizations USING (organization_id = app.organization_id());
DROP TABLE sign_ins;
