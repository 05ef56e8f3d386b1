-- Who signs in elsewhere: a person there is known by a keyed hash of what the issuer calls them.
CREATE TABLE identities (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    person_id uuid NOT NULL,
    issuer text NOT NULL,
    subject_hash bytea NOT NULL,
    CONSTRAINT pk_identities PRIMARY KEY (id),
    CONSTRAINT uq_identities_issuer_subject_hash UNIQUE (issuer, subject_hash),
    CONSTRAINT fk_identities_person_id FOREIGN KEY (person_id)
        REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_identities_person_id ON identities (person_id);

-- Who signs in elsewhere only has no password. An older program that reads none there takes it for a wrong one.
-- squawk-ignore ban-drop-not-null
ALTER TABLE people ALTER COLUMN password_hash DROP NOT NULL;

CREATE FUNCTION app.find_identity(wanted text, hash bytea) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$ SELECT i.person_id FROM public.identities i WHERE i.issuer = wanted AND i.subject_hash = hash $$;
