from infra.manifest import ROOT, load
from infra.rotate_keys import reindex_all, rewrap_all
from shared.cloud.documents import Query
from shared.cloud.vault import WRAPPING_KEY, DataKeys, KeyShredder
from shared.profile.blind import MATCH_KEY
from shared.profile.model import Field
from tests.fakes import MemorySecrets
from tests.profile.world import HANA, world_at


async def test_every_key_is_wrapped_anew_once_and_still_opens(documents, clock):
    secrets = MemorySecrets({WRAPPING_KEY: [b"w" * 32]})
    keys = DataKeys(documents, secrets)
    before = {uid: await keys.ensure(uid) for uid in (f"user{n}" for n in range(7))}
    await KeyShredder(documents, clock).destroy("user3", 1)
    assert await rewrap_all(documents, keys) == (7, 0)
    secrets.rotate(WRAPPING_KEY, b"n" * 32)
    assert await rewrap_all(documents, keys) == (7, 6)
    assert await rewrap_all(documents, keys) == (7, 0)
    assert {uid: await keys.key(uid) for uid in before if uid != "user3"} == {
        u: k for u, k in before.items() if u != "user3"
    }


async def test_everybody_is_indexed_anew_once_and_still_found(tmp_path, clock, ids):
    world = world_at(tmp_path, clock, ids)
    for uid in ("hana", "yuki", "ken"):
        await world.give(uid, {**HANA, Field.MEMBER_ID: uid})
    await world.default.commit(await world.eraser().forgetting("ken"))
    await KeyShredder(world.keys, clock).destroy("yuki", 1)
    assert await reindex_all(world.default, world.store()) == (3, 0)
    world.secrets.rotate(MATCH_KEY, b"n" * 32)
    assert await reindex_all(world.default, world.store()) == (3, 1)
    assert await reindex_all(world.default, world.store()) == (3, 0)
    held = (await world.profiles().see("hana")).profile
    found = [one for one in await world.default.query(Query("profile_index")) if len(one.data["entries"]) == 1]
    assert len(found) == 8, "hers anew, and those of somebody whose key is gone"
    assert "hana" in await world.blind().candidates(held, most=4)
    await world.default.close()
    await world.keys.close()


def test_a_page_says_when_and_how_each_secret_is_renewed():
    page = (ROOT / "infra/playbooks/planned/rotate_keys.md").read_text(encoding="utf-8")
    for secret in load().secrets:
        assert page.count(f"## {secret}\n") == 2
    assert page.count("make rotate-keys DOCUMENTS=firestore PROJECT=") == 2
    assert "早くても 8 日後" in page
    assert "eight days at the earliest" in page
    assert load().databases["keys"].backup_days < 8
    assert "planned/rotate_keys.md" in (ROOT / "infra/playbooks/secrets_refused.md").read_text(encoding="utf-8")
