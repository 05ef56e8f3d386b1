), series AS MATERIALIZED (
    SELECT v.id, json_agg(p ORDER BY p.at) AS points
    FROM valued v, LATERAL (SELECT v.day AS at, v.value, v.n) AS p
    GROUP BY v.id
)
SELECT json_build_object('tenant', json_build_object(
    'name', t.name, 'currency', t.currency, 'today', t.today,
    'objectives', json_build_object('nodes', (
        SELECT json_agg(json_build_object(
            'title', o.title, 'startsOn', o.starts_on, 'dueOn', o.due_on,
            'kpis', json_build_object('nodes', (
                SELECT json_agg(json_build_object(
                    'name', c.name, 'metricKey', c.metric_key, 'segment', nullif(c.segment, ''),
                    'current', json_build_object(
                        'value', m.value, 'currency', CASE WHEN c.unit = 'MONEY' THEN t.currency END, 'n', m.n,
                        'nullReason', CASE WHEN m.value IS NULL THEN 'DIVISION_BY_ZERO' END,
                        'period', json_build_object('start', t.month_start, 'end', t.month_end)
                    ),
                    'series', json_build_object('unit', c.unit, 'points', s.points),
                    'baseline', (
                        SELECT json_build_object(
                            'version', b.version, 'value', b.value / c.minor, 'windowStart', b.window_start,
                            'windowEnd', b.window_end, 'n', b.n
                        )
                        FROM baselines b WHERE b.tenant_id = $1::text::uuid AND b.kpi_id = c.id
                        ORDER BY b.version DESC LIMIT 1
                    ),
                    'target', (
                        SELECT json_build_object(
                            'value', g.value / c.minor, 'startValue', g.start_value / c.minor, 'dueOn', g.due_on,
                            'trajectory', g.trajectory
                        )
                        FROM targets g
                        WHERE g.tenant_id = $1::text::uuid AND g.kpi_id = c.id AND g.archived_at IS NULL
                        ORDER BY g.id DESC LIMIT 1
                    )
                ) ORDER BY c.nth)
                FROM cards c JOIN series s USING (id) LEFT JOIN current m USING (id)
                WHERE c.objective_id = o.id
            ))
        ) ORDER BY o.id)
        FROM objectives o WHERE o.tenant_id = $1::text::uuid AND o.id IN (SELECT objective_id FROM cards)
    ))
))::text
FROM tenant t
