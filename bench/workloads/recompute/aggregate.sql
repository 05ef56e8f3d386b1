-- All that a cold recompute must find out, in one statement and without any of the engine's caution: no dirty days, no
-- revisions, no comparison with what was there, no row-level security. $1 tenant, $2 its today.
WITH sold AS (
    SELECT local_day, currency, channel, count(*) AS orders, count(subject_id) AS customer_orders,
           sum(gross_minor) AS gross, sum(gross_minor::numeric * gross_minor) AS gross_squares,
           min(gross_minor) AS least_gross, max(gross_minor) AS most_gross,
           sum(discount_minor) AS discount, sum(discount_minor::numeric * discount_minor) AS discount_squares,
           min(discount_minor) AS least_discount, max(discount_minor) AS most_discount
    FROM order_facts WHERE tenant_id = $1 GROUP BY local_day, currency, channel
), returned AS (
    SELECT local_day, currency, channel, count(*) AS refunds, sum(amount_minor) AS amount,
           sum(amount_minor::numeric * amount_minor) AS squares, min(amount_minor) AS least, max(amount_minor) AS most
    FROM refund_facts WHERE tenant_id = $1 GROUP BY local_day, currency, channel
), sums AS (
    SELECT 'orders' AS component, local_day, currency, channel, orders AS n, NULL::numeric AS total,
           0::numeric AS squares, NULL::bigint AS minimum, NULL::bigint AS maximum FROM sold
    UNION ALL
    SELECT 'customer_orders', local_day, currency, NULL, customer_orders, NULL, 0, NULL, NULL FROM sold
    WHERE customer_orders > 0
    UNION ALL
    SELECT 'gross_revenue', local_day, currency, channel, orders, gross, gross_squares, least_gross, most_gross
    FROM sold
    UNION ALL
    SELECT 'discounts', local_day, currency, channel, orders, discount, discount_squares, least_discount, most_discount
    FROM sold
    UNION ALL
    SELECT 'refunds', local_day, currency, channel, refunds, amount, squares, least, most FROM returned
), keyed AS (
    SELECT component, '' AS segment, local_day, n, total, squares, minimum, maximum FROM sums
    WHERE total IS NULL OR currency = 'USD'
    UNION ALL
    SELECT component, 'currency=' || currency, local_day, n, total, squares, minimum, maximum FROM sums
    WHERE total IS NOT NULL
    UNION ALL
    SELECT component, 'channel=' || channel, local_day, n, total, squares, minimum, maximum FROM sums
    WHERE channel IS NOT NULL AND (total IS NULL OR currency = 'USD')
), bought AS MATERIALIZED (
    SELECT subject_id, local_day, count(*) AS orders FROM order_facts
    WHERE tenant_id = $1 AND subject_id IS NOT NULL GROUP BY 1, 2
), written_entities AS (
    INSERT INTO bench.entity_days SELECT $1, subject_id, local_day, orders FROM bought
), written_days AS (
    INSERT INTO bench.day_components
    SELECT $1, component, segment, local_day, sum(n), coalesce(sum(total), 0), sum(squares), min(minimum), max(maximum),
           now()
    FROM keyed GROUP BY component, segment, local_day
    UNION ALL
    SELECT $1, 'new_customers', '', first_day, count(*), 0, 0, NULL, NULL, now()
    FROM (SELECT min(local_day) AS first_day FROM bought GROUP BY subject_id) AS firsts GROUP BY first_day
), visits AS MATERIALIZED (
    -- On the first of her days in a period, the day before that tells whether a customer returned, the one after it
    -- whether she bought again.
    SELECT local_day, orders, lag(local_day) OVER days AS before, lead(local_day) OVER days AS after
    FROM bought WINDOW days AS (PARTITION BY subject_id ORDER BY local_day)
), lengths AS (
    SELECT upper(unit) AS grain, unit, CASE unit WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || unit)::interval END AS length
    FROM unnest(ARRAY['day', 'week', 'month', 'quarter', 'year']) AS unit
), periods AS (
    SELECT grain, starts_on, (starts_on + length)::date - 1 AS ends_on, (starts_on - length)::date AS previous_starts_on,
           local_day
    FROM (SELECT DISTINCT local_day FROM bought) AS days, lengths,
         LATERAL (SELECT date_trunc(unit, local_day)::date AS starts_on) AS begins
    UNION ALL
    SELECT 'TRAILING_' || length || '_DAYS', starts_on, starts_on + length - 1, starts_on - length, starts_on + nth
    FROM unnest(ARRAY[28, 90, 365]) AS length, generate_series(1, 3) AS ago, generate_series(0, length - 1) AS nth,
         LATERAL (SELECT $2::date - length * ago AS starts_on) AS begins
), counted AS (
    SELECT grain, starts_on, count(*) AS active, count(*) FILTER (WHERE orders > 1 OR after <= ends_on) AS repeat,
           count(*) FILTER (WHERE before >= previous_starts_on) AS retained
    FROM periods JOIN visits USING (local_day)
    WHERE before IS NULL OR before < starts_on GROUP BY 1, 2
)
INSERT INTO bench.period_components
SELECT $1, component, grain, starts_on, n, now()
FROM counted, LATERAL (
    VALUES ('active_customers', active), ('repeat_customers', repeat), ('retained_customers', retained)
) AS components (component, n)
