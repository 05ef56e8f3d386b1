ALTER TABLE oauth_states DROP COLUMN begun_by_organization_id;

DROP FUNCTION app.find_invitation(bytea);

ALTER POLICY directory_read ON organizations
    USING (id = app.organization_id() OR id = ANY (app.organization_ids()));

ALTER POLICY directory_read ON people USING (id = app.person_id());

DROP FUNCTION app.person_ids();

DROP TABLE invitations;
