"""Nothing secret and nothing personal lies in the database or in the logs in clear text."""

import json
import logging

import asyncpg
import pytest

from tenants.secrets.sealing import place
from tests.integration.connections.office import Client

PACKAGES = ("api", "connectors", "domain", "tenants")
COLUMNS = """
SELECT table_name, column_name, data_type FROM information_schema.columns
WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY table_name, ordinal_position
"""


async def everything_stored(admin: asyncpg.Pool) -> dict[str, bytes]:
    """Each table's columns, bytes as they are and all else as text."""
    content: dict[str, bytes] = {}
    for table, column, kind in await admin.fetch(COLUMNS):
        spelled = f'"{column}"' if kind == "bytea" else f"convert_to(\"{column}\"::text, 'UTF8')"
        joined = await admin.fetchval(f"SELECT string_agg({spelled}, '\\x0a') FROM \"{table}\"")
        content[f"{table}.{column}"] = joined or b""
    return content


def found(content: dict[str, bytes], needles: list[str]) -> list[str]:
    """In plain, in hexadecimal digits and as JSON writes it."""
    spellings = {
        spelling
        for needle in needles
        for spelling in (needle.encode(), needle.encode().hex().encode(), json.dumps(needle)[1:-1].encode())
    }
    return [place for place, stored in content.items() if any(each in stored for each in spellings)]


def people(client: Client) -> list[str]:
    """Addresses and names of the shop's customers: the practice people's addresses are made of their names."""
    addresses = [one["email"] for one in client.store.control("GET", "/customers?fields=email")["customers"]]
    parts = [address.split("@")[0].split(".")[:2] for address in addresses]
    return addresses + [f"{given.capitalize()} {family.capitalize()}" for given, family in parts]


async def tokens_of(client: Client) -> list[str]:
    """Unsealed as only the holder of the tenant's key can."""
    row = await client.row("SELECT * FROM connections WHERE tenant_id = $1")
    key = client.house.keyring.key_of(client.tenant_id)
    return [
        key.unseal(
            row[f"sealed_{kind}_token"], place(client.tenant_id, client.connection_id, kind, row["token_version"])
        ).decode()
        for kind in ("access", "refresh")
    ]


async def test_database_and_logs_hold_no_secret_and_no_person(
    client: Client, admin: asyncpg.Pool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await client.read()
        order = client.store.control("GET", "/orders?fields=id")["orders"][0]["id"]
        await client.at_shop("PATCH", f"/orders/{order}", {"note": "Leave it with Ms. Penrose at the door"})
        assert await client.work_off() > 0
        office = client.office
        query = await office.decide(await office.start(await office.open_tenant(), office.open_shop(customers=1)))
        assert (await office.call_back(query)).status_code == 200
    secrets = [*await tokens_of(client), client.office.client_secret, query["code"], query["state"]]
    persons = [*people(client), "Penrose"]
    assert len(persons) == 41
    assert all(secret.startswith(("shpat_", "shprt_")) for secret in secrets[:2])
    stored = await everything_stored(admin)
    assert sum(map(len, stored.values())) > 10_000
    assert found(stored, [client.store.domain]), "the search finds what is there"
    assert found(stored, secrets) == []
    assert found(stored, persons) == []
    # The test's own clients log what they ask for; whole log files are looked through where there are processes.
    ours = [record for record in caplog.records if record.name.partition(".")[0] in PACKAGES]
    logged = {"logs": "\n".join(str(record.__dict__) for record in ours).encode()}
    assert found(logged, ["milliseconds"]), "the search finds what is there"
    assert found(logged, [*secrets, *persons]) == []
