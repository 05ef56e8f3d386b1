-- Nothing is released yet, so no table is in use.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion

-- Each order is found by its day, with its customer; nothing asks for a customer's orders. One index instead of two, and
-- what customers did on a day is counted in it alone.
CREATE INDEX ix_order_facts_day ON order_facts (tenant_id, local_day, subject_id);
DROP INDEX ix_order_facts_local_day;
DROP INDEX ix_order_facts_subject;

-- The day leads, so that a customer's days are only ever looked for in the key: with an index that began with the tenant
-- as well, an estimate of one row (of a tenant whom no statistics know yet) left both to choose from.
CREATE INDEX ix_entity_days_day ON entity_days (local_day, tenant_id);
DROP INDEX ix_entity_days_local_day;
