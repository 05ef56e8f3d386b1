DROP TABLE client_assertions;
DROP TABLE app_keys;
