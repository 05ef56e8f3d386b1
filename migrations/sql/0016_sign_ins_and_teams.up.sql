-- A browser in which somebody is signed in. Those signed in now sign in anew: it lasts a quarter of an hour anyway.
CREATE TABLE sign_ins (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    person_id uuid NOT NULL,
    browser_hash bytea NOT NULL,
    method text NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT pk_sign_ins PRIMARY KEY (id),
    CONSTRAINT fk_sign_ins_person_id FOREIGN KEY (person_id)
        REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_sign_ins_person_id ON sign_ins (person_id, id);

-- Everybody sees what they allowed, whosever app it is. It is still ended in the name of the app's organization.
ALTER POLICY directory_read ON authorizations
    USING (organization_id = app.organization_id() OR person_id = app.person_id());
-- The app as it was called then, which people of other organizations could not read elsewhere.
ALTER TABLE authorizations ADD COLUMN app_title text;
UPDATE authorizations z SET app_title = a.name
FROM apps a WHERE a.organization_id = z.organization_id AND a.id = z.app_id;
-- squawk-ignore adding-not-nullable-field
ALTER TABLE authorizations ALTER COLUMN app_title SET NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_authorizations_person_id ON authorizations (person_id, id);

-- A team that was put away: nobody acts for it any more.
ALTER TABLE organizations ADD COLUMN archived_at timestamptz;
