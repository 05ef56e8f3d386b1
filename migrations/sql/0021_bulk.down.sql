DROP FUNCTION app.open_bulk_jobs(uuid, integer);
DROP TABLE bulk_verdicts;
DROP TABLE bulk_jobs;
