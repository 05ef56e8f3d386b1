"""The control desk's calls for practice sign-ins. A wrong call answers 400 and changes nothing."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.openid.state import FAULTS, Client, Fault, Key, Person, Realm, Realms

Content = dict[str, Any]
Action = Callable[[Realm, Content], None]


def add_client(realm: Realm, content: Content) -> None:
    client = Client(content["client_id"], content["client_secret"], tuple(content["redirect_uris"]))
    realm.clients[client.client_id] = client


def add_person(realm: Realm, content: Content) -> None:
    person = Person(**content)
    realm.people[person.subject] = person


def order_fault(realm: Realm, content: Content) -> None:
    endpoint, kind = content["endpoint"], content["kind"]
    if kind not in FAULTS[endpoint]:
        raise ValueError(kind)
    fault = Fault(kind, float(content.get("seconds", 0)))
    realm.faults[endpoint].extend([fault] * int(content.get("times", 1)))


def clear_faults(realm: Realm, content: Content) -> None:
    realm.faults.clear()


def rotate_key(realm: Realm, content: Content) -> None:
    realm.key = Key()


def change(realm: Realm, content: Content) -> None:
    if content["tells_email_at"] not in ("id_token", "userinfo"):
        raise ValueError("tells_email_at")
    realm.tells_email_at = content["tells_email_at"]


TABLE: list[tuple[str, str, Action]] = [
    ("PATCH", "", change),
    ("POST", "/clients", add_client),
    ("POST", "/people", add_person),
    ("POST", "/faults", order_fault),
    ("DELETE", "/faults", clear_faults),
    ("POST", "/keys", rotate_key),
]


def control_routes(realms: Realms) -> list[BaseRoute]:
    def answering(action: Action) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            try:
                action(realms.open(request.path_params["realm"]), json.loads(await request.body() or b"{}"))
            except (KeyError, TypeError, ValueError) as error:
                return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)
            return JSONResponse({})

        return respond

    return [Route(f"/openid/{{realm}}{path}", answering(action), methods=[method]) for method, path, action in TABLE]
