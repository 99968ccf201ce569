"""A relative is invited, accepts, watches, leaves; an institution is registered, given to, and ends."""

from datetime import timedelta
from typing import Any

from infra.local.google.devices import scale
from shared.policy.model import Words
from shared.vocabulary import Kind
from tests.journeys.staff import at_work, cells, decide, standing
from tests.journeys.town import App, Town


async def invite(app: App, *kinds: Kind, **more: Any) -> Any:
    seen = await standing(app)
    body = {"kinds": kinds, "notice": seen["notice"], "if_epoch": seen["epoch"], **more}
    answer = await app.call("POST", "/consent/invitations", body=body)
    assert answer.status == 201, answer.body
    return answer.json


async def accept(app: App, invited: Any) -> Any:
    return await app.call("POST", f"/consent/invitations/{invited['id']}/accept", body={"code": invited["code"]})


async def relations(app: App) -> Any:
    answer = await app.call("GET", "/consent/invitations")
    assert answer.status == 200, answer.body
    return answer.json


async def test_a_relative_is_invited_accepts_and_leaves(town: Town):
    hana, mio = town.person("hana", devices=[]), town.person("mio", devices=[])
    invited = await invite(hana, Kind.WEIGHT, Kind.SLEEP, note="お母さん")
    recipient = f"relative:{invited['id']}"
    assert invited["expires_at"] == (town.clock.now() + timedelta(days=7)).isoformat().replace("+00:00", "Z")
    stands = await standing(hana)
    assert cells(stands) == {("family_watch", kind, recipient): "requested" for kind in ("sleep", "weight")}
    named = {one["id"]: (one["name"]["ja"], one["active"]) for one in stands["recipients"]}
    assert named[recipient] == ("お母さん", False)
    [made] = (await relations(hana))["made"]
    assert (made["state"], made["note"], made["kinds"]) == ("invited", "お母さん", ["weight", "sleep"])

    accepted = await accept(mio, invited)
    assert (accepted.status, accepted.json["state"], accepted.json["note"]) == (200, "active", None)
    assert set(cells(await standing(hana)).values()) == {"given"}
    assert [one["state"] for one in (await relations(hana))["made"]] == ["active"]
    assert [(one["recipient"], one["note"]) for one in (await relations(mio))["held"]] == [(recipient, None)]
    assert (await standing(mio))["cells"] == []

    ended = await mio.call("DELETE", f"/consent/invitations/{invited['id']}")
    assert (ended.status, ended.json) == (200, {"ended": True})
    assert set(cells(await standing(hana)).values()) == {"invalidated"}
    assert await relations(hana) == await relations(mio) == {"made": [], "held": []}
    history = (await hana.call("GET", "/consent/history")).json["events"]
    assert [event["given_by"].get("role", "self") for event in history] == ["self"] * 4 + ["relative"] * 2
    assert "お母さん" not in str(history)


async def test_whoever_cannot_accept_or_end_is_told_the_same(town: Town):
    hana, mio, ken = (town.person(uid, devices=[]) for uid in ("hana", "mio", "ken"))
    invited, late = await invite(hana, Kind.WEIGHT), await invite(hana, Kind.SLEEP)
    answers = [
        await accept(hana, invited),
        await accept(mio, {**invited, "code": "guessed"}),
        await accept(mio, {**invited, "id": "guessed"}),
        await ken.call("DELETE", f"/consent/invitations/{invited['id']}"),
        await ken.call("DELETE", "/consent/invitations/guessed"),
    ]
    assert (await accept(mio, invited)).status == 200
    answers += [await accept(mio, invited), await accept(ken, invited), await accept(mio, late)]
    town.clock.advance(timedelta(days=7))
    answers += [await accept(ken, late)]
    assert {(answer.status, answer.code, answer.json["detail"]) for answer in answers} == {
        (410, "invitation_invalid", "")
    }


async def test_inviting_has_a_pace_and_bad_invitations_a_clear_answer(town: Town):
    hana = town.person("hana", devices=[])
    seen = await standing(hana)
    fine = {"kinds": ["weight"], "notice": seen["notice"], "if_epoch": 0}
    wrong: list[tuple[dict[str, Any], int, str]] = [
        ({"kinds": []}, 400, "body_invalid"),
        ({"kinds": ["location"]}, 400, "body_invalid"),
        ({"note": "x" * 41}, 400, "body_invalid"),
        ({"note": "a\nb"}, 400, "body_invalid"),
        ({"valid_until": "2026-11-22T00:00:00Z"}, 400, "decision_impossible"),
        ({"valid_until": "2026-12-22T00:00:00"}, 400, "decision_impossible"),
        ({"notice": {**seen["notice"], "sha256": "0" * 64}}, 404, "notice_unknown"),
        ({"if_epoch": 7}, 409, "consent_stale"),
    ]
    for more, status, code in wrong:
        answer = await hana.call("POST", "/consent/invitations", body={**fine, **more})
        assert (answer.status, answer.code) == (status, code), more
    for left_out in fine:
        body = {name: value for name, value in fine.items() if name != left_out}
        assert (await hana.call("POST", "/consent/invitations", body=body)).code == "body_invalid"
    assert await relations(hana) == {"made": [], "held": []}
    paced = [await hana.call("POST", "/consent/invitations", body={**fine, "if_epoch": 9}) for _ in range(20)]
    assert {answer.status for answer in paced} == {409, 429}
    assert int(paced[-1].headers["retry-after"]) > 0


async def test_an_institution_that_ends_gets_nothing_from_then_on(town: Town):
    hana = town.person("hana", devices=[scale()])
    await hana.link([Kind.WEIGHT])
    async with at_work(town) as staff:
        clinic = await staff.institutions.register(Words("港病院", "Minato Hospital"), "東京都港区", "03", "contract-1")
        recipient = f"institution:{clinic}"
        given = await decide(hana, "give", Kind.WEIGHT, purpose="health_guidance", recipient=recipient)
        assert given.status == 200, given.body
        assert cells(given.json["consent"])["health_guidance", "weight", recipient] == "given"
        assert (await staff.institutions.end(clinic, "contract-1-ended")).told == 1
    stands = await standing(hana)
    assert cells(stands)["health_guidance", "weight", recipient] == "invalidated"
    assert cells(stands)["qolms_store", "weight", "qolms"] == "given"
    assert [one["active"] for one in stands["recipients"] if one["id"] == recipient] == [False]
    again = await decide(hana, "give", Kind.WEIGHT, purpose="health_guidance", recipient=recipient)
    assert (again.status, again.code) == (400, "recipient_unknown")
    assert (await hana.connection())["state"] == "active"
