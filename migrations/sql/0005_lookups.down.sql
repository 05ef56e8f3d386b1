DROP FUNCTION app.all_organizations(uuid, integer);
DROP FUNCTION app.open_tenants(uuid, integer);
DROP FUNCTION app.find_provider_account(uuid, text);
DROP FUNCTION app.find_provider_app(uuid);
DROP FUNCTION app.find_oauth_state(bytea);
DROP FUNCTION app.find_person(text);
DROP FUNCTION app.find_app(text);
