-- What the other files of this folder call things by. The same number gives the same id and the same chance in every
-- database, so that the answers of a small one can be compared with those of a large one.
-- kinds: 1 organization, 2 tenant, 3 connection, 4 objective, 5 KPI, 6 baseline, 7 target, 8 customer, 9 provider app
CREATE FUNCTION pg_temp.id(kind int, tenant int, item int) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT format('018f%s-%s-7%s-8000-%s', lpad(to_hex(tenant), 4, '0'), lpad(to_hex(item / 65536), 4, '0'),
                  lpad(to_hex(kind), 3, '0'), lpad(to_hex(item), 12, '0'))::uuid
$$;

CREATE FUNCTION pg_temp.chance(what text) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
    SELECT (hashtextextended(what, 0) & 16777215) / 16777216.0
$$;

CREATE TEMPORARY VIEW seeded AS
SELECT tenant, pg_temp.id(2, tenant, 0) AS tenant_id, zone, (now() AT TIME ZONE zone)::date AS today,
       (now() AT TIME ZONE zone)::date - current_setting('bench.days')::int + 1 AS first_day
FROM generate_series(1, current_setting('bench.tenants')::int) AS tenant,
     LATERAL (SELECT (current_setting('bench.zones')::text[])[tenant % 4 + 1] AS zone) AS zones;
