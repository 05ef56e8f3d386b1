-- Whose people sign in to an app, and for which organization somebody acts through it. The tables are small, and nobody
-- writes them while a migration runs for longer than a sign-in can wait.
-- squawk-ignore-file ban-drop-default, adding-not-nullable-field, constraint-missing-not-valid, adding-foreign-key-constraint
ALTER TABLE apps ADD COLUMN audience text NOT NULL DEFAULT 'OWN_ORGANIZATION';
ALTER TABLE apps ALTER COLUMN audience DROP DEFAULT;

ALTER TABLE authorization_codes ADD COLUMN acts_for_id uuid;
UPDATE authorization_codes SET acts_for_id = organization_id;
ALTER TABLE authorization_codes
    ALTER COLUMN acts_for_id SET NOT NULL,
    ADD CONSTRAINT fk_authorization_codes_acts_for_id FOREIGN KEY (acts_for_id)
        REFERENCES organizations (id) ON DELETE CASCADE;

ALTER TABLE authorizations ADD COLUMN acts_for_id uuid;
UPDATE authorizations SET acts_for_id = organization_id;
ALTER TABLE authorizations
    ALTER COLUMN acts_for_id SET NOT NULL,
    ADD CONSTRAINT fk_authorizations_acts_for_id FOREIGN KEY (acts_for_id)
        REFERENCES organizations (id) ON DELETE CASCADE;
