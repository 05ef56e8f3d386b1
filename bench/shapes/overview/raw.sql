WITH tenant AS MATERIALIZED (
    SELECT p.name, p.time_zone, today, today - 7 * 12 - extract(isodow FROM today)::int + 1 AS first_week,
           date_trunc('month', today)::date AS this_month
    FROM tenant_profiles p, LATERAL (SELECT (now() AT TIME ZONE p.time_zone)::date AS today) AS dates
    WHERE p.tenant_id = $1::text::uuid
), units (metric_key, unit) AS (
    VALUES ('net_revenue', 'MONEY'), ('gross_revenue', 'MONEY'), ('average_order_value', 'MONEY'),
           ('active_customers', 'COUNT'), ('new_customers', 'COUNT'), ('orders', 'COUNT'),
           ('repeat_purchase_rate', 'RATIO'), ('orders_per_customer', 'RATIO'), ('refund_rate', 'RATIO')
), cards AS MATERIALIZED (
    SELECT k.id, k.metric_key, k.name, k.segment, unit, CASE WHEN unit = 'MONEY' THEN 100 ELSE 1 END AS minor,
           row_number() OVER (ORDER BY k.id) AS nth
    FROM kpis k JOIN units USING (metric_key)
    WHERE k.tenant_id = $1::text::uuid AND k.archived_at IS NULL ORDER BY k.id LIMIT 16
), windows AS MATERIALIZED (
    SELECT 'week' AS name, 'WEEK' AS grain, first_week + 7 * i AS starts_on, first_week + 7 * i + 6 AS ends_on
    FROM tenant, generate_series(0, 12) AS i
    UNION ALL
    SELECT months.name, 'MONTH', (this_month - back)::date, (this_month - back + interval '1 month')::date - 1
    FROM tenant, (VALUES ('month', interval '1 month'), ('before', interval '2 months')) AS months (name, back)
    UNION ALL
    SELECT 'trailing', 'TRAILING_28_DAYS', today - 28, today - 1 FROM tenant
), daily AS MATERIALIZED (
    SELECT d.component, d.segment, d.local_day, d.n, d.total, t.first_week
    FROM tenant t JOIN day_components d
      ON d.tenant_id = $1::text::uuid
     AND d.component IN ('orders', 'customer_orders', 'gross_revenue', 'discounts', 'refunds', 'new_customers')
     AND d.segment = ANY (ARRAY(SELECT DISTINCT segment FROM cards))
     AND d.local_day BETWEEN least(first_week, (this_month - interval '2 months')::date) AND t.today
), figures AS (
    SELECT segment, name, starts_on,
           coalesce(sum(n) FILTER (WHERE component = 'orders'), 0) AS orders,
           coalesce(sum(n) FILTER (WHERE component = 'customer_orders'), 0) AS customer_orders,
           coalesce(sum(n) FILTER (WHERE component = 'new_customers'), 0) AS new_customers,
           coalesce(sum(n) FILTER (WHERE component = 'active_customers'), 0) AS active,
           coalesce(sum(n) FILTER (WHERE component = 'repeat_customers'), 0) AS repeat,
           coalesce(sum(total) FILTER (WHERE component = 'gross_revenue'), 0) AS gross,
           coalesce(sum(total) FILTER (WHERE component = 'discounts'), 0) AS discounts,
           coalesce(sum(total) FILTER (WHERE component = 'refunds'), 0) AS refunds
    FROM (
        SELECT segment, 'week' AS name, first_week + 7 * ((local_day - first_week) / 7) AS starts_on, component,
               sum(n) AS n, sum(total) AS total
        FROM daily WHERE local_day >= first_week GROUP BY 1, 3, 4
        UNION ALL
        SELECT segment, w.name, w.starts_on, component, sum(n), sum(total)
        FROM windows w JOIN daily ON local_day BETWEEN w.starts_on AND w.ends_on
        WHERE w.name <> 'week' GROUP BY 1, 2, 3, 4
        UNION ALL
        SELECT '', w.name, w.starts_on, p.component, p.n, 0
        FROM windows w JOIN period_components p
          ON p.tenant_id = $1::text::uuid AND p.component IN ('active_customers', 'repeat_customers')
         AND p.grain = w.grain AND p.starts_on = w.starts_on
    ) AS rows
    GROUP BY segment, name, starts_on
), valued AS MATERIALIZED (
    SELECT c.id, f.name, f.starts_on, v.n, trim_scale(v.value) AS value
    FROM cards c JOIN figures f USING (segment), LATERAL (
        SELECT CASE c.metric_key
            WHEN 'net_revenue' THEN (f.gross - f.discounts - f.refunds) / 100
            WHEN 'gross_revenue' THEN f.gross / 100
            WHEN 'average_order_value' THEN (f.gross - f.discounts) / nullif(f.orders, 0) / 100
            WHEN 'refund_rate' THEN f.refunds / nullif(f.gross - f.discounts, 0)
            WHEN 'repeat_purchase_rate' THEN f.repeat / nullif(f.active, 0)
            WHEN 'orders_per_customer' THEN f.customer_orders / nullif(f.active, 0)
            WHEN 'orders' THEN f.orders
            WHEN 'new_customers' THEN f.new_customers
            ELSE f.active
        END AS value, CASE
            WHEN c.metric_key = 'new_customers' THEN f.new_customers
            WHEN c.metric_key IN ('active_customers', 'repeat_purchase_rate', 'orders_per_customer') THEN f.active
            ELSE f.orders
        END AS n
    ) AS v
), series AS MATERIALIZED (
    SELECT id, json_agg(starts_on ORDER BY starts_on) AS starts, json_agg(round(value, 8) ORDER BY starts_on) AS values
    FROM valued WHERE name = 'week' GROUP BY id
)
SELECT json_build_object('tenant', json_build_object(
    'name', t.name, 'timeZone', t.time_zone,
    'kpis', json_build_object('nodes', (
        SELECT json_agg(json_build_object(
            'label', c.name,
            'month', json_build_object(
                'value', round(m.value, 8), 'unit', c.unit, 'n', m.n,
                'vsPrevious', json_build_object(
                    'absolute', round(m.value - p.value, 8), 'relative', round((m.value - p.value) / abs(p.value), 8)
                ),
                'vsBaseline', json_build_object(
                    'absolute', round(m.value - b.value / c.minor, 8),
                    'relative', round((m.value - b.value / c.minor) / abs(b.value / c.minor), 8)
                )
            ),
            'trailing', json_build_object(
                'value', round(l.value, 8), 'unit', c.unit, 'n', l.n,
                'period', json_build_object('start', t.today - 28, 'end', t.today - 1, 'grain', 'TRAILING_28_DAYS')
            ),
            'series', json_build_object('starts', s.starts, 'values', s.values),
            'target', (
                SELECT json_build_object('value', g.value / c.minor, 'grain', g.grain, 'trajectory', g.trajectory)
                FROM targets g WHERE g.tenant_id = $1::text::uuid AND g.kpi_id = c.id AND g.archived_at IS NULL
                ORDER BY g.id DESC LIMIT 1
            )
        ) ORDER BY c.nth)
        FROM cards c JOIN series s USING (id)
        JOIN valued m ON m.id = c.id AND m.name = 'month'
        JOIN valued p ON p.id = c.id AND p.name = 'before'
        JOIN valued l ON l.id = c.id AND l.name = 'trailing'
        JOIN LATERAL (
            SELECT value FROM baselines
            WHERE tenant_id = $1::text::uuid AND kpi_id = c.id ORDER BY version DESC LIMIT 1
        ) AS b ON true
        WHERE c.nth <= 15
    ), 'pageInfo', json_build_object('hasNextPage', (SELECT count(*) > 15 FROM cards)))
))::text
FROM tenant t
