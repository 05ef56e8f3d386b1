"""An integrator's view of the API: documents and variables out, status and JSON back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx2

from tests.factories.organizations import Machine

JSON = {"Content-Type": "application/json"}
USER_ERRORS = "userErrors { field message code }"


async def sign_in(http: httpx2.AsyncClient, machine: Machine, *scopes: str) -> "Caller":
    """With all the scopes of the app where none are named."""
    form = {"grant_type": "client_credentials"} | ({"scope": " ".join(scopes)} if scopes else {})
    answer = await http.post("/oauth/token", data=form, auth=machine.credentials)
    assert answer.status_code == 200, answer.text
    return Caller(http, answer.json()["access_token"])


@dataclass(frozen=True)
class Answer:
    """One answer that was executed: HTTP 200 with data, errors and extensions."""

    body: Mapping[str, Any]
    text: str

    @property
    def data(self) -> Any:
        """Without a single error."""
        assert "errors" not in self.body, self.body
        return self.body["data"]

    @property
    def error(self) -> dict[str, Any]:
        """The only error."""
        errors = self.body.get("errors")
        assert errors is not None, self.body
        assert len(errors) == 1, self.body
        error: dict[str, Any] = errors[0]
        return error

    @property
    def code(self) -> str:
        return str(self.error["extensions"]["code"])

    @property
    def anonymous(self) -> str:
        """The answer's bytes without what is said of the request."""
        return self.text.rpartition(',"extensions":')[0]


@dataclass(frozen=True)
class Refusal:
    """The one user error of a mutation that did nothing."""

    code: str
    field: tuple[str, ...]
    message: str

    @classmethod
    def of(cls, user_errors: list[dict[str, Any]]) -> "Refusal | None":
        if not user_errors:
            return None
        assert len(user_errors) == 1, user_errors
        error = user_errors[0]
        return cls(error["code"], tuple(error["field"]), error["message"])

    @property
    def path(self) -> tuple[str, ...]:
        """The field without its places in lists."""
        return tuple(name for name in self.field if not name.isdigit())


def input_type(mutation: str) -> str:
    return f"{mutation[0].upper()}{mutation[1:]}Input"


@dataclass(frozen=True)
class Caller:
    http: httpx2.AsyncClient
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def post(self, body: Any) -> httpx2.Response:
        """Whatever it is, as JSON."""
        return await self.send(json.dumps(body).encode())

    async def send(self, content: bytes, **headers: str) -> httpx2.Response:
        return await self.http.post("/graphql", content=content, headers={**JSON, **self.headers, **headers})

    async def ask(self, query: str, **variables: Any) -> Answer:
        response = await self.post({"query": query, "variables": variables})
        assert response.status_code == 200, response.text
        return Answer(response.json(), response.text)

    async def attempt(self, mutation: str, input: Mapping[str, Any], selection: str = "") -> Answer:
        kind = input_type(mutation)
        document = f"mutation M($input: {kind}!) {{ {mutation}(input: $input) {{ {selection} {USER_ERRORS} }} }}"
        return await self.ask(document, input=input)

    async def attempts(self, mutation: str, inputs: Sequence[Mapping[str, Any]]) -> list[Refusal | None]:
        """Many in one document, each a unit of its own. None where one went through."""
        variables = {f"i{at}": input for at, input in enumerate(inputs)}
        declared = ", ".join(f"${name}: {input_type(mutation)}!" for name in variables)
        fields = " ".join(f"{name}: {mutation}(input: ${name}) {{ {USER_ERRORS} }}" for name in variables)
        data = (await self.ask(f"mutation ({declared}) {{ {fields} }}", **variables)).data
        return [Refusal.of(data[name]["userErrors"]) for name in variables]

    async def change(self, mutation: str, selection: str = "", /, **input: Any) -> dict[str, Any]:
        """The payload of a mutation that goes through."""
        payload: dict[str, Any] = (await self.attempt(mutation, input, selection)).data[mutation]
        assert payload["userErrors"] == [], payload
        return payload

    async def refusal(self, mutation: str, /, **input: Any) -> Refusal:
        """Of a mutation that is refused for one reason."""
        refusal = Refusal.of((await self.attempt(mutation, input)).data[mutation]["userErrors"])
        assert refusal is not None, "it went through"
        return refusal

    def at(self, http: httpx2.AsyncClient) -> "Caller":
        """The same caller at another process."""
        return replace(self, http=http)
