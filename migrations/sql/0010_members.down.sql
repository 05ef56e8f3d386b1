ALTER TABLE authorizations DROP COLUMN acts_for_id;
ALTER TABLE authorization_codes DROP COLUMN acts_for_id;
ALTER TABLE apps DROP COLUMN audience;
