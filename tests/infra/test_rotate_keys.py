from infra.rotate_keys import rewrap_all
from shared.cloud.vault import WRAPPING_KEY, DataKeys
from tests.fakes import MemorySecrets


async def test_every_key_is_wrapped_anew_once_and_still_opens(documents, clock):
    secrets = MemorySecrets({WRAPPING_KEY: [b"w" * 32]})
    keys = DataKeys(documents, secrets, clock)
    before = {uid: await keys.ensure(uid) for uid in (f"user{n}" for n in range(7))}
    await keys.destroy("user3")
    assert await rewrap_all(documents, keys) == (7, 0)
    secrets.rotate(WRAPPING_KEY, b"n" * 32)
    assert await rewrap_all(documents, keys) == (7, 6)
    assert await rewrap_all(documents, keys) == (7, 0)
    assert {uid: await keys.key(uid) for uid in before if uid != "user3"} == {
        u: k for u, k in before.items() if u != "user3"
    }
