"""What people give relatives and hospitals to read is read, each time on record, and ends when they say so."""

import base64
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local.google import catalogue as c
from infra.local.google.devices import cuff, scale
from shared.vocabulary import Kind
from tests.journeys.staff import Hospital, at_work, decide, hospital_of, reading
from tests.journeys.test_family import accept, invite
from tests.journeys.town import Answer, App, Town

KG = 71.84375  # exact as a float of 32 bits, and nothing else's value
WEIGHT, PRESSURE = Kind.WEIGHT, Kind.BLOOD_PRESSURE
GUIDANCE, CONSULT = "health_guidance", "online_consult"
OTHER = "reader@another-hospital.iam.gserviceaccount.com"


async def hanas(town: Town) -> App:
    """Hana, linked, with a weight that is told from any other."""
    hana = town.person("hana", devices=[scale(), cuff()], days=3)
    hana.account.enter(c.WEIGHT, town.clock.now() - timedelta(hours=1), [KG], town.clock.now())
    await hana.link()
    return hana


async def gives(hana: App, to: Hospital, *kinds: Kind, purpose: str = GUIDANCE) -> str:
    """Hana lets a hospital see kinds; her name there."""
    given = await decide(hana, "give", *kinds, purpose=purpose, recipient=to.recipient)
    assert given.status == 200, given.body
    [person] = [one["person"] for one in await to.people() if one["may_read"]]
    return str(person)


async def provisions(app: App, query: str = "") -> Any:
    answer = await app.call("GET", f"/consent/provisions{query}")
    assert answer.status == 200, answer.body
    return answer.json


def refused(answer: Answer, code: str, detail: str | None = None) -> bool:
    assert b"days" not in answer.body
    return answer.code == code and detail in (None, answer.json["detail"])


async def test_a_hospital_reads_what_it_was_given_and_the_person_sees_that_it_did(town: Town):
    hana, clinic = await hanas(town), await hospital_of(town)
    person = await gives(hana, clinic, WEIGHT)
    read = await clinic.call(reading(person))
    assert read.status == 200
    assert read.json["days"] == [*(await hana.days(WEIGHT)).values()]
    digest = base64.b64encode(hashlib.sha256(read.body).digest()).decode()
    assert read.headers["content-digest"] == f"sha-256=:{digest}:"
    await town.platform.advance(timedelta(minutes=1), schedules=False)
    points = await clinic.call(reading(person, form="points"))
    assert KG in [point["values"]["kg"] for point in points.json["points"]]
    seen = await provisions(hana)
    assert [one["id"] for one in seen["provisions"]] == [a.headers["provision-id"] for a in (points, read)]
    newest, first = seen["provisions"]
    assert (newest["form"], newest["count"]) == ("points", len(points.json["points"]))
    assert first == {
        **first,
        "recipient": clinic.recipient,
        "purpose": GUIDANCE,
        "kind": "weight",
        "form": "summaries",
        "from": "2026-11-20",
        "to": "2026-11-24",
        "count": len(read.json["days"]),
        "notice": "2026-10-01",
        "epoch": 2,
        "sha256": hashlib.sha256(read.body).hexdigest(),
        "state": "recorded",
    }
    assert [one["name"]["en"] for one in seen["recipients"]] == ["Minato Hospital"]
    assert seen["known_as"] == [{"recipient": clinic.recipient, "person": person}]
    page = await provisions(hana, "?limit=1")
    assert page["next_after"] == newest["id"]
    assert (await provisions(hana, f"?after={newest['id']}"))["provisions"] == [first]
    ken = town.person("ken", devices=[])
    assert (await provisions(ken))["provisions"] == []
    assert (await ken.call("GET", f"/consent/provisions?after={newest['id']}")).code == "query_invalid"
    assert (await ken.call("GET", "/consent/provisions?after=x%0A")).code == "query_invalid"


@pytest.mark.parametrize("store", ["sqlite", "firestore"], indirect=True)
async def test_withdrawing_one_kind_from_one_hospital_stops_that_and_nothing_else(town: Town):
    hana, clinic, other = await hanas(town), await hospital_of(town), await hospital_of(town, OTHER)
    person = await gives(hana, clinic, WEIGHT, PRESSURE)
    elsewhere = await gives(hana, other, PRESSURE)
    assert person != elsewhere
    mio = town.person("mio", devices=[])
    relation = await invite(hana, PRESSURE)
    assert (await accept(mio, relation)).status == 200
    assert (await clinic.call(reading(person, PRESSURE))).status == 200
    await town.platform.advance(timedelta(hours=1), schedules=False)
    assert (await decide(hana, "withdraw", PRESSURE, purpose=GUIDANCE, recipient=clinic.recipient)).status == 200

    assert refused(await clinic.call(reading(person, PRESSURE)), "consent_missing", "withdrawn")
    [told] = await clinic.people()
    now = town.clock.now().isoformat().replace("+00:00", "Z")
    assert told["ended"] == [{"purpose": GUIDANCE, "kind": PRESSURE, "at": now}]
    assert [one["kind"] for one in told["may_read"]] == [WEIGHT]
    assert (await clinic.call(reading(person))).status == 200
    assert (await other.call(reading(elsewhere, PRESSURE))).status == 200
    watching = reading(relation["id"], PRESSURE, "family_watch")
    assert (await mio.call("GET", f"/release{watching}")).status == 200
    assert (await hana.kind(PRESSURE))["consented"], "and it is stored as before"
    assert len((await provisions(hana))["provisions"]) == 4


async def test_a_purpose_is_not_another(town: Town):
    hana, clinic = await hanas(town), await hospital_of(town)
    person = await gives(hana, clinic, WEIGHT, purpose=CONSULT)
    assert (await clinic.call(reading(person, purpose=CONSULT))).status == 200
    for purpose in (GUIDANCE, "family_watch", "self_access", "qolms_store", "request_handling"):
        assert refused(await clinic.call(reading(person, purpose=purpose)), "consent_missing", "never_given")
    assert (await clinic.call(reading(person, purpose="advertising"))).code == "query_invalid"


async def test_a_relative_reads_until_it_runs_out(town: Town):
    hana, mio = await hanas(town), town.person("mio", devices=[])
    invited = await invite(hana, WEIGHT, valid_until=(town.clock.now() + timedelta(days=2)).isoformat())
    asked = f"/release{reading(invited['id'], purpose='family_watch')}"
    assert refused(await mio.call("GET", asked), "person_unknown"), "not accepted yet"
    assert (await accept(mio, invited)).status == 200
    read = await mio.call("GET", asked)
    assert read.json["days"]
    [told] = (await mio.call("GET", "/release")).json["people"]
    assert (told["person"], [one["kind"] for one in told["may_read"]]) == (invited["id"], [WEIGHT])
    for stranger in (town.person("ken", devices=[]), hana):
        assert refused(await stranger.call("GET", asked), "person_unknown")
        assert (await stranger.call("GET", "/release")).json == {"people": [], "next_after": None}
    town.clock.advance(timedelta(days=2))
    assert refused(await mio.call("GET", asked), "consent_missing", "expired")
    [told] = (await mio.call("GET", "/release")).json["people"]
    assert (told["may_read"], [one["kind"] for one in told["ended"]]) == ([], [WEIGHT])
    [handed_on] = (await provisions(hana))["provisions"]
    assert handed_on["id"] == read.headers["provision-id"]


async def test_after_a_death_nothing_is_handed_on(town: Town):
    hana, clinic, mio = await hanas(town), await hospital_of(town), town.person("mio", devices=[])
    person = await gives(hana, clinic, WEIGHT)
    invited = await invite(hana, WEIGHT)
    await accept(mio, invited)
    async with at_work(town) as staff:
        await staff.people.deceased("hana", "certificate-1")
    assert refused(await clinic.call(reading(person)), "consent_missing", "frozen")
    asked = f"/release{reading(invited['id'], purpose='family_watch')}"
    assert refused(await mio.call("GET", asked), "consent_missing", "frozen")
    for people in (await clinic.people(), (await mio.call("GET", "/release")).json["people"]):
        assert [(one["may_read"], len(one["ended"])) for one in people] == [([], 1)]


async def test_whoever_is_not_the_hospital_gets_nothing(town: Town):
    hana, clinic, other = await hanas(town), await hospital_of(town), await hospital_of(town, OTHER)
    person = await gives(hana, clinic, WEIGHT)
    url = town.platform.url
    wrong: dict[str, dict[str, object]] = {
        "another function's audience": {"aud": f"{url}/measurement"},
        "no function's audience": {"aud": url},
        "another issuer": {"iss": "https://evil.example"},
        "one that Firebase has": {"iss": f"https://securetoken.google.com/{town.platform.settings['PROJECT']}"},
        "yesterday's": {"exp": 1, "iat": 0},
        "nobody's": {"sub": ""},
        "no one's": {"sub": None},
    }
    for what, claims in wrong.items():
        answer = await clinic.call(reading(person), **claims)
        assert (answer.status, answer.code) == (401, "unauthenticated"), what
    outsider = town.platform.issuer.service_token("reader@evil.iam.gserviceaccount.com", f"{url}/release")
    # The address of an account that is gone may come to be another's; its unique id never does.
    renamed = town.platform.issuer.service_token("new@evil.example", f"{url}/release", email=clinic.known.account)
    tasks = town.service_token("tasks", "release")
    for token in (outsider, renamed, tasks):
        for path in ("", reading(person)):
            answer = await town.call("GET", f"/release{path}", token=token)
            assert (answer.status, answer.code) == (403, "caller_unknown")
    assert refused(await other.call(reading(person)), "person_unknown")
    assert refused(await other.call(reading("hana")), "person_unknown")
    assert (await town.call("GET", f"/release{reading(person)}")).status == 401
    assert refused(await hana.call("GET", f"/release{reading(person)}"), "person_unknown")
    token = clinic.known.token(town.platform.issuer, url)
    for path in ("/measurement?kind=weight&from=2026-11-20&to=2026-11-24", "/consent", "/connection"):
        assert (await town.call("GET", path, token=token)).status == 401, "its token opens no other door"
    assert (await provisions(hana))["provisions"] == []


async def test_a_hospital_that_ends_reads_nothing_from_then_on(town: Town):
    hana, clinic = await hanas(town), await hospital_of(town)
    person = await gives(hana, clinic, WEIGHT)
    async with at_work(town) as staff:
        await staff.institutions.end(clinic.recipient.removeprefix("institution:"), "contract-2")
    for path in ("", reading(person)):
        assert (await clinic.call(path)).code == "caller_unknown"


async def test_erasing_everything_leaves_what_was_handed_on_and_no_way_to_anybody(town: Town):
    hana, clinic, mio = await hanas(town), await hospital_of(town), town.person("mio", devices=[])
    person = await gives(hana, clinic, WEIGHT)
    invited = await invite(hana, WEIGHT)
    await accept(mio, invited)
    waiting = await invite(hana, Kind.SLEEP)
    assert (await clinic.call(reading(person))).status == 200
    assert (await hana.call("DELETE", "/consent")).status == 200
    assert (await hana.call("POST", "/erasure", body={"kinds": None})).status == 202
    relations = (await hana.call("GET", "/consent/invitations")).json
    assert relations == {"made": [], "held": []}
    assert (await accept(mio, waiting)).code == "invitation_invalid"
    await town.settle()
    assert [one["state"] for one in (await hana.call("GET", "/erasure")).json["erasures"]] == ["done"]
    assert refused(await clinic.call(reading(person)), "person_unknown")
    [told] = await clinic.people()
    assert (told["person"], told["may_read"], len(told["ended"])) == (person, [], 1)
    [handed_on] = (await provisions(hana))["provisions"]
    assert (handed_on["recipient"], handed_on["kind"]) == (clinic.recipient, "weight")


async def test_questions_that_cannot_be_answered(town: Town):
    hana, clinic = await hanas(town), await hospital_of(town)
    person = await gives(hana, clinic, WEIGHT)
    good = reading(person)
    wrong = {
        good.replace("2026-11-24", "2026-11-19"): "query_invalid",
        good.replace("2026-11-24", "2028-11-24"): "query_invalid",
        good.replace("Asia/Tokyo", "Mars"): "zone_unknown",
        good.replace("&zone=Asia/Tokyo", ""): "zone_missing",
        good + "&page_token=x": "query_invalid",
        good.replace(f"person={person}&", ""): "query_invalid",
        reading("UPPER"): "query_invalid",
        reading(person, form="points") + "&page_token=x": "query_invalid",
        "?limit=0": "query_invalid",
        "?after=A": "query_invalid",
    }
    for path, code in wrong.items():
        answer = await clinic.call(path)
        assert (answer.status, answer.code) == (400, code), path
    assert (await provisions(hana))["provisions"] == []


async def test_nothing_that_was_handed_on_reaches_logs_or_the_store_in_the_clear(
    town: Town, store: str, capfd: pytest.CaptureFixture[str]
):
    hana, clinic = await hanas(town), await hospital_of(town)
    person = await gives(hana, clinic, WEIGHT)
    token = clinic.known.token(town.platform.issuer, town.platform.url)
    read = await town.call("GET", f"/release{reading(person, form='points')}", token=token)
    assert str(KG).encode() in read.body
    await decide(hana, "withdraw", WEIGHT, purpose=GUIDANCE, recipient=clinic.recipient)
    assert (await clinic.call(reading(person))).status == 403
    logged = "".join(capfd.readouterr())
    assert '"function": "release"' in logged
    stored = b"".join(file.read_bytes() for file in Path(store.removeprefix("sqlite:")).parent.glob("documents*"))
    for secret in (str(KG), token, token.split(".")[2], clinic.known.account):
        assert secret not in logged
    assert person not in logged
    assert str(KG).encode() not in stored
    assert token.encode() not in stored
    assert str(KG) not in str(await provisions(hana))
