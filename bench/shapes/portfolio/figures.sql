-- The tenants, their cards, and what each card stood at last month. Where the product keeps current values, `current`
-- reads them, too, and all between `cards` and it goes.
WITH scope AS MATERIALIZED (
    SELECT p.tenant_id, p.name, today, month_start, (month_start + interval '1 month')::date - 1 AS month_end
    FROM grants g JOIN tenant_profiles p ON p.tenant_id = g.tenant_id,
         LATERAL (SELECT (now() AT TIME ZONE p.time_zone)::date AS today) AS dates,
         LATERAL (SELECT (date_trunc('month', today) - interval '1 month')::date AS month_start) AS months
    WHERE g.organization_id = $1::text::uuid ORDER BY p.tenant_id LIMIT 50
), metrics (metric_key, minor, direction, components) AS (
    VALUES ('net_revenue', 100, 1, '{orders,gross_revenue,discounts,refunds}'::text[]),
           ('gross_revenue', 100, 1, '{orders,gross_revenue}'),
           ('average_order_value', 100, 1, '{orders,gross_revenue,discounts}'),
           ('orders', 1, 1, '{orders}'), ('new_customers', 1, 1, '{new_customers}'),
           ('active_customers', 1, 1, '{active_customers}'),
           ('repeat_purchase_rate', 1, 1, '{active_customers,repeat_customers}'),
           ('orders_per_customer', 1, 1, '{customer_orders,active_customers}'),
           ('refund_rate', 1, -1, '{orders,gross_revenue,discounts,refunds}')
), cards AS MATERIALIZED (
    SELECT k.id, k.tenant_id, k.metric_key, k.name, k.segment, minor, direction, components, s.today, s.month_start,
           s.month_end
    FROM scope s, LATERAL (
        SELECT * FROM kpis WHERE tenant_id = s.tenant_id AND archived_at IS NULL ORDER BY id LIMIT 3
    ) AS k JOIN metrics USING (metric_key)
), wanted AS (
    SELECT DISTINCT tenant_id, segment, component, month_start, month_end FROM cards, unnest(components) AS component
), summed AS (
    SELECT w.tenant_id, w.segment, w.component, f.n, f.total
    FROM wanted w, LATERAL (
        SELECT sum(n) AS n, sum(total) AS total FROM day_components d
        WHERE d.tenant_id = w.tenant_id AND d.component = w.component AND d.segment = w.segment
          AND d.local_day BETWEEN w.month_start AND w.month_end
    ) AS f
    WHERE w.component NOT IN ('active_customers', 'repeat_customers')
    UNION ALL
    SELECT w.tenant_id, w.segment, w.component, p.n, 0
    FROM wanted w JOIN period_components p USING (tenant_id, component)
    WHERE w.component IN ('active_customers', 'repeat_customers') AND p.grain = 'MONTH' AND p.starts_on = w.month_start
), figures AS (
    SELECT tenant_id, segment,
           coalesce(sum(n) FILTER (WHERE component = 'orders'), 0) AS orders,
           coalesce(sum(n) FILTER (WHERE component = 'customer_orders'), 0) AS customer_orders,
           coalesce(sum(n) FILTER (WHERE component = 'new_customers'), 0) AS new_customers,
           coalesce(sum(n) FILTER (WHERE component = 'active_customers'), 0) AS active,
           coalesce(sum(n) FILTER (WHERE component = 'repeat_customers'), 0) AS repeat,
           coalesce(sum(total) FILTER (WHERE component = 'gross_revenue'), 0) AS gross,
           coalesce(sum(total) FILTER (WHERE component = 'discounts'), 0) AS discounts,
           coalesce(sum(total) FILTER (WHERE component = 'refunds'), 0) AS refunds
    FROM summed GROUP BY tenant_id, segment
), current AS (
    SELECT c.id, c.tenant_id, v.n, trim_scale(v.value) AS value
    FROM cards c JOIN figures f USING (tenant_id, segment), LATERAL (
        SELECT CASE c.metric_key
            WHEN 'net_revenue' THEN (f.gross - f.discounts - f.refunds) / 100
            WHEN 'gross_revenue' THEN f.gross / 100
            WHEN 'average_order_value' THEN round((f.gross - f.discounts) / nullif(f.orders, 0) / 100, 6)
            WHEN 'refund_rate' THEN round(f.refunds / nullif(f.gross - f.discounts, 0), 10)
            WHEN 'repeat_purchase_rate' THEN round(f.repeat / nullif(f.active, 0), 10)
            WHEN 'orders_per_customer' THEN round(f.customer_orders / nullif(f.active, 0), 10)
            WHEN 'orders' THEN f.orders
            WHEN 'new_customers' THEN f.new_customers
            ELSE f.active
        END AS value, CASE
            WHEN c.metric_key = 'new_customers' THEN f.new_customers
            WHEN c.metric_key IN ('active_customers', 'repeat_purchase_rate', 'orders_per_customer') THEN f.active
            ELSE f.orders
        END AS n
    ) AS v
