-- Tenants, what the measured client may do on them, and a connection each that has read everything.
INSERT INTO organizations (id, created_at, kind, name, parent_id)
SELECT pg_temp.id(1, tenant, 0), now(), 'TENANT', 'Shop ' || tenant, NULL FROM seeded;

INSERT INTO tenants (id, created_at, organization_id, closed_at)
SELECT tenant_id, now(), pg_temp.id(1, tenant, 0), NULL FROM seeded;

INSERT INTO tenant_profiles (
    tenant_id, name, currency, time_zone, fiscal_year_start_month, clock_shift_days, created_at, updated_at
)
SELECT tenant_id, 'Shop ' || tenant, 'USD', zone, 1, 0, now(), now() FROM seeded;

INSERT INTO tenant_states (tenant_id, data_version, computed_through, updated_at)
SELECT tenant_id, 1, today, now() FROM seeded;

INSERT INTO grants (id, created_at, tenant_id, organization_id, role, scopes)
SELECT gen_random_uuid(), now(), tenant_id, current_setting('bench.organization')::uuid, 'ADMIN',
       ARRAY['read_metrics', 'write_kpis', 'read_connections', 'write_connections', 'manage_tenants']
FROM seeded;

INSERT INTO provider_apps (
    id, created_at, organization_id, provider, client_id, sealed_client_secret, scopes, base_url, shared
)
VALUES (
    pg_temp.id(9, 0, 0), now(), current_setting('bench.organization')::uuid, 'shopify', 'bench', '', '{}',
    'https://{shop}', false
);

INSERT INTO connections (
    tenant_id, id, created_at, provider, provider_app_id, account, status, scopes, missing_scopes, warnings,
    token_version
)
SELECT tenant_id, pg_temp.id(3, tenant, 0), now(), 'shopify', pg_temp.id(9, 0, 0),
       'shop-' || tenant || '.myshopify.com', 'ACTIVE', '{}', '{}', '{}', 0
FROM seeded;

INSERT INTO stream_states (tenant_id, connection_id, stream, phase, cursor, records, as_of, updated_at)
SELECT tenant_id, pg_temp.id(3, tenant, 0), stream, 'INCREMENT', '{}', 1000, now(), now()
FROM seeded, unnest(ARRAY['orders', 'customers', 'refunds']) AS stream;
