-- All that a cold recompute must find out, in one statement and without any of the engine's caution: no dirty days, no
-- revisions, no comparison with what was there, no row-level security. $1 tenant, $2 its today.
WITH sold AS MATERIALIZED (
    SELECT local_day, currency, channel, subject_id, gross_minor, discount_minor FROM order_facts WHERE tenant_id = $1
), returned AS (
    SELECT local_day, currency, channel, amount_minor FROM refund_facts WHERE tenant_id = $1
), amounts AS (
    SELECT 'orders' AS component, local_day, currency, channel, NULL::bigint AS amount FROM sold
    UNION ALL
    SELECT 'customer_orders', local_day, currency, NULL, NULL FROM sold WHERE subject_id IS NOT NULL
    UNION ALL
    SELECT 'gross_revenue', local_day, currency, channel, gross_minor FROM sold
    UNION ALL
    SELECT 'discounts', local_day, currency, channel, discount_minor FROM sold
    UNION ALL
    SELECT 'refunds', local_day, currency, channel, amount_minor FROM returned
), keyed AS (
    SELECT component, '' AS segment, local_day, amount FROM amounts WHERE amount IS NULL OR currency = 'USD'
    UNION ALL
    SELECT component, 'currency=' || currency, local_day, amount FROM amounts WHERE amount IS NOT NULL
    UNION ALL
    SELECT component, 'channel=' || channel, local_day, amount FROM amounts
    WHERE channel IS NOT NULL AND (amount IS NULL OR currency = 'USD')
), bought AS MATERIALIZED (
    SELECT subject_id, local_day, count(*) AS orders FROM sold WHERE subject_id IS NOT NULL GROUP BY 1, 2
), written_entities AS (
    INSERT INTO bench.entity_days SELECT $1, subject_id, local_day, orders FROM bought
), written_days AS (
    INSERT INTO bench.day_components
    SELECT $1, component, segment, local_day, count(*), coalesce(sum(amount), 0),
           coalesce(sum(amount::numeric * amount), 0), min(amount), max(amount), now()
    FROM keyed GROUP BY component, segment, local_day
    UNION ALL
    SELECT $1, 'new_customers', '', first_day, count(*), 0, 0, NULL, NULL, now()
    FROM (SELECT min(local_day) AS first_day FROM bought GROUP BY subject_id) AS firsts GROUP BY first_day
), calendar AS (
    SELECT upper(unit) AS grain, date_trunc(unit, local_day)::date AS starts_on, subject_id, sum(orders) AS orders,
           ('1 ' || replace(unit, 'quarter', 'month'))::interval * CASE unit WHEN 'quarter' THEN 3 ELSE 1 END AS length
    FROM bought, unnest(ARRAY['day', 'week', 'month', 'quarter', 'year']) AS unit GROUP BY 1, 2, 3, unit
), windows AS (
    SELECT 'TRAILING_' || days || '_DAYS' AS grain, $2::date - days * nth AS starts_on, subject_id, sum(orders) AS orders,
           days * interval '1 day' AS length
    -- The fourth window is there for the third to look back on.
    FROM unnest(ARRAY[28, 90, 365]) AS days, generate_series(1, 4) AS nth, bought
    WHERE local_day BETWEEN $2::date - days * nth AND $2::date - days * (nth - 1) - 1 GROUP BY 1, 2, 3, days
), active AS (
    SELECT grain, starts_on, orders, length,
           lag(starts_on) OVER (PARTITION BY grain, subject_id ORDER BY starts_on) AS before
    FROM (SELECT * FROM calendar UNION ALL SELECT * FROM windows) AS both_kinds
), counted AS (
    SELECT grain, starts_on, count(*) AS active, count(*) FILTER (WHERE orders > 1) AS repeat,
           count(*) FILTER (WHERE before = (starts_on - length)::date) AS retained
    FROM active GROUP BY 1, 2
)
INSERT INTO bench.period_components
SELECT $1, component, grain, starts_on, n, now()
FROM counted, LATERAL (
    VALUES ('active_customers', active), ('repeat_customers', repeat), ('retained_customers', retained)
) AS components (component, n)
WHERE grain NOT LIKE 'TRAILING%' OR starts_on >= $2::date - 3 * split_part(grain, '_', 2)::int
