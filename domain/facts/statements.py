"""The engine's SQL. Every statement names the tenant, reads by index and holds on PostgreSQL and on Citus."""

from tenants.sql import statement

CLAIM_DIRTY_DAYS = statement("""
DELETE FROM dirty_days
WHERE tenant_id = :tenant_id!uuid AND local_day = ANY (ARRAY(
    SELECT local_day FROM dirty_days WHERE tenant_id = :tenant_id!uuid ORDER BY local_day LIMIT :most!bigint FOR UPDATE
))
RETURNING local_day
""")
# An array, because it is made once: what stands in IN may be asked again for every row, and then knows no limit.

MARK_DIRTY = statement("""
INSERT INTO dirty_days (tenant_id, local_day, marked_at)
SELECT :tenant_id!uuid, day, :now!instant FROM unnest(:days!dates) AS day ORDER BY day
ON CONFLICT (tenant_id, local_day) DO UPDATE SET marked_at = excluded.marked_at
""")
# DO UPDATE and not DO NOTHING: it waits for a recompute that is deleting the very mark, and then writes a new one.

# Customers whose days are not as their orders say, and those days: one row, two arrays. Only these can change a count
# of customers; an amount corrected cannot.
CHANGED_ENTITY_DAYS = statement("""
SELECT coalesce(array_agg(DISTINCT subject_id), '{}') AS subjects, coalesce(array_agg(DISTINCT local_day), '{}') AS days
FROM (
    SELECT subject_id, local_day FROM (
        SELECT subject_id, local_day, orders FROM entity_days
        WHERE tenant_id = :tenant_id!uuid AND local_day = ANY (:days!dates)
        UNION ALL
        SELECT subject_id, local_day, -count(*) FROM order_facts
        WHERE tenant_id = :tenant_id!uuid AND local_day = ANY (:days!dates) AND subject_id IS NOT NULL
        GROUP BY subject_id, local_day
    ) AS both_sides
    GROUP BY subject_id, local_day HAVING sum(orders) <> 0
) AS changed
""")

# A change on one day can make a customer's first order be on another, and both then have another count of new
# customers. What was the first day before is one of the changed days or still the first of those left alone.
FIRST_DAYS = statement("""
SELECT coalesce(array_agg(DISTINCT day), '{}') AS days FROM (
    SELECT min(local_day) AS first, min(local_day) FILTER (WHERE local_day <> ALL (:days!dates)) AS first_untouched
    FROM entity_days WHERE tenant_id = :tenant_id!uuid AND subject_id = ANY (:subjects!uuids)
    GROUP BY subject_id
) AS buyers, unnest(ARRAY[first, first_untouched]) AS day WHERE day IS NOT NULL
""")

CLEAR_ENTITY_DAYS = statement("""
DELETE FROM entity_days e
WHERE e.tenant_id = :tenant_id!uuid AND e.local_day = ANY (:days!dates)
  AND NOT EXISTS (
    SELECT FROM order_facts o
    WHERE o.tenant_id = :tenant_id!uuid AND o.subject_id = e.subject_id AND o.local_day = e.local_day
  )
""")

FILL_ENTITY_DAYS = statement("""
INSERT INTO entity_days (tenant_id, subject_id, local_day, orders)
SELECT :tenant_id!uuid, o.subject_id, o.local_day, count(*)
FROM order_facts o
WHERE o.tenant_id = :tenant_id!uuid AND o.local_day = ANY (:days!dates) AND o.subject_id IS NOT NULL
GROUP BY o.subject_id, o.local_day
ON CONFLICT (tenant_id, subject_id, local_day) DO UPDATE SET orders = excluded.orders
WHERE entity_days.orders <> excluded.orders
""")

# What the day's facts add up to, first by all that tells them apart, then by what is kept of it. A key that has a row
# but no facts any more comes out as zero, so that a vanished fact is a change like any other. Money is summed in the
# reporting currency alone; every currency has a row of its own beside it.
FRESH_DAYS = """
WITH sold AS (
    SELECT local_day, currency, channel, count(*) AS orders, count(subject_id) AS customer_orders,
           sum(gross_minor) AS gross, sum(gross_minor::numeric * gross_minor) AS gross_squares,
           min(gross_minor) AS least_gross, max(gross_minor) AS most_gross,
           sum(discount_minor) AS discount, sum(discount_minor::numeric * discount_minor) AS discount_squares,
           min(discount_minor) AS least_discount, max(discount_minor) AS most_discount
    FROM order_facts WHERE tenant_id = :tenant_id!uuid AND local_day = ANY (:days!dates)
    GROUP BY local_day, currency, channel
), returned AS (
    SELECT local_day, currency, channel, count(*) AS refunds, sum(amount_minor) AS amount,
           sum(amount_minor::numeric * amount_minor) AS squares, min(amount_minor) AS least, max(amount_minor) AS most
    FROM refund_facts WHERE tenant_id = :tenant_id!uuid AND local_day = ANY (:days!dates)
    GROUP BY local_day, currency, channel
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
    WHERE total IS NULL OR currency = :currency!text
    UNION ALL
    SELECT component, 'currency=' || currency, local_day, n, total, squares, minimum, maximum FROM sums
    WHERE total IS NOT NULL
    UNION ALL
    SELECT component, 'channel=' || channel, local_day, n, total, squares, minimum, maximum FROM sums
    WHERE channel IS NOT NULL AND (total IS NULL OR currency = :currency!text)
    UNION ALL
    SELECT 'new_customers', '', first_day, count(*), NULL, 0, NULL, NULL
    FROM (
        SELECT min(local_day) AS first_day FROM entity_days
        WHERE tenant_id = :tenant_id!uuid AND subject_id = ANY (ARRAY(
            SELECT DISTINCT subject_id FROM entity_days
            WHERE tenant_id = :tenant_id!uuid AND local_day = ANY (:first_days!dates)
        ))
        GROUP BY subject_id
    ) AS buyers
    WHERE first_day = ANY (:first_days!dates) GROUP BY first_day
    UNION ALL
    SELECT component, segment, local_day, 0, NULL, 0, NULL, NULL
    FROM unnest(:components!texts, :segments!texts, :local_days!dates) AS known (component, segment, local_day)
), fresh AS (
    SELECT component, segment, local_day, sum(n)::bigint AS n, coalesce(sum(total), 0) AS total,
           sum(squares) AS total_of_squares, min(minimum) AS minimum, max(maximum) AS maximum
    FROM keyed GROUP BY component, segment, local_day
)
"""

# What stands there before: all of it that the statements after it may overwrite.
KNOWN_DAYS = statement("""
SELECT component, segment, local_day, valid_from, n, total, total_of_squares, minimum, maximum
FROM day_components
WHERE tenant_id = :tenant_id!uuid AND component <> 'new_customers' AND local_day = ANY (:days!dates)
UNION ALL
SELECT component, segment, local_day, valid_from, n, total, total_of_squares, minimum, maximum
FROM day_components
WHERE tenant_id = :tenant_id!uuid AND component = 'new_customers' AND segment = ''
  AND local_day = ANY (:first_days!dates)
""")

WRITE_DAYS = statement(f"""
INSERT INTO day_components (
    tenant_id, component, segment, local_day, n, total, total_of_squares, minimum, maximum, valid_from
)
{FRESH_DAYS}
SELECT :tenant_id!uuid, component, segment, local_day, n, total, total_of_squares, minimum, maximum, :now!instant
FROM fresh
ON CONFLICT (tenant_id, component, segment, local_day) DO UPDATE SET
    n = excluded.n, total = excluded.total, total_of_squares = excluded.total_of_squares,
    minimum = excluded.minimum, maximum = excluded.maximum,
    valid_from = CASE
        WHEN day_components.local_day >= :today!date AND day_components.valid_from >= :hour!instant
        THEN day_components.valid_from ELSE excluded.valid_from END
WHERE (day_components.n, day_components.total, day_components.total_of_squares)
    IS DISTINCT FROM (excluded.n, excluded.total, excluded.total_of_squares)
""")

# A past day keeps every value it ever had; today keeps one an hour.
CLOSE_DAYS = statement("""
INSERT INTO day_component_revisions (
    tenant_id, component, segment, local_day, valid_from, valid_to, n, total, total_of_squares, minimum, maximum
)
SELECT :tenant_id!uuid, k.component, k.segment, k.local_day, k.valid_from, :now!instant,
       k.n, k.total, k.total_of_squares, k.minimum, k.maximum
FROM unnest(
    :components!texts, :segments!texts, :local_days!dates, :valid_from!instants, :counts!bigints, :totals!numerics,
    :squares!numerics, :minima!numerics, :maxima!numerics
) AS k (component, segment, local_day, valid_from, n, total, total_of_squares, minimum, maximum)
JOIN day_components c ON c.tenant_id = :tenant_id!uuid
  AND c.component = k.component AND c.segment = k.segment AND c.local_day = k.local_day
  AND c.local_day = ANY (:local_days!dates)
WHERE (c.n, c.total, c.total_of_squares) IS DISTINCT FROM (k.n, k.total, k.total_of_squares)
  AND (k.local_day < :today!date OR k.valid_from < :hour!instant)
ON CONFLICT DO NOTHING
""")

KNOWN_PERIODS = statement("""
SELECT component, grain, starts_on, valid_from, n FROM period_components
WHERE tenant_id = :tenant_id!uuid AND component = ANY (:components!texts)
  AND (grain, starts_on) IN (SELECT * FROM unnest(:grains!texts, :starts!dates))
""")

# Who comes into a period is seen on the first of her days in it: the day before that one tells whether she returned,
# the day after it whether she bought again. So every day is looked at once for each grain, and nobody is sorted twice.
# A period is spread over its days because equal days are found by hashing, and ranges one by one.
WRITE_PERIODS = statement("""
WITH visits AS (
    SELECT local_day, orders, lag(local_day) OVER days AS before, lead(local_day) OVER days AS after
    FROM entity_days
    WHERE tenant_id = :tenant_id!uuid AND local_day BETWEEN :first!date AND :last!date
    WINDOW days AS (PARTITION BY subject_id ORDER BY local_day)
), periods AS (
    SELECT * FROM unnest(:grains!texts, :starts!dates, :ends!dates,
                         :previous_starts!dates) AS p (grain, starts_on, ends_on, previous_starts_on)
), counts AS (
    SELECT grain, starts_on, count(*) AS active,
           count(*) FILTER (WHERE orders > 1 OR after <= ends_on) AS repeat,
           count(*) FILTER (WHERE before >= previous_starts_on) AS retained
    FROM periods CROSS JOIN generate_series(0, ends_on - starts_on) AS nth
    JOIN visits ON local_day = starts_on + nth
    WHERE before IS NULL OR before < starts_on
    GROUP BY grain, starts_on
    UNION ALL
    SELECT grain, starts_on, 0, 0, 0 FROM periods
), totals AS (
    SELECT grain, starts_on, sum(active)::bigint AS active, sum(repeat)::bigint AS repeat,
           sum(retained)::bigint AS retained
    FROM counts GROUP BY grain, starts_on
), fresh AS (
    SELECT 'active_customers' AS component, grain, starts_on, active AS n FROM totals
    UNION ALL
    SELECT 'repeat_customers', grain, starts_on, repeat FROM totals
    UNION ALL
    SELECT 'retained_customers', grain, starts_on, retained FROM totals
)
INSERT INTO period_components (tenant_id, component, grain, starts_on, n, valid_from)
SELECT :tenant_id!uuid, component, grain, starts_on, n, :now!instant FROM fresh
ON CONFLICT (tenant_id, component, grain, starts_on) DO UPDATE SET
    n = excluded.n,
    valid_from = CASE WHEN period_components.valid_from < :closing!instant
        THEN excluded.valid_from ELSE period_components.valid_from END
WHERE period_components.n <> excluded.n
""")

# Rows older than `closing` keep what they were: all of a finished period, the running one's once an hour.
CLOSE_PERIODS = statement("""
INSERT INTO period_component_revisions (tenant_id, component, grain, starts_on, valid_from, valid_to, n)
SELECT :tenant_id!uuid, k.component, k.grain, k.starts_on, k.valid_from, :now!instant, k.n
FROM unnest(:components!texts, :grains!texts, :starts!dates, :valid_from!instants,
            :counts!bigints) AS k (component, grain, starts_on, valid_from, n)
JOIN period_components c ON c.tenant_id = :tenant_id!uuid
  AND c.component = k.component AND c.grain = k.grain AND c.starts_on = k.starts_on
WHERE c.n <> k.n AND k.valid_from < :closing!instant
ON CONFLICT DO NOTHING
""")

_OLD_WINDOWS = """
WHERE tenant_id = :tenant_id!uuid AND grain = ANY (:trailing!texts) AND (grain, starts_on) NOT IN (
    SELECT * FROM unnest(:grains!texts, :starts!dates)
)
"""
CLOSE_OLD_WINDOWS = statement(f"""
INSERT INTO period_component_revisions (tenant_id, component, grain, starts_on, valid_from, valid_to, n)
SELECT tenant_id, component, grain, starts_on, valid_from, :now!instant, n FROM period_components
{_OLD_WINDOWS}
ON CONFLICT DO NOTHING
""")
DELETE_OLD_WINDOWS = statement(f"DELETE FROM period_components {_OLD_WINDOWS}")
