-- Five objectives of three KPIs, each with a baseline and a target. Money is in minor units.
CREATE TEMPORARY TABLE adopted (item int, objective int, metric_key text, segment text, before numeric);
INSERT INTO adopted VALUES
    (1, 1, 'net_revenue', '', 1900000), (2, 1, 'gross_revenue', '', 2100000), (3, 1, 'average_order_value', '', 4650),
    (4, 2, 'active_customers', '', 410), (5, 2, 'repeat_purchase_rate', '', 0.21), (6, 2, 'orders_per_customer', '', 1.9),
    (7, 3, 'new_customers', '', 120), (8, 3, 'orders', '', 790), (9, 3, 'refund_rate', '', 0.043),
    (10, 4, 'net_revenue', 'channel=web', 950000), (11, 4, 'orders', 'channel=web', 400),
    (12, 4, 'average_order_value', 'channel=web', 4700),
    (13, 5, 'net_revenue', 'channel=pos', 930000), (14, 5, 'orders', 'channel=pos', 390),
    (15, 5, 'refund_rate', 'channel=pos', 0.041);

INSERT INTO objectives (tenant_id, id, created_at, title, starts_on, due_on, updated_at)
SELECT tenant_id, pg_temp.id(4, tenant, objective), now(), 'Objective ' || objective || ' of shop ' || tenant,
       today - 90, today + 275, now()
FROM seeded, generate_series(1, 5) AS objective;

INSERT INTO kpis (tenant_id, id, created_at, metric_key, name, segment, updated_at)
SELECT tenant_id, pg_temp.id(5, tenant, item), now(), metric_key,
       concat_ws(', ', initcap(replace(metric_key, '_', ' ')), nullif(segment, '')), segment, now()
FROM seeded, adopted;

INSERT INTO objective_kpis (tenant_id, objective_id, kpi_id, created_at)
SELECT tenant_id, pg_temp.id(4, tenant, objective), pg_temp.id(5, tenant, item), now() + item * interval '1 ms'
FROM seeded, adopted;

INSERT INTO baselines (
    tenant_id, id, created_at, kpi_id, version, value, window_start, window_end, grain, n, periods, variance, method,
    definition_version, data_version, warnings, frozen_by
)
SELECT tenant_id, pg_temp.id(6, tenant, item), now(), pg_temp.id(5, tenant, item), 1, before, today - 270, today - 91,
       'MONTH', 2400, 6, NULL, 'MEAN_OF_PERIODS', 1, 1, '{UNDER_ONE_SEASONAL_CYCLE}', 'client bench'
FROM seeded, adopted;

INSERT INTO targets (
    tenant_id, id, created_at, kpi_id, baseline_id, start_value, value, start_on, due_on, grain, trajectory, points,
    tolerance, rationale
)
SELECT tenant_id, pg_temp.id(7, tenant, item), now(), pg_temp.id(5, tenant, item), pg_temp.id(6, tenant, item), before,
       before * 1.15, today - 90, today + 275, 'MONTH', 'LINEAR', '[]', 0.1, 'GOAL'
FROM seeded, adopted;
