from infra.manifest import ROOT, load
from infra.rotate_keys import rewrap_all
from shared.cloud.vault import WRAPPING_KEY, DataKeys, KeyShredder
from tests.fakes import MemorySecrets


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


def test_a_page_says_when_and_how_each_secret_is_renewed():
    page = (ROOT / "infra/playbooks/planned/rotate_keys.md").read_text(encoding="utf-8")
    for secret in load().secrets:
        assert page.count(f"## {secret}\n") == 2
    assert page.count("make rotate-keys DOCUMENTS=firestore PROJECT=") == 2
    assert "早くても 8 日後" in page
    assert "eight days at the earliest" in page
    assert load().databases["keys"].backup_days < 8
    assert "planned/rotate_keys.md" in (ROOT / "infra/playbooks/secrets_refused.md").read_text(encoding="utf-8")
