), series AS MATERIALIZED (
    SELECT id, array_agg(day ORDER BY day) AS days, array_agg(value::text ORDER BY day) AS values,
           array_agg(n::bigint ORDER BY day) AS counts
    FROM valued GROUP BY id
)
SELECT t.name AS tenant, t.currency, t.today, t.month_start, t.month_end, o.id AS objective_id, o.title, o.starts_on,
       o.due_on, c.name, c.metric_key, nullif(c.segment, '') AS segment, c.unit, m.value::text AS current,
       m.n::bigint AS current_n, s.days, s.values, s.counts, b.version, (b.value / c.minor)::text AS baseline,
       b.window_start, b.window_end, b.n AS baseline_n, (g.value / c.minor)::text AS target,
       (g.start_value / c.minor)::text AS target_start, g.due_on AS target_due, g.trajectory
FROM tenant t, cards c
JOIN objectives o ON o.tenant_id = $1::text::uuid AND o.id = c.objective_id
JOIN series s ON s.id = c.id
LEFT JOIN current m ON m.id = c.id
LEFT JOIN LATERAL (
    SELECT * FROM baselines b WHERE b.tenant_id = $1::text::uuid AND b.kpi_id = c.id ORDER BY b.version DESC LIMIT 1
) AS b ON true
LEFT JOIN LATERAL (
    SELECT * FROM targets g
    WHERE g.tenant_id = $1::text::uuid AND g.kpi_id = c.id AND g.archived_at IS NULL ORDER BY g.id DESC LIMIT 1
) AS g ON true
ORDER BY o.id, c.nth
