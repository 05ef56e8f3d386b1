-- The tenants, their cards, what each stood at last month and how its newest target stands, as the recompute keeps it.
WITH scope AS MATERIALIZED (
    SELECT p.tenant_id, p.name, month_start
    FROM grants g JOIN tenant_profiles p ON p.tenant_id = g.tenant_id,
         LATERAL (SELECT (now() AT TIME ZONE p.time_zone)::date AS today) AS dates,
         LATERAL (SELECT (date_trunc('month', today) - interval '1 month')::date AS month_start) AS months
    WHERE g.organization_id = $1::text::uuid ORDER BY p.tenant_id LIMIT 50
), units (metric_key, minor, places) AS (
    VALUES ('net_revenue', 100, 6), ('gross_revenue', 100, 6), ('average_order_value', 100, 6), ('orders', 1, 10),
           ('new_customers', 1, 10), ('active_customers', 1, 10), ('repeat_purchase_rate', 1, 10),
           ('orders_per_customer', 1, 10), ('refund_rate', 1, 10)
), cards AS (
    SELECT k.tenant_id, k.id, k.name, k.metric_key, v.n, trim_scale(round(v.value / minor, places)) AS value,
           (
               SELECT g.id FROM targets g
               WHERE g.tenant_id = k.tenant_id AND g.kpi_id = k.id AND g.archived_at IS NULL ORDER BY g.id DESC LIMIT 1
           ) AS target_id
    FROM scope s CROSS JOIN LATERAL (
        SELECT * FROM kpis WHERE tenant_id = s.tenant_id AND archived_at IS NULL ORDER BY id LIMIT 3
    ) AS k JOIN units USING (metric_key)
    JOIN current_values v ON v.tenant_id = s.tenant_id AND v.grain = 'MONTH' AND v.starts_on = s.month_start
     AND v.metric_key = k.metric_key AND v.segment = k.segment
), tenants AS (
    SELECT c.tenant_id, json_agg(json_build_object(
        'name', name, 'metricKey', metric_key, 'value', json_build_object('value', value, 'n', n),
        'target', CASE WHEN c.target_id IS NOT NULL THEN json_build_object('status', status) END
    ) ORDER BY id) AS kpis
    FROM cards c LEFT JOIN current_statuses t USING (tenant_id, target_id)
    GROUP BY c.tenant_id
)
SELECT json_build_object('tenants', json_build_object('nodes', (
    SELECT json_agg(
        json_build_object('name', s.name, 'kpis', json_build_object('nodes', t.kpis)) ORDER BY s.tenant_id
    )
    FROM scope s JOIN tenants t USING (tenant_id)
)))::text
