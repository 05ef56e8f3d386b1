-- The cards, what they stand at as the recompute keeps it, and their figures by day, as every reference needs them.
WITH tenant AS MATERIALIZED (
    SELECT p.name, p.currency, today, today - 29 AS first_day, month_start,
           (month_start + interval '1 month')::date - 1 AS month_end
    FROM tenant_profiles p,
         LATERAL (SELECT (now() AT TIME ZONE p.time_zone)::date AS today) AS dates,
         LATERAL (SELECT (date_trunc('month', today) - interval '1 month')::date AS month_start) AS months
    WHERE p.tenant_id = $1::text::uuid
), units (metric_key, unit) AS (
    VALUES ('net_revenue', 'MONEY'), ('gross_revenue', 'MONEY'), ('average_order_value', 'MONEY'),
           ('active_customers', 'COUNT'), ('new_customers', 'COUNT'), ('orders', 'COUNT'),
           ('repeat_purchase_rate', 'RATIO'), ('orders_per_customer', 'RATIO'), ('refund_rate', 'RATIO')
), cards AS MATERIALIZED (
    SELECT o.id AS objective_id, k.id, k.metric_key, k.name, k.segment, unit, nth,
           CASE WHEN unit = 'MONEY' THEN 100 ELSE 1 END AS minor
    FROM (
        SELECT id FROM objectives WHERE tenant_id = $1::text::uuid AND archived_at IS NULL ORDER BY id LIMIT 5
    ) AS o,
    LATERAL (
        SELECT k.*, row_number() OVER (ORDER BY l.created_at, k.id) AS nth
        FROM objective_kpis l JOIN kpis k ON k.tenant_id = l.tenant_id AND k.id = l.kpi_id
        WHERE l.tenant_id = $1::text::uuid AND l.objective_id = o.id AND k.archived_at IS NULL
        ORDER BY nth LIMIT 3
    ) AS k JOIN units USING (metric_key)
), daily AS MATERIALIZED (
    SELECT d.component, d.segment, d.local_day, d.n, d.total
    FROM tenant t JOIN day_components d
      ON d.tenant_id = $1::text::uuid
     AND d.component IN ('orders', 'customer_orders', 'gross_revenue', 'discounts', 'refunds', 'new_customers')
     AND d.segment = ANY (ARRAY(SELECT DISTINCT segment FROM cards))
     AND d.local_day BETWEEN t.first_day AND t.today
), distinct_ones AS (
    SELECT p.component, '' AS segment, p.starts_on, p.n
    FROM tenant t JOIN period_components p
      ON p.tenant_id = $1::text::uuid AND p.component IN ('active_customers', 'repeat_customers') AND p.grain = 'DAY'
     AND p.starts_on BETWEEN t.first_day AND t.today
), figures AS (
    SELECT segment, local_day AS day,
           coalesce(sum(n) FILTER (WHERE component = 'orders'), 0) AS orders,
           coalesce(sum(n) FILTER (WHERE component = 'customer_orders'), 0) AS customer_orders,
           coalesce(sum(n) FILTER (WHERE component = 'new_customers'), 0) AS new_customers,
           coalesce(sum(n) FILTER (WHERE component = 'active_customers'), 0) AS active,
           coalesce(sum(n) FILTER (WHERE component = 'repeat_customers'), 0) AS repeat,
           coalesce(sum(total) FILTER (WHERE component = 'gross_revenue'), 0) AS gross,
           coalesce(sum(total) FILTER (WHERE component = 'discounts'), 0) AS discounts,
           coalesce(sum(total) FILTER (WHERE component = 'refunds'), 0) AS refunds
    FROM (SELECT * FROM daily UNION ALL SELECT *, 0 FROM distinct_ones) AS rows
    GROUP BY segment, local_day
), valued AS (
    SELECT c.id, f.day, v.n, trim_scale(v.value) AS value
    FROM cards c JOIN figures f USING (segment), LATERAL (
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
), current AS (
    SELECT c.id, v.n, trim_scale(round(v.value / minor, CASE unit WHEN 'MONEY' THEN 6 ELSE 10 END)) AS value
    FROM tenant t, cards c JOIN current_values v
      ON v.tenant_id = $1::text::uuid AND v.metric_key = c.metric_key AND v.segment = c.segment
    WHERE v.grain = 'MONTH' AND v.starts_on = t.month_start
