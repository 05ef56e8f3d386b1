-- What PostGraphile makes its GraphQL schema of: views, computed laterally from the product's own tables, under the
-- row-level security of whoever asks. A column nobody asks for costs nothing: the planner leaves its subquery out.
CREATE SCHEMA graph;
GRANT USAGE ON SCHEMA graph TO azimuth_app;

CREATE TYPE graph.day_value AS (at date, value numeric, n bigint);

CREATE FUNCTION graph.value(
    metric text, orders numeric, customer_orders numeric, new_customers numeric, active numeric, repeated numeric,
    gross numeric, discounts numeric, refunds numeric
) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT trim_scale(CASE metric
        WHEN 'net_revenue' THEN (gross - discounts - refunds) / 100
        WHEN 'gross_revenue' THEN gross / 100
        WHEN 'average_order_value' THEN round((gross - discounts) / nullif(orders, 0) / 100, 6)
        WHEN 'refund_rate' THEN round(refunds / nullif(gross - discounts, 0), 10)
        WHEN 'repeat_purchase_rate' THEN round(repeated / nullif(active, 0), 10)
        WHEN 'orders_per_customer' THEN round(customer_orders / nullif(active, 0), 10)
        WHEN 'orders' THEN orders
        WHEN 'new_customers' THEN new_customers
        ELSE active
    END)
$$;

CREATE FUNCTION graph.observations(metric text, orders numeric, new_customers numeric, active numeric)
RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (CASE
        WHEN metric = 'new_customers' THEN new_customers
        WHEN metric IN ('active_customers', 'repeat_purchase_rate', 'orders_per_customer') THEN active
        ELSE orders
    END)::bigint
$$;

CREATE VIEW graph.tenants WITH (security_invoker) AS
SELECT p.tenant_id AS id, p.name, p.currency, today, month_start, (month_start + interval '1 month')::date - 1 AS month_end
FROM tenant_profiles p,
     LATERAL (SELECT (now() AT TIME ZONE p.time_zone)::date AS today) AS dates,
     LATERAL (SELECT (date_trunc('month', today) - interval '1 month')::date AS month_start) AS months;

CREATE VIEW graph.objectives WITH (security_invoker) AS
SELECT tenant_id, id, title, starts_on, due_on FROM objectives WHERE archived_at IS NULL;

-- What the recompute keeps is read, as everybody else does.
CREATE VIEW graph.kpis WITH (security_invoker) AS
SELECT k.tenant_id, k.id, k.name, k.metric_key, k.segment, unit, minor, summed, counted, t.today,
       m.value, CASE WHEN unit = 'MONEY' THEN t.currency END AS currency, m.n,
       CASE WHEN m.value IS NULL THEN 'DIVISION_BY_ZERO' END AS null_reason, t.month_start, t.month_end,
       g.value / minor AS target_value, g.start_value / minor AS target_start_value, g.due_on AS target_due_on,
       g.trajectory AS target_trajectory,
       s.status AS target_status
FROM kpis k JOIN graph.tenants t ON t.id = k.tenant_id
JOIN (
    VALUES ('net_revenue', 'MONEY', 100, '{orders,gross_revenue,discounts,refunds}'::text[], '{}'::text[]),
           ('gross_revenue', 'MONEY', 100, '{orders,gross_revenue}', '{}'),
           ('average_order_value', 'MONEY', 100, '{orders,gross_revenue,discounts}', '{}'),
           ('orders', 'COUNT', 1, '{orders}', '{}'),
           ('new_customers', 'COUNT', 1, '{new_customers}', '{}'),
           ('active_customers', 'COUNT', 1, '{}', '{active_customers}'),
           ('repeat_purchase_rate', 'RATIO', 1, '{}', '{active_customers,repeat_customers}'),
           ('orders_per_customer', 'RATIO', 1, '{customer_orders}', '{active_customers}'),
           ('refund_rate', 'RATIO', 1, '{orders,gross_revenue,discounts,refunds}', '{}')
) AS metrics (metric_key, unit, minor, summed, counted) USING (metric_key)
LEFT JOIN LATERAL (
    SELECT trim_scale(round(v.value / minor, CASE unit WHEN 'MONEY' THEN 6 ELSE 10 END)) AS value, v.n
    FROM current_values v
    WHERE v.tenant_id = k.tenant_id AND v.grain = 'MONTH' AND v.starts_on = t.month_start
      AND v.metric_key = k.metric_key AND v.segment = k.segment
) AS m ON true
LEFT JOIN LATERAL (
    SELECT * FROM targets g
    WHERE g.tenant_id = k.tenant_id AND g.kpi_id = k.id AND g.archived_at IS NULL ORDER BY g.id DESC LIMIT 1
) AS g ON true
LEFT JOIN LATERAL (
    SELECT status FROM current_statuses s WHERE s.tenant_id = k.tenant_id AND s.target_id = g.id
) AS s ON true
WHERE k.archived_at IS NULL;

CREATE VIEW graph.cards WITH (security_invoker) AS
SELECT l.objective_id, l.created_at AS linked_at, k.tenant_id, k.id, k.name, k.metric_key,
       nullif(k.segment, '') AS segment, k.unit, k.value, k.currency, k.n, k.null_reason, k.month_start, k.month_end,
       k.target_value, k.target_start_value, k.target_due_on, k.target_trajectory,
       b.version AS baseline_version, b.value / minor AS baseline_value, b.window_start AS baseline_window_start,
       b.window_end AS baseline_window_end, b.n AS baseline_n,
       ARRAY(
           SELECT (
               f.local_day,
               graph.value(k.metric_key, orders, customer_orders, new_customers, active, repeated, gross, discounts, refunds),
               graph.observations(k.metric_key, orders, new_customers, active)
           )::graph.day_value
           FROM (
               SELECT local_day,
                      coalesce(sum(n) FILTER (WHERE component = 'orders'), 0) AS orders,
                      coalesce(sum(n) FILTER (WHERE component = 'customer_orders'), 0) AS customer_orders,
                      coalesce(sum(n) FILTER (WHERE component = 'new_customers'), 0) AS new_customers,
                      coalesce(sum(n) FILTER (WHERE component = 'active_customers'), 0) AS active,
                      coalesce(sum(n) FILTER (WHERE component = 'repeat_customers'), 0) AS repeated,
                      coalesce(sum(total) FILTER (WHERE component = 'gross_revenue'), 0) AS gross,
                      coalesce(sum(total) FILTER (WHERE component = 'discounts'), 0) AS discounts,
                      coalesce(sum(total) FILTER (WHERE component = 'refunds'), 0) AS refunds
               FROM (
                   SELECT d.local_day, d.component, d.n, d.total FROM day_components d
                   WHERE summed <> '{}' AND d.tenant_id = k.tenant_id AND d.segment = k.segment
                     AND d.component = ANY (summed) AND d.local_day BETWEEN k.today - 29 AND k.today
                   UNION ALL
                   SELECT p.starts_on, p.component, p.n, 0 FROM period_components p
                   WHERE counted <> '{}' AND p.tenant_id = k.tenant_id AND p.component = ANY (counted)
                     AND p.grain = 'DAY' AND p.starts_on BETWEEN k.today - 29 AND k.today
               ) AS rows
               GROUP BY local_day
           ) AS f ORDER BY f.local_day
       ) AS points
FROM objective_kpis l JOIN graph.kpis k ON k.tenant_id = l.tenant_id AND k.id = l.kpi_id
LEFT JOIN LATERAL (
    SELECT * FROM baselines b WHERE b.tenant_id = k.tenant_id AND b.kpi_id = k.id ORDER BY b.version DESC LIMIT 1
) AS b ON true;

COMMENT ON VIEW graph.tenants IS '@primaryKey id';
COMMENT ON VIEW graph.objectives IS E'@primaryKey tenant_id,id
@foreignKey (tenant_id) references graph.tenants (id)|@foreignFieldName objectives';
COMMENT ON VIEW graph.kpis IS E'@primaryKey tenant_id,id
@foreignKey (tenant_id) references graph.tenants (id)|@foreignFieldName kpis';
COMMENT ON VIEW graph.cards IS E'@primaryKey tenant_id,objective_id,linked_at,id
@foreignKey (tenant_id,objective_id) references graph.objectives (tenant_id,id)|@foreignFieldName kpis';

GRANT SELECT ON ALL TABLES IN SCHEMA graph TO azimuth_app;
