"""The engine's SQL. Every statement names the tenant, reads by index and holds on PostgreSQL and on Citus.

What is known to be new is inserted as it is: to look for a conflict row by row takes half as long again. It returns
something all the same, since without that Citus would copy.
"""

from tenants.sql import statement

# One recompute a tenant at a time: two would each count a period without the other's days.
LOCK_STATE = statement("""
SELECT computed_through, data_version, current_basis AS basis
FROM tenant_states WHERE tenant_id = :tenant_id!uuid FOR UPDATE
""")
KEEP_STATE = statement("""
UPDATE tenant_states SET
    computed_through = :today!date, data_version = :data_version!bigint, updated_at = :now!instant,
    current_basis = NULL,
    first_day = (
        SELECT local_day FROM day_components
        WHERE tenant_id = :tenant_id!uuid AND component = 'orders' AND segment = '' AND n > 0
        ORDER BY local_day LIMIT 1
    )
WHERE tenant_id = :tenant_id
""")

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

# What customers did on those days and is kept otherwise, or not at all; or is kept and was not done: then it is 0 here.
# A full join, because that is hashed or merged whatever statistics know of the tenant: of a new one they expect a row,
# and for a row the server goes through all of the other side.
_DIFFERENCES = """
SELECT subject_id, local_day, coalesce(bought.orders, 0) AS orders, kept.orders IS NULL AS is_new
FROM (
    SELECT subject_id, local_day, orders FROM entity_days
    WHERE tenant_id = :tenant_id!uuid AND local_day = ANY (:days!dates)
) AS kept FULL JOIN (
    SELECT subject_id, local_day, count(*) AS orders FROM order_facts
    WHERE tenant_id = :tenant_id!uuid AND local_day = ANY (:days!dates) AND subject_id IS NOT NULL
    GROUP BY subject_id, local_day
) AS bought USING (subject_id, local_day)
WHERE kept.orders IS DISTINCT FROM bought.orders
"""

# Only on those days can a count of customers change; an amount corrected changes none. And with them the days that may
# have another count of new customers: what was a customer's first day, or will be, is one of those that change or the
# first of those left alone. Before anything is kept there is none to look for.
CHANGED_ENTITY_DAYS = statement(f"""
WITH changed AS ({_DIFFERENCES})
SELECT coalesce(array_agg(DISTINCT day) FILTER (WHERE is_new IS NOT NULL), '{{}}') AS days,
       coalesce(array_agg(DISTINCT day), '{{}}') AS first_days, bool_and(is_new) AS all_new
FROM (
    SELECT local_day AS day, is_new FROM changed
    UNION ALL
    SELECT first, NULL FROM (
        SELECT DISTINCT subject_id FROM changed
        WHERE EXISTS (SELECT FROM entity_days WHERE tenant_id = :tenant_id!uuid)
    ) AS who, LATERAL (
        SELECT min(local_day) AS first FROM entity_days
        WHERE tenant_id = :tenant_id!uuid AND subject_id = who.subject_id
          AND local_day NOT IN (SELECT DISTINCT local_day FROM changed)
    ) AS left_alone WHERE first IS NOT NULL
) AS touched
""")

# In the order in which periods are counted: customer by customer.
_WRITE_ENTITY_DAYS = f"""
INSERT INTO entity_days (tenant_id, subject_id, local_day, orders)
SELECT :tenant_id!uuid, subject_id, local_day, orders FROM ({_DIFFERENCES}) AS changed ORDER BY subject_id, local_day
"""
WRITE_NEW_ENTITY_DAYS = statement(f"{_WRITE_ENTITY_DAYS} RETURNING 1")
WRITE_ENTITY_DAYS = statement(f"""{_WRITE_ENTITY_DAYS}
ON CONFLICT (tenant_id, subject_id, local_day) DO UPDATE SET orders = excluded.orders
""")
DELETE_ENTITY_DAYS = statement("""
DELETE FROM entity_days WHERE tenant_id = :tenant_id!uuid AND local_day = ANY (:days!dates) AND orders = 0
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
        SELECT DISTINCT subject_id FROM entity_days
        WHERE tenant_id = :tenant_id!uuid AND local_day = ANY (:first_days!dates)
    ) AS who, LATERAL (
        SELECT min(local_day) AS first_day FROM entity_days
        WHERE tenant_id = :tenant_id!uuid AND subject_id = who.subject_id
    ) AS bought
    WHERE first_day = ANY (:first_days!dates) GROUP BY first_day
    UNION ALL
    SELECT component, segment, local_day, 0, NULL, 0, NULL, NULL
    FROM unnest(:was_components!texts, :was_segments!texts, :was_days!dates) AS was (component, segment, local_day)
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

# In the order in which they are read, so that what is read together lies together.
_WRITE_DAYS = f"""
INSERT INTO day_components (
    tenant_id, component, segment, local_day, n, total, total_of_squares, minimum, maximum, valid_from
)
{FRESH_DAYS}
SELECT :tenant_id!uuid, component, segment, local_day, n, total, total_of_squares, minimum, maximum, :now!instant
FROM fresh ORDER BY component, segment, local_day
"""
WRITE_NEW_DAYS = statement(f"{_WRITE_DAYS} RETURNING 1")

# A past day keeps every value it ever had; today keeps one an hour. What valid_from moves for is closed.
WRITE_DAYS = statement(f"""{_WRITE_DAYS}
ON CONFLICT (tenant_id, component, segment, local_day) DO UPDATE SET
    n = excluded.n, total = excluded.total, total_of_squares = excluded.total_of_squares,
    minimum = excluded.minimum, maximum = excluded.maximum,
    valid_from = CASE
        WHEN day_components.local_day >= :today!date AND day_components.valid_from >= :hour!instant
        THEN day_components.valid_from ELSE excluded.valid_from END
WHERE (day_components.n, day_components.total, day_components.total_of_squares, day_components.minimum,
       day_components.maximum)
    IS DISTINCT FROM (excluded.n, excluded.total, excluded.total_of_squares, excluded.minimum, excluded.maximum)
RETURNING component, segment, local_day, valid_from
""")

CLOSE_DAYS = statement("""
INSERT INTO day_component_revisions (
    tenant_id, component, segment, local_day, valid_from, valid_to, n, total, total_of_squares, minimum, maximum
)
SELECT :tenant_id!uuid, component, segment, local_day, valid_from, :now!instant,
       n, total, total_of_squares, minimum, maximum
FROM unnest(
    :was_components!texts, :was_segments!texts, :was_days!dates, :was_valid_from!instants, :was_counts!bigints,
    :was_totals!numerics, :was_squares!numerics, :was_minima!numerics, :was_maxima!numerics
) AS was (component, segment, local_day, valid_from, n, total, total_of_squares, minimum, maximum)
ON CONFLICT DO NOTHING
""")

# More than is asked for: another grain's period may begin on the same day.
KNOWN_PERIODS = statement("""
SELECT component, grain, starts_on, valid_from, n FROM period_components
WHERE tenant_id = :tenant_id!uuid AND component = ANY (:components!texts)
  AND grain = ANY (:grains!texts) AND starts_on = ANY (:starts!dates)
""")

# Who comes into a period is seen on the first of her days in it: the day before that one tells whether she returned,
# the day after it whether she bought again. So every day is looked at once for each grain, and nobody is sorted twice.
# A period is spread over its days because equal days are found by hashing, and ranges one by one. Outer, because an
# inner join may begin with the visits, of a tenant of whom no statistics know yet, and ask for the days of each anew.
# Rows older than `closing` keep what they were: all of a finished period, the running one's once an hour.
_WRITE_PERIODS = """
WITH visits AS (
    SELECT local_day, orders, lag(local_day) OVER days AS before, lead(local_day) OVER days AS after
    FROM entity_days
    WHERE tenant_id = :tenant_id!uuid AND local_day BETWEEN :first!date AND :last!date
    WINDOW days AS (PARTITION BY subject_id ORDER BY local_day)
), days AS (
    SELECT grain, starts_on, ends_on, previous_starts_on, closing, starts_on + nth AS local_day
    FROM unnest(
        :grains!texts, :starts!dates, :ends!dates, :previous_starts!dates, :closings!instants
    ) AS p (grain, starts_on, ends_on, previous_starts_on, closing), generate_series(0, ends_on - starts_on) AS nth
), counts AS (
    SELECT grain, starts_on, closing, count(orders) AS active,
           count(*) FILTER (WHERE orders > 1 OR after <= ends_on) AS repeat,
           count(*) FILTER (WHERE before >= previous_starts_on) AS retained
    FROM days LEFT JOIN visits ON visits.local_day = days.local_day AND (before IS NULL OR before < starts_on)
    GROUP BY grain, starts_on, closing
), fresh AS (
    SELECT component, grain, starts_on, closing, of_period.n FROM counts, LATERAL (
        VALUES ('active_customers', active), ('repeat_customers', repeat), ('retained_customers', retained)
    ) AS of_period (component, n)
)
INSERT INTO period_components (tenant_id, component, grain, starts_on, n, valid_from)
SELECT :tenant_id!uuid, component, grain, starts_on, fresh.n,
       CASE WHEN was.valid_from >= closing THEN was.valid_from ELSE :now!instant END
FROM fresh LEFT JOIN unnest(
    :was_components!texts, :was_grains!texts, :was_starts!dates, :was_valid_from!instants, :was_counts!bigints
) AS was (component, grain, starts_on, valid_from, n) USING (component, grain, starts_on)
WHERE fresh.n IS DISTINCT FROM was.n ORDER BY component, grain, starts_on
"""
WRITE_NEW_PERIODS = statement(f"{_WRITE_PERIODS} RETURNING 1")
WRITE_PERIODS = statement(f"""{_WRITE_PERIODS}
ON CONFLICT (tenant_id, component, grain, starts_on) DO UPDATE SET n = excluded.n, valid_from = excluded.valid_from
RETURNING component, grain, starts_on, valid_from
""")

CLOSE_PERIODS = statement("""
INSERT INTO period_component_revisions (tenant_id, component, grain, starts_on, valid_from, valid_to, n)
SELECT :tenant_id!uuid, component, grain, starts_on, valid_from, :now!instant, n
FROM unnest(
    :was_components!texts, :was_grains!texts, :was_starts!dates, :was_valid_from!instants, :was_counts!bigints
) AS was (component, grain, starts_on, valid_from, n)
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
