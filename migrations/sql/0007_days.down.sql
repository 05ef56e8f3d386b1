CREATE INDEX ix_entity_days_local_day ON entity_days (tenant_id, local_day);
DROP INDEX ix_entity_days_day;

CREATE INDEX ix_order_facts_local_day ON order_facts (tenant_id, local_day);
CREATE INDEX ix_order_facts_subject ON order_facts (tenant_id, subject_id, local_day);
DROP INDEX ix_order_facts_day;
