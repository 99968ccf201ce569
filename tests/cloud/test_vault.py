import pytest

from shared.cloud.seal import version_of
from shared.cloud.vault import TOKEN_KEY, WRAPPING_KEY, DataKeys, KeyShredder, TokenVault
from shared.errors import NotFound, Refused
from tests.fakes import MemorySecrets


@pytest.fixture
def secrets():
    return MemorySecrets({WRAPPING_KEY: [b"w" * 32], TOKEN_KEY: [b"t" * 32]})


@pytest.fixture
def keys(sqlite_documents, secrets, clock):
    return DataKeys(sqlite_documents, secrets)


async def test_each_person_has_one_key_of_their_own(keys):
    first = await keys.ensure("hana")
    assert await keys.ensure("hana") == first == await keys.key("hana")
    assert await keys.ensure("yuki") != first


async def test_nobody_has_a_key_before_one_is_made(keys):
    with pytest.raises(NotFound, match="key_missing"):
        await keys.key("hana")


async def test_two_workers_who_make_a_key_at_once_get_the_same(sqlite_documents, secrets, clock):
    import asyncio

    made = await asyncio.gather(*(DataKeys(sqlite_documents, secrets).ensure("hana") for _ in range(10)))
    assert len({key.secret for key in made}) == 1


async def test_the_store_does_not_hold_the_key_itself(keys, sqlite_documents):
    key = await keys.ensure("hana")
    assert key.secret not in (await sqlite_documents.get("data_keys/hana")).data["wrapped"]


async def test_a_wrapped_key_moved_to_another_person_does_not_open(keys, sqlite_documents):
    from shared.cloud.documents import Put

    await keys.ensure("hana")
    await sqlite_documents.commit([Put("data_keys/yuki", (await sqlite_documents.get("data_keys/hana")).data)])
    with pytest.raises(Refused, match="seal_broken"):
        await keys.key("yuki")


async def test_rotation_keeps_the_data_key_and_wraps_it_anew(keys, secrets, sqlite_documents):
    key = await keys.ensure("hana")
    secrets.rotate(WRAPPING_KEY, b"n" * 32)
    assert await keys.key("hana") == key
    assert await keys.rewrap("hana") is True
    assert version_of((await sqlite_documents.get("data_keys/hana")).data["wrapped"]) == 2
    assert await keys.key("hana") == key
    assert await keys.rewrap("hana") is False


async def test_a_destroyed_key_stays_destroyed_and_who_begins_anew_gets_another(keys, sqlite_documents, clock):
    shredder = KeyShredder(sqlite_documents, clock)
    assert await shredder.generation("hana") == 0
    first = await keys.ensure("hana")
    assert await shredder.generation("hana") == 1
    await shredder.destroy("hana", 1)
    with pytest.raises(Refused, match="key_destroyed"):
        await keys.key("hana")
    assert await keys.rewrap("hana") is False
    second = await keys.ensure("hana")
    assert second.secret != first.secret
    assert await shredder.generation("hana") == 2


async def test_destroying_a_key_late_does_not_touch_a_newer_one(keys, sqlite_documents, clock, secrets):
    shredder = KeyShredder(sqlite_documents, clock)
    await keys.ensure("hana")
    await shredder.destroy("hana", 1)
    newer = await keys.ensure("hana")
    secrets.rotate("wrapping-key", b"n" * 32)
    await keys.rewrap("hana")
    await shredder.destroy("hana", 1)  # a worker that slept
    assert (await keys.key("hana")).secret == newer.secret
    await shredder.destroy("hana", 2)
    with pytest.raises(Refused, match="key_destroyed"):
        await keys.key("hana")


async def test_tokens_open_for_their_person_and_use_only(secrets):
    vault = TokenVault(secrets)
    sealed = await vault.seal("hana", "refresh", "1//token")
    assert await vault.open("hana", "refresh", sealed) == "1//token"
    assert b"1//token" not in sealed
    for uid, use in (("yuki", "refresh"), ("hana", "access")):
        with pytest.raises(Refused, match="seal_broken"):
            await vault.open(uid, use, sealed)


async def test_tokens_sealed_before_a_rotation_still_open(secrets):
    vault = TokenVault(secrets)
    old = await vault.seal("hana", "refresh", "old")
    secrets.rotate(TOKEN_KEY, b"u" * 32)
    new = await vault.seal("hana", "refresh", "new")
    assert (version_of(old), version_of(new)) == (1, 2)
    assert await vault.open("hana", "refresh", old) == "old"
    assert await vault.open("hana", "refresh", new) == "new"


async def test_fingerprint_keys_differ_by_person(secrets):
    vault = TokenVault(secrets)
    assert await vault.fingerprint_key("hana") != await vault.fingerprint_key("yuki")
    assert await vault.fingerprint_key("hana") == await vault.fingerprint_key("hana")
