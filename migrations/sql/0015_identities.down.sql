-- Nobody can sign in by an empty hash.
-- squawk-ignore-file adding-not-nullable-field
DROP FUNCTION app.find_identity(text, bytea);
UPDATE people SET password_hash = '' WHERE password_hash IS NULL;
ALTER TABLE people ALTER COLUMN password_hash SET NOT NULL;
DROP TABLE identities;
