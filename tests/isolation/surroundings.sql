-- What stands around the tables: schemas, functions, roles, settings. A role is '-' where everybody is meant.
WITH spaces AS (
    SELECT * FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
), functions AS (
    SELECT json_build_object(
        'signature', p.oid::regprocedure, 'owner', p.proowner::regrole, 'definer', p.prosecdef,
        'settings', coalesce(p.proconfig, '{}'), 'language', l.lanname, 'volatility', p.provolatile,
        'parallel', p.proparallel, 'cost', p.procost, 'arguments', p.pronargs, 'body', p.prosrc,
        'rights', (
            SELECT json_agg(ARRAY[grantee::regrole::text, privilege_type])
            FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) WHERE grantee <> p.proowner),
        'returns', CASE WHEN p.proargmodes IS NULL THEN ARRAY[format_type(p.prorettype, NULL)] ELSE (
            SELECT array_agg(format_type(type, NULL)) FROM unnest(p.proallargtypes, p.proargmodes) r (type, mode)
            WHERE mode IN ('o', 'b', 't')) END) AS item
    FROM pg_proc p JOIN spaces s ON s.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
), database AS (
    SELECT * FROM pg_database WHERE datname = current_database()
)
SELECT json_build_object(
    'functions', (SELECT json_agg(item) FROM functions),
    'schemas', (SELECT json_object_agg(nspname, (
        SELECT json_agg(ARRAY[grantee::regrole::text, privilege_type])
        FROM aclexplode(nspacl) WHERE grantee <> nspowner)) FROM spaces),
    'roles', (SELECT json_object_agg(rolname, array_remove(ARRAY[
        CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END,
        CASE WHEN rolcanlogin THEN 'LOGIN' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END,
        CASE WHEN rolcreatedb THEN 'CREATEDB' END, CASE WHEN rolreplication THEN 'REPLICATION' END], NULL))
        FROM pg_roles WHERE rolname ~ '^azimuth_'),
    'members', (SELECT json_agg(ARRAY[member::regrole::text, roleid::regrole::text]) FROM pg_auth_members
        WHERE member::regrole::text ~ '^azimuth_' OR roleid::regrole::text ~ '^azimuth_'),
    'settings', (SELECT json_agg(setrole::regrole || ': ' || setting) FROM pg_db_role_setting, unnest(setconfig) setting
        WHERE setdatabase IN (0, (SELECT oid FROM database))),
    'default_rights', (SELECT json_agg(defaclrole::regrole || ': ' || defaclacl::text) FROM pg_default_acl),
    'database_rights', (SELECT json_agg(ARRAY[grantee::regrole::text, privilege_type])
        FROM database, aclexplode(datacl) WHERE grantee <> datdba)
)::text
