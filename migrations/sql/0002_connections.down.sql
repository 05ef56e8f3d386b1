DROP TABLE webhook_deliveries;
DROP TABLE sync_runs;
DROP TABLE stream_states;
DROP TABLE schedules;
DROP TABLE provider_accounts;
DROP TABLE oauth_states;
DROP TABLE connections;
DROP TABLE provider_apps;
