-- What must be found before anybody is known. Each takes the exact key, returns ids only, and runs as a role
-- that can do nothing else.
CREATE FUNCTION app.find_app(wanted text) RETURNS TABLE (app_id uuid, organization_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$ SELECT a.id, a.organization_id FROM public.apps a WHERE a.client_id = wanted AND a.archived_at IS NULL $$;

CREATE FUNCTION app.find_person(address text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$ SELECT p.id FROM public.people p WHERE p.sign_in_address = address $$;

CREATE FUNCTION app.find_oauth_state(hash bytea) RETURNS TABLE (state_id uuid, tenant_id uuid, provider_app_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$ SELECT s.id, s.tenant_id, s.provider_app_id FROM public.oauth_states s WHERE s.state_hash = hash $$;

CREATE FUNCTION app.find_provider_app(wanted uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$ SELECT a.organization_id FROM public.provider_apps a WHERE a.id = wanted AND a.archived_at IS NULL $$;

CREATE FUNCTION app.find_provider_account(app uuid, wanted text) RETURNS TABLE (tenant_id uuid, connection_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$ SELECT a.tenant_id, a.connection_id FROM public.provider_accounts a
   WHERE a.provider_app_id = app AND a.account = wanted $$;

-- For the periodic tick: open tenants in the order of their ids, a page at a time.
CREATE FUNCTION app.open_tenants(after uuid, page integer) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$ SELECT t.id FROM public.tenants t WHERE t.closed_at IS NULL AND t.id > after ORDER BY t.id LIMIT page $$;

-- For housekeeping, which goes by every owner.
CREATE FUNCTION app.all_organizations(after uuid, page integer) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$ SELECT o.id FROM public.organizations o WHERE o.id > after ORDER BY o.id LIMIT page $$;
