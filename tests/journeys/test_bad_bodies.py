"""Bodies that no app of ours sends, at every door that takes one."""

import pytest

from shared.policy.notices import notices
from tests.journeys.town import START, Town

NOTICE = notices().in_force(START).ref
DOORS = {
    "/oauth_start": b'{"provider": "google_fit", "kinds": ["steps"]}',
    "/connection/confirm": b'{"code": "%s"}' % (b"a" * 43),
    "/connection/sync": b'{"provider": "google_fit"}',
    "/consent": (
        b'{"changes": [{"purpose": "qolms_store", "kind": "steps", "recipient": "qolms", "decision": "give"}],'
        b' "if_epoch": 0, "notice": {"version": "%s", "sha256": "%s"}}'
        % tuple(part.encode() for part in (NOTICE.version, NOTICE.sha256))
    ),
    "/measurement/zone": b'{"zone": "Asia/Tokyo"}',
}
MIB = 1 << 20


def bad(good: bytes) -> dict[str, tuple[bytes, int, str]]:
    """Ways to spoil a good body, and what each is answered with."""
    first = good[1 : good.index(b":")]
    return {
        "a byte over one MiB": (good[:-1] + b" " * (MIB + 1 - len(good)) + b"}", 413, "body_too_large"),
        "ten MiB": (good + b" " * (10 * MIB), 413, "body_too_large"),
        "nested 100,000 deep": (b"[" * 100_000 + b"]" * 100_000, 400, "body_not_json"),
        "nested 100,000 deep in a member": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400, "body_not_json"),
        "NaN": (good[:-1] + b', "n": NaN}', 400, "body_not_json"),
        "Infinity": (good[:-1] + b', "n": -Infinity}', 400, "body_not_json"),
        "a name twice": (b"{" + first + b": null, " + good[1:], 400, "body_not_json"),
        "invalid UTF-8": (good[:-1] + b', "\xff": 1}', 400, "body_not_json"),
        "UTF-16": (good.decode().encode("utf-16"), 400, "body_not_json"),
        "half a surrogate pair": (good[:-1] + b', "x": "\\ud800"}', 400, "body_not_json"),
        "a form": (b"provider=google_fit", 400, "body_not_json"),
        "cut short": (good[:-1], 400, "body_not_json"),
        "an unknown member": (good[:-1] + b', "uid": "ken"}', 400, "body_invalid"),
        "a list": (b"[" + good + b"]", 400, "body_invalid"),
        "a number": (b"1", 400, "body_invalid"),
        "null": (b"null", 400, "body_invalid"),
        "a wrong type": (b"{" + first + b": 1}", 400, "body_invalid"),
        "a wrong type deeper down": (b"{" + first + b': [{"a": [1]}]}', 400, "body_invalid"),
    }


@pytest.mark.parametrize("door", DOORS)
async def test_a_spoilt_body_is_refused_with_a_word_for_why(town: Town, door: str):
    hana = town.person("hana", devices=[])
    for what, (body, status, code) in bad(DOORS[door]).items():
        answer = await hana.call("POST", door, raw=body)
        assert (answer.status, answer.code) == (status, code), what
    for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = await hana.call("POST", door, raw=DOORS[door], headers={"Content-Type": media})
        assert (answer.status, answer.code) == (400, "body_not_json"), media
    assert await hana.connection() is None
    assert (await hana.call("GET", "/consent")).json["epoch"] == 0
    good = await hana.call("POST", door, raw=DOORS[door])
    assert good.code in ("", "link_invalid", "not_connected")


async def test_a_body_of_one_mebibyte_is_read(town: Town):
    hana = town.person("hana", devices=[])
    good = DOORS["/measurement/zone"]
    answer = await hana.call("POST", "/measurement/zone", raw=good[:-1] + b" " * (MIB - len(good)) + b"}")
    assert answer.status == 200


async def test_kinds_are_named_once_each_and_are_ours(town: Town):
    hana = town.person("hana", devices=[])
    for kinds in ([], ["steps", "steps"], ["location"], ["STEPS"], [""], "steps", None, [None], [1]):
        answer = await hana.call("POST", "/oauth_start", body={"provider": "google_fit", "kinds": kinds})
        assert (answer.status, answer.code) == (400, "body_invalid"), kinds
    for provider in ("fitbit", "", None, 1):
        answer = await hana.call("POST", "/oauth_start", body={"provider": provider, "kinds": ["steps"]})
        assert (answer.status, answer.code) == (400, "body_invalid")
