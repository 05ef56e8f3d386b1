from uuid import UUID, uuid4

import pytest

from tenants.scope import Scope

A, B = UUID(int=1), UUID(int=2)


def test_a_scope_says_each_thing_in_a_statement_of_its_own() -> None:
    scope = Scope(organization_id=A, person_id=B, tenant_id=A, readable=frozenset({B, A}))
    assert list(scope.statements()) == [
        f"SET LOCAL app.organization_id = '{A.hex}'",
        f"SET LOCAL app.person_id = '{B.hex}'",
        f"SET LOCAL app.tenant_ids = '{{{A.hex},{B.hex}}}'",
        f"SET LOCAL app.tenant_id = '{A.hex}'",
    ]


def test_an_empty_scope_says_nothing() -> None:
    assert list(Scope().statements()) == []


def test_who_writes_a_tenant_reads_it() -> None:
    tenant = uuid4()
    assert Scope.of_tenant(tenant).readable == {tenant}


@pytest.mark.parametrize("value", ["x'; DROP TABLE tenants; --", b"1234567890123456", 7])
def test_only_uuids_become_sql(value: object) -> None:
    with pytest.raises(TypeError):
        list(Scope(tenant_id=value).statements())  # type: ignore[arg-type]


def test_what_a_subclass_calls_itself_does_not_matter() -> None:
    class Sly(UUID):
        def __str__(self) -> str:
            return "' OR true --"

        @property
        def bytes(self) -> bytes:
            class Slier(bytes):
                def hex(self, *_: object) -> str:
                    return "' OR true --"

            return Slier(super().bytes)

    assert list(Scope(tenant_id=Sly(int=1)).statements()) == [f"SET LOCAL app.tenant_id = '{A.hex}'"]
