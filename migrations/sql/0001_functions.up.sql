CREATE SCHEMA app;

-- plpgsql, and dear, so that the planner evaluates each once and uses it as an index condition.
-- nullif: after a transaction a setting that was set locally is '' and no longer NULL.
CREATE FUNCTION app.tenant_ids() RETURNS uuid[] LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10000 AS
$$ BEGIN RETURN coalesce(nullif(pg_catalog.current_setting('app.tenant_ids', true), ''), '{}')::uuid[]; END $$;

CREATE FUNCTION app.tenant_id() RETURNS uuid LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10000 AS
$$ BEGIN RETURN nullif(pg_catalog.current_setting('app.tenant_id', true), '')::uuid; END $$;

CREATE FUNCTION app.organization_id() RETURNS uuid LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10000 AS
$$ BEGIN RETURN nullif(pg_catalog.current_setting('app.organization_id', true), '')::uuid; END $$;

CREATE FUNCTION app.person_id() RETURNS uuid LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10000 AS
$$ BEGIN RETURN nullif(pg_catalog.current_setting('app.person_id', true), '')::uuid; END $$;

GRANT USAGE ON SCHEMA app TO azimuth_app, azimuth_lookup, azimuth_benchmark;
-- An owner of functions must be able to create in their schema; the role itself cannot sign in.
GRANT CREATE ON SCHEMA app TO azimuth_lookup;
