ALTER TABLE tenant_states DROP COLUMN current_basis, DROP COLUMN first_day;
DROP TABLE current_statuses;
DROP TABLE current_values;
