from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.ids import Kind, decode, decode_as, encode, tenant_gid
from tenants.errors import NotFound


@given(st.sampled_from([kind for kind in Kind if kind is not Kind.TENANT]), st.uuids(), st.uuids())
def test_an_id_comes_back_as_it_went(kind: Kind, tenant_id: UUID, id: UUID) -> None:
    decoded = decode(encode(kind, tenant_id, id))
    assert (decoded.kind, decoded.tenant_id, decoded.id) == (kind, tenant_id, id)


def test_a_tenants_id_is_its_own() -> None:
    tenant_id = uuid4()
    decoded = decode_as(Kind.TENANT, tenant_gid(tenant_id))
    assert decoded.tenant_id == decoded.id == tenant_id


@given(st.text(max_size=80))
def test_whatever_is_no_id_is_simply_not_found(text: str) -> None:
    with pytest.raises(NotFound):
        decode(text)


def test_an_id_of_another_kind_is_not_found() -> None:
    with pytest.raises(NotFound) as refused:
        decode_as(Kind.KPI, encode(Kind.TARGET, uuid4(), uuid4()), field=("kpiId",))
    assert refused.value.field == ("kpiId",)


@pytest.mark.parametrize("text", ["kpi_", "kpi_AAAA", "ten_" + "A" * 43, "kpi_" + "A" * 22, "kpi_" + "!" * 43])
def test_a_cut_or_padded_id_is_not_found(text: str) -> None:
    with pytest.raises(NotFound):
        decode(text)
