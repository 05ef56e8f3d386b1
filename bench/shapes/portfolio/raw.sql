), judged AS (
    SELECT c.id, c.tenant_id, c.name, c.metric_key, v.value, v.n, CASE
        WHEN g.value IS NULL THEN NULL
        WHEN v.value IS NULL OR c.today < g.start_on THEN 'NO_DATA'
        WHEN ahead >= 0 THEN 'ON_TRACK'
        WHEN -ahead <= g.tolerance * abs(expected) THEN 'AT_RISK'
        ELSE 'OFF_TRACK'
    END AS status
    FROM cards c JOIN current v USING (tenant_id, id)
    LEFT JOIN LATERAL (
        SELECT * FROM targets g
        WHERE g.tenant_id = c.tenant_id AND g.kpi_id = c.id AND g.archived_at IS NULL ORDER BY g.id DESC LIMIT 1
    ) AS g ON true,
    -- The straight line from the start to the target, on the last day of the month that is judged.
    LATERAL (
        SELECT (g.start_value + (g.value - g.start_value)
            * greatest(0, c.month_end - g.start_on) / (g.due_on - g.start_on)) / c.minor AS expected
    ) AS path,
    LATERAL (SELECT c.direction * (v.value - expected) AS ahead) AS way
), tenants AS (
    SELECT tenant_id, json_agg(json_build_object(
        'name', name, 'metricKey', metric_key, 'value', json_build_object('value', value, 'n', n),
        'target', CASE WHEN status IS NOT NULL THEN json_build_object('status', status) END
    ) ORDER BY id) AS kpis
    FROM judged GROUP BY tenant_id
)
SELECT json_build_object('tenants', json_build_object('nodes', (
    SELECT json_agg(
        json_build_object('name', s.name, 'kpis', json_build_object('nodes', t.kpis)) ORDER BY s.tenant_id
    )
    FROM scope s JOIN tenants t USING (tenant_id)
)))::text
