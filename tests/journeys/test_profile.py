"""What is held of a person besides measurements: given, seen, changed and taken back in the app."""

from tests.journeys.town import Town

GIVEN = {
    "name": "山田　花子",
    "kana": "ヤマダ　ハナコ",
    "birth_on": "1990-04-01",
    "address": {"postal_code": "108-8210", "text": "東京都港区港南2-15-3"},
    "phone": "03-6846-1002",
    "mail": "hana@example.jp",
    "member_id": "M-00017",
}


async def test_a_person_gives_sees_changes_and_takes_back(town: Town):
    hana = town.person("hana", devices=[])
    nothing = await hana.call("GET", "/profile")
    assert (nothing.json["version"], set(nothing.json["profile"].values())) == (0, {None})
    assert [one["purpose"] for one in nothing.json["held_for"]] == ["inquiry", "request_handling"]
    assert nothing.json["held_for"][0]["title"] == "お問合せ対応"
    given = await hana.call("PUT", "/profile", body={"if_version": 0, **GIVEN})
    assert (given.status, given.json["version"], given.json["profile"]) == (200, 1, GIVEN)
    moved = await hana.call("PUT", "/profile", body={"if_version": 0, "phone": "03-1111-2222"})
    assert (moved.status, moved.code, moved.json["profile"]) == (409, "profile_stale", given.json)
    taken = await hana.call("DELETE", "/profile/mail?if_version=1")
    assert (taken.json["version"], taken.json["profile"]) == (2, {**GIVEN, "mail": None})
    assert (await hana.call("GET", "/profile")).json == taken.json
    assert (await town.person("ken", devices=[]).call("GET", "/profile")).json["version"] == 0


async def test_a_profile_goes_with_everything_else(town: Town):
    hana = town.person("hana", devices=[])
    await hana.call("PUT", "/profile", body={"if_version": 0, **GIVEN})
    assert (await hana.call("POST", "/erasure", body={"kinds": None})).status == 202
    await town.settle()
    held = (await hana.call("GET", "/profile")).json
    assert (held["version"], set(held["profile"].values())) == (2, {None})


async def test_what_makes_no_sense_is_refused_by_name(town: Town):
    hana = town.person("hana", devices=[])
    for body, named in {
        '{"if_version": 0, "phone": "12"}': "phone",
        '{"if_version": 0, "birth_on": "2990-01-01"}': "birth_on",
        '{"if_version": 0, "birth_on": "1990-02-30"}': "birth_on",
        '{"if_version": 0, "name": null}': "name",
        '{"if_version": 0, "address": {"text": "x"}}': "postal_code",
        '{"if_version": 0, "nickname": "x"}': "nickname",
        '{"name": "x"}': "if_version",
    }.items():
        answer = await hana.call("PUT", "/profile", raw=body.encode())
        assert (answer.status, answer.code) == (400, "body_invalid"), body
        assert named in answer.json["detail"], body
    unknown = await hana.call("DELETE", "/profile/nickname?if_version=0")
    assert (unknown.status, unknown.code) == (404, "no_such_route")
    assert (await hana.call("GET", "/profile")).json["version"] == 0
