-- From when on a key signs: the next one is published before.
ALTER TABLE signing_keys ADD COLUMN signs_from timestamptz;
UPDATE signing_keys SET signs_from = created_at;
-- There are a handful of rows.
-- squawk-ignore adding-not-nullable-field
ALTER TABLE signing_keys ALTER COLUMN signs_from SET NOT NULL;
