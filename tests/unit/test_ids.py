from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.ids import (
    OF_ORGANIZATIONS,
    OF_PEOPLE,
    OWNERS,
    Kind,
    decode,
    decode_as,
    decode_tenant,
    encode,
    organization_gid,
    tenant_gid,
)
from tenants.errors import NotFound


@given(st.sampled_from([kind for kind in Kind if kind not in OWNERS]), st.uuids(), st.uuids())
def test_an_id_comes_back_as_it_went(kind: Kind, owner: UUID, id: UUID) -> None:
    decoded = decode(encode(kind, owner, id))
    assert (decoded.kind, decoded.owner, decoded.id) == (kind, owner, id)


def test_an_owners_id_is_its_own() -> None:
    owner = uuid4()
    for kind, gid in ((Kind.TENANT, tenant_gid(owner)), (Kind.ORGANIZATION, organization_gid(owner))):
        decoded = decode_as(kind, gid)
        assert decoded.owner == decoded.id == owner


@given(st.sampled_from(Kind), st.uuids(), st.uuids())
def test_what_belongs_to_no_tenant_names_none(kind: Kind, owner: UUID, id: UUID) -> None:
    gid = encode(kind, owner, id)
    if kind in OF_ORGANIZATIONS | OF_PEOPLE:
        with pytest.raises(NotFound):
            decode_tenant(gid)
    else:
        assert decode_tenant(gid) == owner


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
