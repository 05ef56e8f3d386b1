CREATE SCHEMA bench;
CREATE TABLE bench.day_components (LIKE day_components INCLUDING ALL);
CREATE TABLE bench.period_components (LIKE period_components INCLUDING ALL);
CREATE TABLE bench.entity_days (LIKE entity_days INCLUDING ALL);
