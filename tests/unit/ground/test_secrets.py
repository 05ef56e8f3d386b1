import os
import threading
import time
from pathlib import Path
from uuid import uuid4

import pytest

from tenants.secrets.hashing import hash_password, hash_token, new_secret, password_matches
from tenants.secrets.keyring import MEMORY_SECONDS, DirectoryKeyRing, KeyMissing, MasterKeyWrong
from tenants.secrets.sealing import SealBroken, place

MASTER = os.urandom(32)


@pytest.fixture
def ring(tmp_path: Path) -> DirectoryKeyRing:
    return DirectoryKeyRing(tmp_path / "ring", MASTER)


def test_what_was_sealed_opens_in_its_place_only(ring: DirectoryKeyRing) -> None:
    tenant, other, row = uuid4(), uuid4(), uuid4()
    sealed = ring.create(tenant).seal(b"shpat_secret", place(tenant, row, "access", 1))
    assert b"shpat_secret" not in sealed
    assert ring.key_of(tenant).unseal(sealed, place(tenant, row, "access", 1)) == b"shpat_secret"
    for wrong in (
        place(tenant, row, "refresh", 1),
        place(tenant, uuid4(), "access", 1),
        place(tenant, row, "access", 2),
    ):
        with pytest.raises(SealBroken):
            ring.key_of(tenant).unseal(sealed, wrong)
    with pytest.raises(SealBroken):
        ring.create(other).unseal(sealed, place(tenant, row, "access", 1))


@pytest.mark.parametrize("position", [0, 1, 5, 20, -1])
def test_an_altered_byte_is_found(ring: DirectoryKeyRing, position: int) -> None:
    tenant = uuid4()
    sealed = bytearray(ring.create(tenant).seal(b"value", b"place"))
    sealed[position] ^= 1
    with pytest.raises(SealBroken):
        ring.key_of(tenant).unseal(bytes(sealed), b"place")


def test_after_a_rotation_old_values_open_and_new_ones_use_the_new_key(ring: DirectoryKeyRing) -> None:
    tenant = uuid4()
    old = ring.create(tenant).seal(b"old", b"p")
    rotated = ring.rotate(tenant)
    new = rotated.seal(b"new", b"p")
    assert (old[1], new[1]) == (1, 2)
    assert rotated.unseal(old, b"p") == b"old"
    assert rotated.unseal(new, b"p") == b"new"


def test_people_are_found_again_after_a_rotation(ring: DirectoryKeyRing) -> None:
    tenant = uuid4()
    before = ring.create(tenant).subject_id("shopify:x", "42")
    assert ring.rotate(tenant).subject_id("shopify:x", "42") == before
    assert ring.create(uuid4()).subject_id("shopify:x", "42") != before


def test_a_dropped_key_is_gone_for_every_process_within_the_minute(
    ring: DirectoryKeyRing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = uuid4()
    ring.create(tenant)
    elsewhere = DirectoryKeyRing(tmp_path / "ring", MASTER)
    elsewhere.key_of(tenant)
    ring.drop(tenant)
    with pytest.raises(KeyMissing):
        ring.key_of(tenant)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + MEMORY_SECONDS + 1)
    with pytest.raises(KeyMissing):
        elsewhere.key_of(tenant)


def test_another_master_key_opens_nothing(ring: DirectoryKeyRing, tmp_path: Path) -> None:
    tenant = uuid4()
    ring.create(tenant)
    with pytest.raises(MasterKeyWrong):
        DirectoryKeyRing(tmp_path / "ring", os.urandom(32)).key_of(tenant)


def test_of_many_who_create_at_once_all_get_one_key(ring: DirectoryKeyRing, tmp_path: Path) -> None:
    tenant = uuid4()
    rings = [DirectoryKeyRing(tmp_path / "ring", MASTER) for _ in range(8)]
    made: list[bytes] = []
    threads = [threading.Thread(target=lambda each=each: made.append(each.create(tenant).matching)) for each in rings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1


def test_key_files_are_their_owners_alone(ring: DirectoryKeyRing, tmp_path: Path) -> None:
    tenant = uuid4()
    ring.create(tenant)
    files = list((tmp_path / "ring").iterdir())
    assert [file.name for file in files] == [f"{tenant}.key"]
    assert files[0].stat().st_mode & 0o777 == 0o600


def test_passwords_match_themselves_and_nobody_matches_none() -> None:
    stored = hash_password("correct horse battery staple")
    assert "correct" not in stored
    assert password_matches(stored, "correct horse battery staple")
    assert not password_matches(stored, "Correct horse battery staple")
    assert not password_matches(None, "correct horse battery staple")


def test_secrets_are_long_and_never_twice() -> None:
    drawn = {new_secret("azs") for _ in range(100)}
    assert len(drawn) == 100
    assert all(each.startswith("azs_") and len(each) >= 46 for each in drawn)
    assert len({hash_token(each) for each in drawn}) == 100
