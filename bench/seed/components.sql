-- What the engine would have computed: every day's components by segment, every period's distinct counts.
CREATE TEMPORARY TABLE traffic AS
SELECT tenant_id, day::date AS day, channel, orders, gross,
       floor(gross * 0.10 * pg_temp.chance(place || 'discount'))::bigint AS discount,
       1 + floor(orders * 0.1 * pg_temp.chance(place || 'refunds'))::bigint AS refunds,
       floor(gross * 0.08 * pg_temp.chance(place || 'refund'))::bigint AS refund
FROM seeded, generate_series(first_day, today, interval '1 day') AS day, unnest(ARRAY['web', 'pos']) AS channel,
     LATERAL (SELECT format('%s %s %s ', tenant, day::date, channel) AS place) AS places,
     LATERAL (SELECT 4 + floor(20 * pg_temp.chance(place || 'orders'))::bigint AS orders) AS ordered,
     LATERAL (SELECT orders * (2500 + floor(5000 * pg_temp.chance(place || 'price')))::bigint AS gross) AS sold;

CREATE TEMPORARY TABLE days AS
SELECT tenant_id, day, sum(orders)::bigint AS orders, sum(gross)::bigint AS gross, sum(discount)::bigint AS discount,
       sum(refunds)::bigint AS refunds, sum(refund)::bigint AS refund
FROM traffic GROUP BY tenant_id, day;

INSERT INTO day_components (
    tenant_id, component, segment, local_day, n, total, total_of_squares, minimum, maximum, valid_from
)
SELECT tenant_id, component, segment, day, n, total, total * total / n, total / n / 2, total / n * 2, now()
FROM (
    SELECT tenant_id, day, component, segment, n, total
    FROM traffic, LATERAL (
        VALUES ('orders', orders, 0::numeric), ('gross_revenue', orders, gross), ('discounts', orders, discount),
               ('refunds', refunds, refund)
    ) AS of_channel (component, n, total), LATERAL (SELECT 'channel=' || channel) AS named (segment)
    UNION ALL
    SELECT tenant_id, day, component, segment, n, total
    FROM days, LATERAL (
        VALUES ('orders', '', orders, 0::numeric), ('customer_orders', '', orders - 2, 0),
               ('new_customers', '', orders / 5, 0),
               ('gross_revenue', '', orders, gross), ('gross_revenue', 'currency=USD', orders, gross),
               ('discounts', '', orders, discount), ('discounts', 'currency=USD', orders, discount),
               ('refunds', '', refunds, refund), ('refunds', 'currency=USD', refunds, refund)
    ) AS whole (component, segment, n, total)
) AS of_days
ORDER BY tenant_id, component, segment, day;

INSERT INTO period_components (tenant_id, component, grain, starts_on, n, valid_from)
SELECT tenant_id, component, grain, starts_on, n, now()
FROM (
    SELECT tenant_id, 'DAY' AS grain, day AS starts_on, orders - orders / 8 AS active FROM days
    UNION ALL
    SELECT tenant_id, upper(unit), date_trunc(unit, day)::date, 40 + sum(orders)::bigint / 2
    FROM days, unnest(ARRAY['week', 'month', 'quarter', 'year']) AS unit GROUP BY 1, 2, 3
    UNION ALL
    SELECT tenant_id, 'TRAILING_' || length || '_DAYS', day - length + 1, 40 + 5 * length + orders
    FROM days, unnest(ARRAY[28, 90, 365]) AS length
) AS counted, LATERAL (
    VALUES ('active_customers', active), ('repeat_customers', active / 5), ('retained_customers', active / 3)
) AS components (component, n)
ORDER BY tenant_id, component, grain, starts_on;

INSERT INTO entity_days (tenant_id, subject_id, local_day, orders)
SELECT tenant_id, pg_temp.id(8, tenant, (day::date - DATE '2000-01-01') * 7 % 311 + 13 * buyer), day, 1
FROM seeded, generate_series(first_day, today, interval '1 day') AS day, generate_series(1, 4) AS buyer
ORDER BY 1, 2, 3;

UPDATE tenant_states SET first_day = seeded.first_day FROM seeded WHERE seeded.tenant_id = tenant_states.tenant_id;

DROP TABLE traffic, days;
