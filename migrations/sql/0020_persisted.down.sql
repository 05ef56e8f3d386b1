DROP TABLE persisted_operations;
DROP TABLE persisted_operation_sets;
ALTER TABLE apps DROP COLUMN persisted_only;
