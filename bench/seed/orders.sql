-- Facts for the recompute: orders of known and unknown customers over the whole history, some with a refund.
CREATE TEMPORARY TABLE sold AS
SELECT tenant, tenant_id, item, day, first_day, today, place,
       2000 + floor(9000 * pg_temp.chance(place || 'price'))::bigint AS gross
FROM seeded, generate_series(1, current_setting('bench.orders')::int) AS item,
     LATERAL (SELECT today - item % (today - first_day + 1) AS day) AS days,
     LATERAL (SELECT format('%s %s ', tenant, item) AS place) AS places;

INSERT INTO order_facts (
    tenant_id, connection_id, external_id, subject_id, occurred_at, local_day, currency, gross_minor, discount_minor,
    tax_minor, shipping_minor, channel
)
SELECT tenant_id, pg_temp.id(3, tenant, 0), 'order-' || item,
       -- A few customers order often, most of them once.
       CASE WHEN item % 20 > 0 THEN
           pg_temp.id(8, tenant, floor(power(pg_temp.chance(place || 'buyer'), 2) * sqrt(item) * 60)::int)
       END,
       day + time '12:00', day, CASE WHEN item % 33 = 0 THEN 'EUR' ELSE 'USD' END, gross,
       floor(gross * 0.1 * pg_temp.chance(place || 'discount')), gross / 12, 500,
       CASE WHEN item % 5 < 3 THEN 'web' ELSE 'pos' END
FROM sold ORDER BY item;

INSERT INTO refund_facts (
    tenant_id, connection_id, external_id, order_external_id, occurred_at, local_day, currency, amount_minor, channel
)
SELECT tenant_id, pg_temp.id(3, tenant, 0), 'refund-' || item, 'order-' || item, least(day + 5, today) + time '12:00',
       least(day + 5, today), 'USD', gross / 2, 'web'
FROM sold WHERE item % 20 = 1;

DROP TABLE sold;
