"""The engine's SQL. Every statement names the tenant, reads by index and holds on PostgreSQL and on Citus."""

from tenants.sql import statement

CLAIM_DIRTY_DAYS = statement("""
DELETE FROM dirty_days
WHERE tenant_id = :tenant_id!uuid AND local_day IN (
    SELECT local_day FROM dirty_days WHERE tenant_id = :tenant_id!uuid ORDER BY local_day LIMIT :most!bigint FOR UPDATE
)
RETURNING local_day
""")

MARK_DIRTY = statement("""
INSERT INTO dirty_days (tenant_id, local_day, marked_at)
SELECT :tenant_id!uuid, day, :now!instant FROM unnest(:days!dates) AS day ORDER BY day
ON CONFLICT (tenant_id, local_day) DO UPDATE SET marked_at = excluded.marked_at
""")
# DO UPDATE and not DO NOTHING: it waits for a recompute that is deleting the very mark, and then writes a new one.

# Who bought on these days, as was known and as is known now.
BUYERS = statement("""
SELECT subject_id FROM entity_days
WHERE tenant_id = :tenant_id!uuid AND local_day = ANY (:days!dates)
UNION
SELECT subject_id FROM order_facts
WHERE tenant_id = :tenant_id!uuid AND local_day = ANY (:days!dates) AND subject_id IS NOT NULL
""")

# One scan by an array of buyers. A look-up for each of them would be at the mercy of the planner, which knows nothing
# yet of a tenant that has just been filled, and then walks the index of days once for every buyer.
_FIRST_DAYS = """(
    SELECT min(local_day) AS first_day FROM entity_days
    WHERE tenant_id = :tenant_id!uuid AND subject_id = ANY (:subjects!uuids)
    GROUP BY subject_id
) AS buyers"""

FIRST_DAYS = statement(f"SELECT DISTINCT first_day FROM {_FIRST_DAYS}")

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

# What the day's facts add up to. A key that has a row but no facts any more comes out as zero, so that a
# vanished fact is a change like any other. Money is summed in the reporting currency alone; every currency has
# a row of its own beside it.
FRESH_DAYS = f"""
WITH sold AS (
    SELECT local_day, currency, channel, subject_id, gross_minor, discount_minor
    FROM order_facts WHERE tenant_id = :tenant_id!uuid AND local_day = ANY (:days!dates)
), returned AS (
    SELECT local_day, currency, channel, amount_minor
    FROM refund_facts WHERE tenant_id = :tenant_id!uuid AND local_day = ANY (:days!dates)
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
    SELECT component, '' AS segment, local_day, amount FROM amounts WHERE amount IS NULL OR currency = :currency!text
    UNION ALL
    SELECT component, 'currency=' || currency, local_day, amount FROM amounts WHERE amount IS NOT NULL
    UNION ALL
    SELECT component, 'channel=' || channel, local_day, amount FROM amounts
    WHERE channel IS NOT NULL AND (amount IS NULL OR currency = :currency!text)
), rows AS (
    SELECT component, segment, local_day, count(*) AS n, coalesce(sum(amount), 0) AS total,
           coalesce(sum(amount::numeric * amount), 0) AS total_of_squares,
           min(amount) AS minimum, max(amount) AS maximum
    FROM keyed GROUP BY component, segment, local_day
    UNION ALL
    SELECT 'new_customers', '', first_day, count(*), 0, 0, NULL, NULL
    FROM {_FIRST_DAYS} WHERE first_day = ANY (:first_days!dates) GROUP BY first_day
    UNION ALL
    SELECT component, segment, local_day, 0, 0, 0, NULL, NULL
    FROM day_components
    WHERE tenant_id = :tenant_id!uuid AND (
        (component <> 'new_customers' AND local_day = ANY (:days!dates))
        OR (component = 'new_customers' AND local_day = ANY (:first_days!dates))
    )
), fresh AS (
    SELECT component, segment, local_day, sum(n)::bigint AS n, sum(total) AS total,
           sum(total_of_squares) AS total_of_squares, min(minimum) AS minimum, max(maximum) AS maximum
    FROM rows GROUP BY component, segment, local_day
)
"""

# A past day keeps every value it ever had; today keeps one an hour.
CLOSE_DAYS = statement(f"""
INSERT INTO day_component_revisions (
    tenant_id, component, segment, local_day, valid_from, valid_to, n, total, total_of_squares, minimum, maximum
)
{FRESH_DAYS}
SELECT :tenant_id!uuid, c.component, c.segment, c.local_day, c.valid_from, :now!instant,
       c.n, c.total, c.total_of_squares, c.minimum, c.maximum
FROM day_components c JOIN fresh f USING (component, segment, local_day)
WHERE c.tenant_id = :tenant_id!uuid
  AND (c.n, c.total, c.total_of_squares) IS DISTINCT FROM (f.n, f.total, f.total_of_squares)
  AND (c.local_day < :today!date OR c.valid_from < :hour!instant)
ON CONFLICT DO NOTHING
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

FRESH_PERIODS = """
WITH periods AS (
    SELECT * FROM unnest(:grains!texts, :starts!dates, :ends!dates,
                         :previous_starts!dates) AS p (grain, starts_on, ends_on, previous_starts_on)
), activity AS (
    SELECT p.grain, p.starts_on, e.subject_id,
           coalesce(sum(e.orders) FILTER (WHERE e.local_day >= p.starts_on), 0) AS orders,
           bool_or(e.local_day < p.starts_on) AS ordered_before
    FROM periods p JOIN entity_days e
      ON e.tenant_id = :tenant_id!uuid AND e.local_day BETWEEN p.previous_starts_on AND p.ends_on
    GROUP BY p.grain, p.starts_on, e.subject_id
), counts AS (
    SELECT grain, starts_on, count(*) FILTER (WHERE orders > 0) AS active,
           count(*) FILTER (WHERE orders > 1) AS repeat,
           count(*) FILTER (WHERE orders > 0 AND ordered_before) AS retained
    FROM activity GROUP BY grain, starts_on
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
"""

# Rows older than `closing` are closed before they are overwritten: all of a finished period, the running one's once
# an hour.
CLOSE_PERIODS = statement(f"""
INSERT INTO period_component_revisions (tenant_id, component, grain, starts_on, valid_from, valid_to, n)
{FRESH_PERIODS}
SELECT :tenant_id!uuid, c.component, c.grain, c.starts_on, c.valid_from, :now!instant, c.n
FROM period_components c JOIN fresh f USING (component, grain, starts_on)
WHERE c.tenant_id = :tenant_id!uuid AND c.n <> f.n AND c.valid_from < :closing!instant
ON CONFLICT DO NOTHING
""")

WRITE_PERIODS = statement(f"""
INSERT INTO period_components (tenant_id, component, grain, starts_on, n, valid_from)
{FRESH_PERIODS}
SELECT :tenant_id!uuid, component, grain, starts_on, n, :now!instant FROM fresh
ON CONFLICT (tenant_id, component, grain, starts_on) DO UPDATE SET
    n = excluded.n,
    valid_from = CASE WHEN period_components.valid_from < :closing!instant
        THEN excluded.valid_from ELSE period_components.valid_from END
WHERE period_components.n <> excluded.n
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
