"""An integrator's own apps: registered, listed, given new secrets, put away, by whoever may manage the organization."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from api.ids import Kind, encode
from tenants.access.actor import ApiScope
from tenants.access.kinds import MemberRole
from tests.factories.organizations import Machine
from tests.factories.people import new_person
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.ledger import Ledger
from tests.integration.api.world import World
from tests.integration.oauth.browser import Visit
from tests.integration.oauth.world import KnownApp

ONE = "app { id clientId name kind redirectUris scopes archivedAt secrets { expiresAt } }"
APP = f"{ONE} clientSecret"
APPS = "{ viewer { organization { id name kind apps(first: 100) { nodes { id clientId name } } } } }"


async def signs_in(http: httpx2.AsyncClient, client_id: str, secret: str) -> bool:
    form = {"grant_type": "client_credentials"}
    answer = await http.post("/oauth/token", data=form, auth=(client_id, secret))
    assert answer.status_code in (200, 401), answer.text
    return answer.status_code == 200


async def test_an_app_signs_in_with_the_secret_it_was_shown(http: httpx2.AsyncClient, caller: Caller) -> None:
    made = await caller.change("appCreate", APP, name=" Board ", scopes=["READ_METRICS", "WRITE_KPIS"])
    app = made["app"]
    assert (app["name"], app["kind"], app["scopes"]) == ("Board", "CONFIDENTIAL", ["READ_METRICS", "WRITE_KPIS"])
    assert (app["redirectUris"], app["archivedAt"], app["secrets"]) == ([], None, [{"expiresAt": None}])
    assert await signs_in(http, app["clientId"], made["clientSecret"])
    listed = (await caller.ask(APPS)).data["viewer"]["organization"]["apps"]["nodes"]
    assert listed[-1] == {"id": app["id"], "clientId": app["clientId"], "name": "Board"}
    assert len(listed) == 2


async def test_who_asks_is_told_who_it_is(http: httpx2.AsyncClient, machine: Machine) -> None:
    """By any token: everybody may see whom they act for, and only who manages it what apps there are."""
    reader = await sign_in(http, machine, ApiScope.READ_METRICS)
    query = "{ viewer { clientId scopes isPerson organization { id name kind } } }"
    viewer = (await reader.ask(query)).data["viewer"]
    gid = encode(Kind.ORGANIZATION, machine.organization_id, machine.organization_id)
    assert viewer["organization"] == {"id": gid, "name": "North & Sons", "kind": "AGENCY"}
    assert (viewer["clientId"], viewer["scopes"], viewer["isPerson"]) == (
        machine.actor.client_id,
        ["READ_METRICS"],
        False,
    )
    node = "query($id: ID!) { node(id: $id) { id ... on Organization { apps { nodes { id } } } } }"
    assert (await reader.ask("query($id: ID!) { node(id: $id) { id } }", id=gid)).data["node"]["id"] == gid
    refused = await reader.ask(node, id=gid)
    assert refused.error["extensions"]["requiredScope"] == "manage_organization"
    app = encode(Kind.APP, machine.organization_id, machine.actor.app_id)
    assert (await reader.ask("query($id: ID!) { node(id: $id) { id } }", id=app)).code == "FORBIDDEN_SCOPE"
    assert (await reader.ask("{ viewer { app { id name } } }")).data["viewer"]["app"] == {"id": app, "name": "Reports"}
    assert (await reader.ask("{ viewer { app { secrets { createdAt } } } }")).code == "FORBIDDEN_SCOPE"


async def test_no_app_may_more_than_who_made_it(http: httpx2.AsyncClient, machine: Machine, ledger: Ledger) -> None:
    manager = await sign_in(http, machine, ApiScope.MANAGE_ORGANIZATION, ApiScope.READ_METRICS)
    await manager.change("appCreate", name="Reads", scopes=["READ_METRICS"])
    before = await ledger.read()
    refused = await manager.refusal("appCreate", name="Writes", scopes=["READ_METRICS", "WRITE_KPIS"])
    assert (refused.code, refused.field) == ("SCOPE_BEYOND_YOURS", ("input", "scopes"))
    assert await ledger.read() == before


@pytest.mark.parametrize(
    ("input", "code", "field"),
    [
        ({"scopes": []}, "SCOPE_MISSING", "scopes"),
        ({"kind": "PUBLIC"}, "REDIRECT_URI_MISSING", "redirectUris"),
        ({"redirectUris": ["http://board.example/back"]}, "REDIRECT_URI_INVALID", "redirectUris"),
        ({"redirectUris": ["https://board.example/#back"]}, "REDIRECT_URI_INVALID", "redirectUris"),
        (
            {"redirectUris": [f"https://board.example/{at}" for at in range(21)]},
            "REDIRECT_URIS_TOO_MANY",
            "redirectUris",
        ),
        ({"name": "  "}, "NAME_INVALID", "name"),
    ],
)
async def test_an_app_that_makes_no_sense(
    caller: Caller, ledger: Ledger, input: dict[str, object], code: str, field: str
) -> None:
    before = await ledger.read()
    refused = await caller.refusal("appCreate", **{"name": "Board", "scopes": ["READ_METRICS"], **input})
    assert (refused.code, refused.path) == (code, ("input", field))
    assert await ledger.read() == before


async def test_a_public_app_has_no_secret(caller: Caller) -> None:
    made = await caller.change(
        "appCreate", APP, name="Front", kind="PUBLIC", scopes=["READ_METRICS"], redirectUris=["https://front.example/"]
    )
    assert (made["clientSecret"], made["app"]["secrets"]) == (None, [])
    refused = await caller.refusal("appSecretRotate", appId=made["app"]["id"])
    assert (refused.code, refused.field) == ("APP_WITHOUT_SECRET", ("input", "appId"))


async def test_a_secret_that_is_rotated_works_until_the_overlap_ends(
    http: httpx2.AsyncClient, caller: Caller, ledger: Ledger
) -> None:
    made = await caller.change("appCreate", APP, name="Board", scopes=["READ_METRICS"])
    app, first = made["app"], made["clientSecret"]
    turned = await caller.change("appSecretRotate", APP, appId=app["id"], overlapSeconds=600)
    second = turned["clientSecret"]
    old, new = turned["app"]["secrets"]
    assert new == {"expiresAt": None}
    left = datetime.fromisoformat(old["expiresAt"]) - datetime.now(UTC)
    assert timedelta(seconds=540) < left <= timedelta(seconds=600)
    assert await signs_in(http, app["clientId"], first)
    assert await signs_in(http, app["clientId"], second)
    await ledger.execute("UPDATE app_secrets SET expires_at = now() WHERE expires_at > now()")
    assert not await signs_in(http, app["clientId"], first)
    assert await signs_in(http, app["clientId"], second)
    third = (await caller.change("appSecretRotate", APP, appId=app["id"], overlapSeconds=0))["clientSecret"]
    assert not await signs_in(http, app["clientId"], second)
    assert await signs_in(http, app["clientId"], third)


async def test_whoever_turns_a_secret_may_what_the_app_may(
    http: httpx2.AsyncClient, machine: Machine, caller: Caller, ledger: Ledger
) -> None:
    """By its secret they could."""
    app = (await caller.change("appCreate", APP, name="Board", scopes=["READ_METRICS"]))["app"]
    manager = await sign_in(http, machine, ApiScope.MANAGE_ORGANIZATION)
    before = await ledger.read()
    refused = await manager.refusal("appSecretRotate", appId=app["id"])
    assert (refused.code, refused.field) == ("SCOPE_BEYOND_YOURS", ("input", "appId"))
    assert await ledger.read() == before


async def test_two_secrets_work_at_most(caller: Caller) -> None:
    app = (await caller.change("appCreate", APP, name="Board", scopes=["READ_METRICS"]))["app"]
    for _ in range(3):
        turned = await caller.change("appSecretRotate", APP, appId=app["id"])
    assert len(turned["app"]["secrets"]) == 2


async def test_the_newest_of_them_works_on_for_the_overlap(caller: Caller) -> None:
    app = (await caller.change("appCreate", APP, name="Board", scopes=["READ_METRICS"]))["app"]
    await caller.change("appSecretRotate", APP, appId=app["id"], overlapSeconds=60)
    turned = await caller.change("appSecretRotate", APP, appId=app["id"], overlapSeconds=86_400)
    (old, _) = turned["app"]["secrets"]
    assert timedelta(hours=23) < datetime.fromisoformat(old["expiresAt"]) - datetime.now(UTC) <= timedelta(days=1)


async def test_what_is_known_of_an_app_is_changed(http: httpx2.AsyncClient, caller: Caller) -> None:
    made = await caller.change("appCreate", APP, name="Board", scopes=["READ_METRICS", "WRITE_KPIS"])
    app, selection = made["app"], "app { name redirectUris scopes }"
    renamed = (await caller.change("appUpdate", selection, appId=app["id"], name=" Wall "))["app"]
    assert renamed == {"name": "Wall", "redirectUris": [], "scopes": ["READ_METRICS", "WRITE_KPIS"]}
    uris = ["https://wall.example/back"]
    narrowed = await caller.change("appUpdate", selection, appId=app["id"], scopes=["READ_METRICS"], redirectUris=uris)
    assert narrowed["app"] == {"name": "Wall", "redirectUris": uris, "scopes": ["READ_METRICS"]}
    form = {"grant_type": "client_credentials"}
    token = (await http.post("/oauth/token", data=form, auth=(app["clientId"], made["clientSecret"]))).json()
    assert token["scope"] == "read_metrics"
    await caller.change("appArchive", appId=app["id"])
    refused = await caller.refusal("appUpdate", appId=app["id"], name="Board")
    assert (refused.code, refused.field) == ("ALREADY_ARCHIVED", ("input", "appId"))


@pytest.mark.parametrize(
    ("input", "code", "field"),
    [
        ({"scopes": []}, "SCOPE_MISSING", "scopes"),
        ({"redirectUris": []}, "REDIRECT_URI_MISSING", "redirectUris"),
        ({"redirectUris": ["http://front.example/"]}, "REDIRECT_URI_INVALID", "redirectUris"),
        ({"name": " "}, "NAME_INVALID", "name"),
    ],
)
async def test_a_change_that_makes_no_sense(
    caller: Caller, ledger: Ledger, input: dict[str, object], code: str, field: str
) -> None:
    front = {"name": "Front", "kind": "PUBLIC", "scopes": ["READ_METRICS"], "redirectUris": ["https://front.example/"]}
    app = (await caller.change("appCreate", APP, **front))["app"]
    before = await ledger.read()
    refused = await caller.refusal("appUpdate", appId=app["id"], **{"name": "Front", **input})
    assert (refused.code, refused.path) == (code, ("input", field))
    assert await ledger.read() == before


async def test_whoever_changes_where_people_are_sent_may_what_the_app_may(
    http: httpx2.AsyncClient, machine: Machine, caller: Caller, ledger: Ledger
) -> None:
    """In their name they could. Nor does anybody give what they lack; to take away and to rename is open to them."""
    app = (await caller.change("appCreate", APP, name="Board", scopes=["READ_METRICS", "WRITE_KPIS"]))["app"]
    manager = await sign_in(http, machine, ApiScope.MANAGE_ORGANIZATION, ApiScope.READ_METRICS)
    before = await ledger.read()
    for field, value in (("redirectUris", ["https://evil.example/"]), ("scopes", ["READ_METRICS", "WRITE_KPIS"])):
        refused = await manager.refusal("appUpdate", **{"appId": app["id"], field: value})
        assert (refused.code, refused.field) == ("SCOPE_BEYOND_YOURS", ("input", field))
    assert await ledger.read() == before
    await manager.change("appUpdate", appId=app["id"], name="Wall")
    await manager.change("appUpdate", appId=app["id"], scopes=["READ_METRICS"])


async def test_what_people_allowed_does_not_grow_with_the_app(
    http: httpx2.AsyncClient, world: World, machine: Machine, caller: Caller, front_end: KnownApp
) -> None:
    gid = encode(Kind.APP, machine.organization_id, front_end.app_id)
    await caller.change("appUpdate", appId=gid, scopes=["READ_METRICS"])
    person = await new_person(world.database, machine.organization_id, MemberRole.OWNER)
    http.cookies.clear()
    visit = Visit(http, front_end, {"scope": None})
    allowed = (await visit.redeem((await visit.authorize(person))["code"])).json()
    assert allowed["scope"] == "read_metrics"
    await caller.change("appUpdate", appId=gid, scopes=["READ_METRICS", "WRITE_KPIS"])
    form = {"grant_type": "refresh_token", "client_id": front_end.client_id}
    renewed = await http.post("/oauth/token", data={**form, "refresh_token": allowed["refresh_token"]})
    assert renewed.json()["scope"] == "read_metrics"


async def test_an_app_that_is_put_away_signs_in_no_more(http: httpx2.AsyncClient, caller: Caller) -> None:
    made = await caller.change("appCreate", APP, name="Board", scopes=["READ_METRICS"])
    app = made["app"]
    archived = (await caller.change("appArchive", ONE, appId=app["id"]))["app"]
    assert archived["archivedAt"] is not None
    assert archived["secrets"] == []
    assert not await signs_in(http, app["clientId"], made["clientSecret"])
    listed = (await caller.ask(APPS)).data["viewer"]["organization"]["apps"]["nodes"]
    assert app["id"] not in [each["id"] for each in listed]
    for again in ("appArchive", "appSecretRotate"):
        refused = await caller.refusal(again, appId=app["id"])
        assert (refused.code, refused.field) == ("ALREADY_ARCHIVED", ("input", "appId"))


async def test_a_change_of_an_app_is_in_the_organizations_audit(
    caller: Caller, machine: Machine, ledger: Ledger
) -> None:
    made = await caller.change("appCreate", APP, name="Board", scopes=["READ_METRICS"])
    await caller.change("appSecretRotate", appId=made["app"]["id"])
    await caller.change("appArchive", appId=made["app"]["id"])
    rows = await ledger.connection.fetch(
        "SELECT action, actor_kind, actor_id, subject_id, changes::text FROM organization_audit_entries"
        " WHERE organization_id = $1 ORDER BY at",
        machine.organization_id,
    )
    assert [row["action"] for row in rows] == ["appCreate", "appSecretRotate", "appArchive"]
    assert {(row["actor_kind"], row["actor_id"]) for row in rows} == {("APP", str(machine.actor.app_id))}
    assert {row["subject_id"] for row in rows} == {made["app"]["id"]}
    assert all("Board" not in row["changes"] and made["clientSecret"] not in row["changes"] for row in rows)
