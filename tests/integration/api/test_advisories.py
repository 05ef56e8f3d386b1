"""What was found in the library we answer by, and published: each is tried on us, whatever version is installed.

Those of https://github.com/strawberry-graphql/strawberry/security/advisories.
"""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from prometheus_client import REGISTRY

from api.ids import OF_PEOPLE, OWNERS, Kind
from tests.factories.organizations import Machine
from tests.factories.tenants import new_tenant
from tests.integration.api.client import Caller
from tests.integration.api.conftest import Open
from tests.integration.api.ledger import Ledger
from tests.integration.api.subscriber import ORDERS, socket, subscriber
from tests.integration.api.test_subscriptions import token_at
from tests.integration.api.world import World

CHANGE = 'mutation { kpiArchive(input: {kpiId: "%s"}) { userErrors { code } } }'
MOST = 5


async def test_ghsa_79gp_q4wv_33fr_a_form_of_another_page_changes_nothing(
    agency: Caller, world: World, ledger: Ledger
) -> None:
    """CVE-2024-47082: multipart requests, which a browser sends from any page, were carried out."""
    operations = json.dumps({"query": CHANGE % world.agency.gids[Kind.KPI]})
    before = await ledger.read()
    form = {"operations": (None, operations), "map": (None, "{}")}
    for headers in ({}, agency.headers, {**agency.headers, "Origin": "https://evil.example"}):
        answer = await agency.http.post("/graphql", files=form, headers=headers)
        assert answer.status_code == (415 if headers else 401)
        code = answer.json()["errors"][0]["extensions"]["code"]
        assert code == ("UNSUPPORTED_MEDIA_TYPE" if headers else "UNAUTHENTICATED")
    assert await ledger.read() == before


async def test_ghsa_5xh2_23cc_5jc6_an_id_is_of_the_kind_it_says(agency: Caller, world: World) -> None:
    """CVE-2025-22151: `node` gave an object the type that the id named, and not its own."""
    gids = {kind: gid for kind, gid in world.agency.gids.items() if kind not in OF_PEOPLE}
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    for kind, gid in gids.items():
        named = [each for each in gids if each is not kind and (each in OWNERS) == (kind in OWNERS)]
        swapped = [gid.replace(f"{kind}_", f"{other}_", 1) for other in named]
        told = (await agency.ask(query, ids=[gid, *swapped])).data["nodes"]
        assert told[0]["id"] == gid
        assert told[1:] == [None] * len(swapped), kind


async def test_ghsa_vpwc_v33q_mq89_the_older_protocol_lets_nobody_in(address: str, world: World) -> None:
    """CVE-2026-35523: over `graphql-ws` an operation was started before anybody had said who they are."""
    start = {"type": "start", "id": "1", "payload": {"query": ORDERS, "variables": {"t": world.agency.tenant.gid}}}
    async with socket(address, protocol="graphql-ws") as opened:
        assert await opened.closed() == 4406
    async with socket(address) as opened:
        await opened.send(start)
        assert await opened.closed() == 4400
    async with socket(address) as opened:
        await opened.subscribe(ORDERS, t=world.agency.tenant.gid)
        assert await opened.closed() == 4401


@pytest.fixture
async def narrow(opened: Open) -> AsyncIterator[str]:
    async with opened(subscriptions_per_connection=MOST) as url:
        yield url


async def test_ghsa_hv3w_m4g2_5x77_a_connection_has_room_for_so_many(
    narrow: str, world: World, machine: Machine
) -> None:
    """CVE-2026-35526: every `subscribe` was another task, without an end."""
    tenant = await new_tenant(world.database, world.keyring, machine.actor)
    tasks = len(asyncio.all_tasks())
    async with subscriber(narrow, await token_at(narrow, machine)) as told:
        for at in range(300):
            await told.subscribe(ORDERS, id=str(at), t=tenant.gid)
        messages = [await told.take() for _ in range(300)]
        refused = [each["payload"][0]["extensions"]["code"] for each in messages if each["type"] == "error"]
        assert refused == ["TOO_MANY_SUBSCRIPTIONS"] * (300 - MOST)
        assert REGISTRY.get_sample_value("azimuth_subscriptions", {"transport": "websocket"}) == MOST
        assert len(asyncio.all_tasks()) - tasks < 10 * MOST


async def test_ghsa_fr49_mhgj_crfc_aliases_count_where_a_fragment_is_spread(agency: Caller) -> None:
    """CVE-2026-47707: those within a fragment counted once, however often it was spread."""
    ten = " ".join(f"a{at}: name" for at in range(10))
    spread = " ".join(f"o{at}: viewer {{ organization {{ ...Ten }} }}" for at in range(6))
    document = f"{{ {spread} }} fragment Ten on Organization {{ {ten} }}"
    assert document.count(":") < 20, "few as they are written"
    answer = await agency.ask(document)
    assert ("data" in answer.body, answer.code) == (False, "TOO_MANY_ALIASES")


@pytest.mark.parametrize("length", [1, 2, 3, 100])
async def test_ghsa_qfwv_87qj_98xq_fragments_in_a_circle_are_refused(agency: Caller, length: int) -> None:
    """CVE-2026-47706: the depth of such a document was looked for without an end."""
    links = [
        f"fragment F{at} on Organization {{ subOrganizations {{ nodes {{ ...F{(at + 1) % length} }} }} }}"
        for at in range(length)
    ]
    answer = await agency.ask(f"{{ viewer {{ organization {{ ...F0 }} }} }} {' '.join(links)}")
    assert "data" not in answer.body
    codes = {error["extensions"]["code"] for error in answer.body["errors"]}
    assert codes <= {"VALIDATION_FAILED", "QUERY_TOO_DEEP"}
    assert codes
