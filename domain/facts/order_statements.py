"""How orders, their lines and refunds, and customers are written: many rows a statement."""

from tenants.sql import statement

DAYS_OF_ORDERS = statement("""
SELECT local_day FROM order_facts
WHERE tenant_id = :tenant_id!uuid AND connection_id = :connection_id!uuid AND external_id = ANY (:order_ids!texts)
UNION
SELECT local_day FROM refund_facts
WHERE tenant_id = :tenant_id!uuid AND connection_id = :connection_id!uuid
  AND order_external_id = ANY (:order_ids!texts)
""")

DELETE_ORDERS = statement("""
DELETE FROM order_facts
WHERE tenant_id = :tenant_id!uuid AND connection_id = :connection_id!uuid AND external_id = ANY (:order_ids!texts)
""")

DELETE_LINES = statement("""
DELETE FROM order_line_facts
WHERE tenant_id = :tenant_id!uuid AND connection_id = :connection_id!uuid
  AND order_external_id = ANY (:order_ids!texts)
""")

DELETE_REFUNDS = statement("""
DELETE FROM refund_facts
WHERE tenant_id = :tenant_id!uuid AND connection_id = :connection_id!uuid
  AND order_external_id = ANY (:order_ids!texts)
""")

UPSERT_ORDERS = statement("""
INSERT INTO order_facts (
    tenant_id, connection_id, external_id, subject_id, occurred_at, local_day, currency,
    gross_minor, discount_minor, tax_minor, shipping_minor, channel
)
SELECT :tenant_id!uuid, :connection_id!uuid, r.*
FROM unnest(
    :external_ids!texts, :subject_ids!uuids, :instants!instants, :days!dates, :currencies!texts,
    :gross!bigints, :discount!bigints, :tax!bigints, :shipping!bigints, :channels!texts
) AS r
ON CONFLICT (tenant_id, connection_id, external_id) DO UPDATE SET
    subject_id = excluded.subject_id, occurred_at = excluded.occurred_at, local_day = excluded.local_day,
    currency = excluded.currency, gross_minor = excluded.gross_minor, discount_minor = excluded.discount_minor,
    tax_minor = excluded.tax_minor, shipping_minor = excluded.shipping_minor, channel = excluded.channel
""")

INSERT_LINES = statement("""
INSERT INTO order_line_facts (
    tenant_id, connection_id, order_external_id, external_id, product_external_id, sku, quantity,
    gross_minor, discount_minor
)
SELECT :tenant_id!uuid, :connection_id!uuid, r.*
FROM unnest(
    :order_ids!texts, :external_ids!texts, :product_ids!texts, :skus!texts, :quantities!bigints,
    :gross!bigints, :discount!bigints
) AS r
ON CONFLICT DO NOTHING
""")

INSERT_REFUNDS = statement("""
INSERT INTO refund_facts (
    tenant_id, connection_id, order_external_id, external_id, occurred_at, local_day, currency, amount_minor, channel
)
SELECT :tenant_id!uuid, :connection_id!uuid, r.*
FROM unnest(
    :order_ids!texts, :external_ids!texts, :instants!instants, :days!dates, :currencies!texts, :amounts!bigints,
    :channels!texts
) AS r
ON CONFLICT DO NOTHING
""")

UPSERT_CUSTOMERS = statement("""
INSERT INTO customers (
    tenant_id, connection_id, created_at, deleted, id, external_id, sealed_profile, email_hash, since
)
SELECT :tenant_id!uuid, :connection_id!uuid, :now!instant, false, r.*
FROM unnest(:ids!uuids, :external_ids!texts, :profiles!byteas, :email_hashes!byteas, :since!instants) AS r
ON CONFLICT (tenant_id, id) DO UPDATE SET
    sealed_profile = excluded.sealed_profile, email_hash = excluded.email_hash, since = excluded.since,
    deleted = false
""")

DELETE_CUSTOMERS = statement("""
UPDATE customers SET deleted = true, sealed_profile = NULL, email_hash = NULL
WHERE tenant_id = :tenant_id!uuid AND connection_id = :connection_id!uuid AND external_id = ANY (:external_ids!texts)
""")
