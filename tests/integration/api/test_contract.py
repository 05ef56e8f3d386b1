"""What clients are told of the schema: its releases and their changes; and who is told nothing of it."""

from collections.abc import Sequence
from typing import Any

import httpx2
import pytest

from api.contract.releases import releases
from tests.factories.organizations import Machine, new_machine, new_operation_set
from tests.factories.tenants import new_tenant
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.test_embeds import ask, embed
from tests.integration.api.world import World

CHANGES = """query($first: Int!, $after: String, $since: Date) {
  schemaChanges(first: $first, after: $after, since: $since) {
    nodes { releasedOn coordinate kind impact description } pageInfo { hasNextPage endCursor }
  }
}"""
INTROSPECTION = {
    "schema": "{ __schema { queryType { name } } }",
    "type": '{ __type(name: "Query") { name } }',
    "under another name": "{ a: __typename b: __schema { queryType { name } } }",
    "in a fragment": "{ ...F } fragment F on Query { ... { __schema { queryType { name } } } }",
    "beside what is asked": "{ viewer { clientId } __schema { queryType { name } } }",
    "by its changes": "{ schemaChanges(first: 1) { nodes { coordinate } } }",
}
MISSPELT = "{ viewer { clientIdd } }"
CHOICE = "query($c: MetricCategory) { metricCatalog(category: $c, first: 1) { nodes { key } } }"


async def walk(caller: Caller, **arguments: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = (await caller.ask(CHANGES, after=after, **arguments)).data["schemaChanges"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


async def test_the_version_is_the_last_release(agency: Caller) -> None:
    answer = await agency.ask("{ apiVersion { current deprecated { coordinate reason removableAfter } } }")
    last = releases()[0]
    assert answer.data["apiVersion"] == {
        "current": str(last.released_on),
        "deprecated": [
            {"coordinate": each.coordinate, "reason": each.reason, "removableAfter": str(each.removable_after)}
            for each in last.deprecated
        ],
    }


async def test_every_change_is_told_with_its_release(agency: Caller) -> None:
    expected = [
        {
            "releasedOn": str(release.released_on),
            "coordinate": each.coordinate,
            "kind": each.kind.name,
            "impact": each.impact.name,
            "description": each.description,
        }
        for release in releases()
        for each in release.changes
    ]
    assert len(expected) > 100, "more than a page"
    assert await walk(agency, first=100) == expected
    assert await walk(agency, first=37) == expected
    last = str(releases()[0].released_on)
    assert await walk(agency, first=100, since=last) == [each for each in expected if each["releasedOn"] == last]
    assert await walk(agency, first=100, since="2999-01-01") == []


@pytest.fixture(scope="module")
async def bare(http: httpx2.AsyncClient, world: World) -> str:
    """The token of an end user's page."""
    machine = await new_machine(world.database)
    caller = await sign_in(http, machine)
    tenant = await new_tenant(world.database, world.keyring, machine.actor)
    return await embed(http, machine, caller, tenant)


@pytest.fixture(scope="module")
async def held(http: httpx2.AsyncClient, world: World) -> Caller:
    """An app that is asked by registered operations alone, one of which the schema has never known."""
    machine: Machine = await new_machine(world.database)
    documents: Sequence[str] = (*INTROSPECTION.values(), MISSPELT, CHOICE, "{ __typename }")
    for document in documents:
        await new_operation_set(world.database, machine.actor, document, only=True)
    return await sign_in(http, machine)


@pytest.mark.parametrize("document", INTROSPECTION.values(), ids=INTROSPECTION)
async def test_a_page_or_a_few_operations_are_told_nothing_of_the_schema(
    http: httpx2.AsyncClient, agency: Caller, bare: str, held: Caller, document: str
) -> None:
    """Whoever asked first: documents are remembered for all."""
    assert (await agency.ask(document)).data
    for answer in (await ask(http, bare, document), await held.post({"query": document})):
        body = answer.json()
        assert body.get("data") is None
        assert [each["extensions"]["code"] for each in body["errors"]] == ["INTROSPECTION_FORBIDDEN"]
    assert (await agency.ask(document)).data


@pytest.mark.parametrize(
    ("document", "variables", "suggested"),
    [(MISSPELT, {}, "'clientId'"), (CHOICE, {"c": "FINANCES"}, "'FINANCE'")],
    ids=["document", "variable"],
)
async def test_nor_is_anything_suggested_to_them(
    http: httpx2.AsyncClient, agency: Caller, bare: str, held: Caller, document: str, variables: Any, suggested: str
) -> None:
    def told(answer: httpx2.Response) -> str:
        (error,) = answer.json()["errors"]
        assert error["extensions"]["code"] == "VALIDATION_FAILED"
        return str(error["message"])

    asked = {"query": document, "variables": variables}
    full = told(await agency.post(asked))
    assert f"Did you mean the enum value {suggested}?" in full or f"Did you mean {suggested}?" in full
    plain = full.partition(" Did you mean")[0]
    assert told(await ask(http, bare, document, **variables)) == plain
    assert told(await held.post(asked)) == plain
    assert told(await agency.post(asked)) == full


async def test_the_name_of_a_type_and_of_the_release_are_for_all(
    http: httpx2.AsyncClient, bare: str, held: Caller
) -> None:
    for answer in (await ask(http, bare, "{ __typename }"), await held.post({"query": "{ __typename }"})):
        assert answer.json()["data"] == {"__typename": "Query"}
    version = await ask(http, bare, "{ apiVersion { current } }")
    assert version.json()["data"]["apiVersion"] == {"current": str(releases()[0].released_on)}
