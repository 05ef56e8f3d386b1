"""The database roles, as SQL an administrator runs once.

owner      owns every table, cannot sign in
migrator   changes the schema: BYPASSRLS and member of the owner, or a migration would see no rows
app        the application: bound by every policy
lookup     owns the look-up functions, cannot sign in, reads directory tables by policy only
benchmark  reads what tenants contribute to benchmarks, and nothing else
"""

from collections.abc import Mapping

OWNER = "azimuth_owner"
MIGRATOR = "azimuth_migrator"
APPLICATION = "azimuth_app"
LOOKUP = "azimuth_lookup"
BENCHMARK = "azimuth_benchmark"

SIGN_IN_ROLES = (MIGRATOR, APPLICATION, BENCHMARK)

_LIMITS = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"


def roles_sql(database: str, passwords: Mapping[str, str] | None = None) -> str:
    """Idempotent. Without `passwords` the roles that sign in get none, and the script says how to set them."""
    passwords = passwords or {}
    lines = [
        "SET client_min_messages = warning;",
        *_role(OWNER, f"NOLOGIN NOBYPASSRLS {_LIMITS}"),
        *_role(LOOKUP, f"NOLOGIN NOBYPASSRLS {_LIMITS}"),
        *_role(MIGRATOR, f"LOGIN BYPASSRLS {_LIMITS}"),
        *_role(APPLICATION, f"LOGIN NOBYPASSRLS {_LIMITS}"),
        *_role(BENCHMARK, f"LOGIN NOBYPASSRLS {_LIMITS}"),
        f"GRANT {OWNER}, {LOOKUP} TO {MIGRATOR};",
        f"GRANT CONNECT, CREATE ON DATABASE {_name(database)} TO {MIGRATOR};",
        f"GRANT CONNECT ON DATABASE {_name(database)} TO {APPLICATION}, {BENCHMARK};",
        f"GRANT CREATE ON DATABASE {_name(database)} TO {OWNER};",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC;",
        # A temporary table could stand before a real one on a pooled connection.
        f"REVOKE TEMPORARY ON DATABASE {_name(database)} FROM PUBLIC;",
        f"GRANT USAGE, CREATE ON SCHEMA public TO {MIGRATOR}, {OWNER};",
        f"GRANT USAGE ON SCHEMA public TO {APPLICATION}, {BENCHMARK}, {LOOKUP};",
    ]
    for role in SIGN_IN_ROLES:
        if role in passwords:
            lines.append(f"ALTER ROLE {role} PASSWORD {_literal(passwords[role])};")
        else:
            lines.append(f"-- ALTER ROLE {role} PASSWORD '…';   or \\password {role} in psql")
    return "\n".join(lines) + "\n"


def _role(name: str, options: str) -> list[str]:
    return [
        f"DO $$ BEGIN CREATE ROLE {name}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;",
        f"ALTER ROLE {name} {options};",
    ]


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
