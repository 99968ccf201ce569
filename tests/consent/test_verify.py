"""A receipt is checked by anybody, offline: genuine ones pass, and nothing that was forged, altered or swapped does."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jwt.api_jws import PyJWS

from shared.cloud.signing import keys_of
from shared.consent.model import Decision
from shared.consent.receipts import KEY, TYPE
from shared.consent.verify import REASONS, check, main
from shared.policy.notices import Notices
from shared.vocabulary import Kind
from tests.consent.receipts import OTHER_SEED, SEED, House

OUR_KEY = Ed25519PrivateKey.from_private_bytes(SEED)
Alter = Callable[[dict[str, Any]], None]


@pytest.fixture
async def house(sqlite_documents, clock) -> House:
    """Two people; hana decided twice, the first time about three kinds."""
    made = House(sqlite_documents, clock)
    await made.decide(Decision.GIVE, Kind.SLEEP, Kind.STEPS, Kind.WEIGHT)
    await made.decide(Decision.WITHDRAW, Kind.SLEEP)
    await made.decide(Decision.GIVE, Kind.SLEEP, uid="taro")
    return made


async def jws_of(house: House, decision: str = "1", uid: str = "hana") -> str:
    jws = (await house.receipts.find(uid, decision)).jws
    assert jws is not None
    return jws


async def keys(house: House) -> dict[str, Ed25519PublicKey]:
    return keys_of(await house.keys())


def payload_of(jws: str) -> Any:
    segment = jws.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))


def resigned(payload: Any, key: Ed25519PrivateKey = OUR_KEY, **header: Any) -> str:
    """What somebody with the key could make of `payload`: so that only what it says can give it away."""
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return PyJWS(["EdDSA"]).encode(raw, key, algorithm="EdDSA", headers={"kid": "1", "typ": TYPE, **header})


async def test_a_receipt_is_genuine(house: House):
    for uid, decision in (("hana", "1"), ("hana", "2"), ("taro", "1")):
        checked = check(await jws_of(house, decision, uid), await keys(house), house.notices)
        assert (checked.reason, checked.compared) == ("", True)
        assert checked.receipt is not None
        assert checked.receipt.decision == decision


async def test_signing_again_what_was_said_changes_nothing_so_the_cases_below_are_caught_by_what_they_say(house: House):
    jws = await jws_of(house)
    assert check(resigned(payload_of(jws)), await keys(house), house.notices).reason == ""


async def test_a_receipt_under_another_key_is_refused_even_if_that_key_claims_our_id(house: House):
    forged = resigned(payload_of(await jws_of(house)), Ed25519PrivateKey.generate())
    assert check(forged, await keys(house), house.notices).reason == "signature"


@pytest.mark.parametrize(("uid", "decision"), [("taro", "1"), ("hana", "2")], ids=["another person", "another epoch"])
async def test_another_receipt_s_payload_under_this_signature_is_refused(house: House, uid: str, decision: str):
    header, _, signature = (await jws_of(house)).split(".")
    _, payload, _ = (await jws_of(house, decision, uid)).split(".")
    assert check(f"{header}.{payload}.{signature}", await keys(house), house.notices).reason == "signature"


async def test_a_swapped_key_id_is_refused(house: House):
    house.secrets.rotate(KEY, OTHER_SEED)
    payload = payload_of(await jws_of(house))
    published = await keys(house)
    assert published.keys() == {"1", "2"}
    assert check(resigned(payload, kid="2"), published, house.notices).reason == "signature"
    assert check(resigned(payload, kid="9"), published, house.notices).reason == "key_unknown"


async def test_after_a_rotation_an_old_receipt_is_still_genuine(house: House):
    old = await jws_of(house)
    house.secrets.rotate(KEY, OTHER_SEED)
    for jws in (old, await jws_of(house)):
        assert check(jws, await keys(house), house.notices).reason == ""
    assert old != await jws_of(house)


async def test_what_our_key_signed_as_something_else_is_no_receipt(house: House):
    payload = payload_of(await jws_of(house))
    assert check(resigned(payload, typ="JWT"), await keys(house), house.notices).reason == "type"


def _set(path: list[Any], value: Any) -> Alter:
    def alter(payload: dict[str, Any]) -> None:
        node: Any = payload
        for name in path[:-1]:
            node = node[name]
        assert node[path[-1]] != value
        node[path[-1]] = value

    return alter


def _reversed(payload: dict[str, Any]) -> None:
    payload["dpv:hasProcess"].reverse()


def _without(place: int) -> Alter:
    return lambda payload: payload["dpv:hasProcess"].pop(place)


def _twice(payload: dict[str, Any]) -> None:
    payload["dpv:hasProcess"].append(payload["dpv:hasProcess"][-1])


FIRST = ["dpv:hasProcess", 0]


@pytest.mark.parametrize(
    ("alter", "reason"),
    [
        (_set([*FIRST, "event", "state"], "refused"), "hash"),
        (_set([*FIRST, "event", "cell"], "qolms_store|heart_rate|qolms"), "hash"),
        (_set([*FIRST, "event", "at"], "2026-11-22T00:00:00Z"), "hash"),
        (_set([*FIRST, "event", "previous"], "0" * 64), "hash"),
        (_set([*FIRST, "event", "hash"], "0" * 64), "hash"),
        (_set([*FIRST, "event", "notice", "sha256"], "0" * 64), "hash"),
        (_reversed, "chain"),
        (_without(1), "chain"),
        (_twice, "chain"),
        (_set(["epoch"], 2), "decision"),
        (_set(["dpv:hasNotice", "version"], "2030-01-01"), "decision"),
        (_set(["dpv:hasNotice", "sha256"], "0" * 64), "notice"),
        (_set(["decision"], "2"), "record"),
        (_set(["dct:identifier"], "urn:x"), "record"),
        (_set(["dpv:hasDataSubject"], "0" * 64), "record"),
        (_set(["dpv:isIndicatedBy", "role"], "guardian"), "record"),
        (_set(["dpv:isIndicatedAtTime"], "2026-11-22T00:00:00Z"), "record"),
        (_set(["dpv:hasNotice", "dct:language"], "ja"), "record"),
        (_set(["dpv:hasDataController", "id"], "other"), "record"),
        (_set(["dpv:hasJurisdiction"], "US"), "record"),
        (_set([*FIRST, "dpv:hasPurpose", "code"], "health_guidance"), "record"),
        (_set([*FIRST, "dpv:hasPersonalData", "kind"], "heart_rate"), "record"),
        (_set([*FIRST, "dpv:hasPersonalData", "sensitive"], False), "record"),
        (_set([*FIRST, "dpv:hasRecipient", "id"], "institution:x"), "record"),
        (_set([*FIRST, "dpv:hasRecipient", "address"], "elsewhere"), "record"),
        (_set([*FIRST, "dpv:hasConsentStatus"], "dpv:ConsentWithdrawn"), "record"),
        (_set([*FIRST, "dct:valid"], "2030-01-01T00:00:00Z"), "record"),
        (_set([*FIRST, "dpv:hasStorageCondition", "retention"], None), "record"),
        (_set(["dpv:hasProcess"], []), "content"),
        (_set(["dpv:hasProcess"], None), "content"),
        (lambda payload: payload.update({"extra": 1}), "content"),
        (lambda payload: payload.pop("dpv:hasDataController"), "content"),
    ],
)
async def test_what_differs_from_the_lines_or_the_notice_is_refused_even_under_our_own_key(
    house: House, alter: Alter, reason: str
):
    payload = payload_of(await jws_of(house))
    alter(payload)
    assert check(resigned(payload), await keys(house), house.notices).reason == reason


@pytest.mark.parametrize("payload", [b"null", b"[]", b"{}", b"\xff", b"[" * 5000])
async def test_a_signature_over_anything_else_is_no_receipt(house: House, payload: bytes):
    assert check(resigned(payload), await keys(house), house.notices).reason == "content"


async def test_lines_of_two_decisions_do_not_make_one_receipt(house: House):
    first, second = payload_of(await jws_of(house, "1")), payload_of(await jws_of(house, "2"))
    first["dpv:hasProcess"] += second["dpv:hasProcess"]
    assert check(resigned(first), await keys(house), house.notices).reason == "decision"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_whatever_leaf_is_altered_is_found_but_for_how_consent_is_withdrawn(house: House, data: st.DataObject):
    payload = payload_of(await jws_of(house))
    paths = [path for path in _leaves(payload) if path[:2] != ("dpv:hasConsentControl", "method")]
    path = data.draw(st.sampled_from(paths))
    node: Any = payload
    for name in path[:-1]:
        node = node[name]
    old = node[path[-1]]
    new = data.draw(st.sampled_from(["", "x", "2026-10-01", 0, 1, 2, True, False, None]))
    if new == old and type(new) is type(old):
        return
    node[path[-1]] = new
    assert check(resigned(payload), await keys(house), house.notices).reason in REASONS


def _leaves(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else None
    if inner is None:
        return [path]
    return [leaf for name, below in inner for leaf in _leaves(below, (*path, name))]


# the command


@pytest.fixture
async def folder(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "receipt.jws").write_text(await jws_of(house) + "\n")
    (tmp_path / "keys.json").write_bytes(await house.keys())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_says_in_both_languages_that_a_receipt_is_genuine(folder: Path, capsys):
    assert main(["receipt.jws"]) == 0
    told = capsys.readouterr().out
    assert "本物です" in told
    assert "GENUINE" in told
    assert "qolms_store|sleep|qolms  given" in told
    assert "Note:" not in told


def test_the_command_says_in_both_languages_why_a_receipt_is_not(folder: Path, capsys):
    jws = (folder / "receipt.jws").read_text().strip()
    header, payload, signature = jws.split(".")
    (folder / "none.jws").write_text(f"{header}.{payload}.")
    (folder / "altered.jws").write_text(f"{header}.{payload[:-4]}AAAA.{signature}")
    for name, japanese, english in (
        ("none.jws", REASONS["shape"].ja, REASONS["shape"].en),
        ("altered.jws", REASONS["signature"].ja, REASONS["signature"].en),
    ):
        assert main([name, "--keys", "keys.json"]) == 1
        told = capsys.readouterr().out
        for words in ("無効です", "NOT VALID", japanese, english):
            assert words in told


@pytest.mark.parametrize("arguments", [["missing.jws"], ["receipt.jws", "--keys", "missing.json"]])
def test_without_its_files_the_command_judges_nothing(folder: Path, capsys, arguments: list[str]):
    assert main(arguments) == 2
    told = capsys.readouterr().out
    assert "判定できません" in told
    assert "CANNOT BE JUDGED" in told


@pytest.mark.parametrize("content", ["", "{}", "nonsense", '{"keys":[]}', "[" * 100_000])
def test_without_a_key_set_the_command_judges_nothing(folder: Path, content: str):
    (folder / "keys.json").write_text(content)
    assert main(["receipt.jws"]) == 2


def test_a_command_that_is_misspelt_judges_nothing(folder: Path, capsys):
    with pytest.raises(SystemExit) as left:
        main([])
    assert left.value.code == 2


async def test_a_notice_that_is_not_at_hand_leaves_a_genuine_receipt_genuine_and_says_so(house: House):
    checked = check(await jws_of(house), await keys(house), Notices(()))
    assert (checked.reason, checked.compared) == ("", False)


def test_each_reason_has_words_in_both_languages():
    for words in REASONS.values():
        assert any("ぁ" <= letter <= "ん" for letter in words.ja)
        assert words.en.isascii()


async def test_how_consent_is_withdrawn_may_be_worded_better_later(house: House):
    payload = payload_of(await jws_of(house))
    payload["dpv:hasConsentControl"]["method"] = {"ja": "以前の文言", "en": "earlier words"}
    assert check(resigned(payload), await keys(house), house.notices).reason == ""
    assert msgspec.json.decode(json.dumps(payload))["dpv:hasConsentControl"]["contact"]
