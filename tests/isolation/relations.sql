-- The tables of the house, and whatever else has columns, each as a JSON object; only one where $1 names it.
-- A role is '-' where everybody is meant.
WITH things AS (
    SELECT c.*, CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
), columns AS (
    SELECT a.attrelid AS thing, a.attnum AS at, json_build_object(
        'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'required', a.attnotnull,
        'identity', a.attidentity <> '', 'default', pg_get_expr(d.adbin, d.adrelid),
        'granted', a.attacl IS NOT NULL) AS item
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped
), policies AS (
    SELECT polrelid AS thing, json_build_object(
        'name', polname, 'permissive', polpermissive, 'roles', polroles::regrole[]::text[],
        'command', CASE polcmd
            WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
        'using', coalesce(pg_get_expr(polqual, polrelid), ''),
        'check', coalesce(pg_get_expr(polwithcheck, polrelid), '')) AS item
    FROM pg_policy
), keys AS (
    SELECT i.indrelid AS thing, json_build_object(
        'name', c.relname, 'primary', i.indisprimary,
        'columns', (
            SELECT array_agg(coalesce(a.attname, '') ORDER BY k.at)
            FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY k (number, at)
            LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number AND k.number > 0)) AS item
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indisunique OR i.indisexclusion
), foreign_keys AS (
    SELECT f.conrelid AS thing, json_build_object(
        'name', f.conname, 'parent', p.name, 'on_delete', f.confdeltype, 'on_update', f.confupdtype,
        'trusted', f.convalidated AND f.conenforced,
        'columns', (
            SELECT array_agg(a.attname ORDER BY k.at) FROM unnest(f.conkey) WITH ORDINALITY k (number, at)
            JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number),
        'parent_columns', (
            SELECT array_agg(a.attname ORDER BY k.at) FROM unnest(f.confkey) WITH ORDINALITY k (number, at)
            JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.number)) AS item
    FROM pg_constraint f JOIN things p ON p.oid = f.confrelid WHERE f.contype = 'f'
)
SELECT coalesce(json_agg(json_build_object(
    'name', t.name, 'kind', t.relkind, 'owner', t.relowner::regrole,
    'comment', coalesce(obj_description(t.oid, 'pg_class'), ''),
    'secured', t.relrowsecurity, 'forced', t.relforcerowsecurity,
    'rights', (
        SELECT json_agg(ARRAY[grantee::regrole::text, privilege_type || CASE WHEN is_grantable THEN '*' ELSE '' END])
        FROM aclexplode(t.relacl) WHERE grantee <> t.relowner),
    'columns', (SELECT json_agg(item ORDER BY at) FROM columns WHERE thing = t.oid),
    'policies', (SELECT json_agg(item) FROM policies WHERE thing = t.oid),
    'keys', (SELECT json_agg(item) FROM keys WHERE thing = t.oid),
    'foreign_keys', (SELECT json_agg(item) FROM foreign_keys WHERE thing = t.oid),
    'triggers', (SELECT json_agg(tgname) FROM pg_trigger WHERE tgrelid = t.oid AND NOT tgisinternal),
    'disabled_triggers', (SELECT json_agg(tgname) FROM pg_trigger WHERE tgrelid = t.oid AND tgenabled <> 'O'),
    'rules', (SELECT json_agg(rulename) FROM pg_rewrite WHERE ev_class = t.oid AND rulename <> '_RETURN')
)), '[]')::text
FROM things t WHERE $1::text IS NULL OR t.name = $1
