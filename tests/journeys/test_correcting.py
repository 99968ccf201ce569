"""A wrong weight is corrected at the desk: the app, a hospital and the person's package tell the right one, and no sync
brings the wrong one back."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

from infra.local.google import catalogue as c
from infra.local.google.devices import scale
from infra.local.staff import register_test_staff
from shared.cloud.stores import open_documents
from tests.journeys.staff import hospital_of, reading
from tests.journeys.test_release import WEIGHT, gives
from tests.journeys.town import Answer, App, Town

WRONG, RIGHT = 171.84375, 71.84375  # exact as floats of 32 bits, and nothing else's values
DECIDER, SECOND = "takahashi@kagamino.example", "yamamoto@kagamino.example"


async def sent(town: Town, method: str, path: str, headers: dict[str, str], body: object = None) -> Answer:
    """One request to the desk."""
    url, headers = f"{town.platform.url}/disclosure{path}", {"Content-Type": "application/json", **headers}
    async with town.http.request(method, url, data=json.dumps(body), headers=headers) as got:
        answer = Answer(got.status, dict(got.headers), await got.read())
    assert answer.status in (200, 201), answer.body
    return answer


async def by_staff(town: Town, email: str, path: str, body: object) -> Any:
    headers = {"x-goog-iap-jwt-assertion": town.platform.issuer.staff_assertion(email), "Origin": town.platform.url}
    return (await sent(town, "POST", path, headers, body)).json


async def filed(town: Town, who: App, request: str, **scope: Any) -> str:
    """The person asks for something in the app; the case."""
    name = "a" * 25 + ("b" if request == "correction" else "c")
    wish = {"type": request, "words": "体重が違います", "way": "electronic", "scope": scope}
    headers = {"Authorization": f"Bearer {who.token}"}
    answer = await sent(town, "POST", "/requests", headers, {"id": name, "requests": [wish]})
    await town.settle()
    return str(answer.json["id"])


async def acts(town: Town, email: str, case: str, *done: dict[str, Any]) -> Any:
    """Staff open a case and do this to it, one after the other; the case as it is then."""
    view: Any = None
    for act in done:
        opened = await by_staff(town, email, f"/cases/{case}/open", {"reason": "訂正の調査"})
        view = opened["case"]
        sending = {"act": {"item": "1", **act}, "version": view["version"], "opening": opened["opened"]["opening"]}
        view = (await by_staff(town, email, f"/cases/{case}/acts", sending))["case"]
        await town.settle()
    return view


async def seen(town: Town, case: str) -> Any:
    return (await by_staff(town, DECIDER, f"/cases/{case}/open", {"reason": "訂正の確認"}))["case"]


async def test_a_wrong_weight_is_corrected_and_stays_so_for_everybody(town: Town):
    settings = town.platform.settings
    documents = open_documents(settings["DOCUMENTS"], project=settings["PROJECT"])
    await register_test_staff(documents, town.clock)
    await documents.close()
    hana, clinic = town.person("hana", devices=[scale()], days=3), await hospital_of(town)
    at = town.clock.now() - timedelta(hours=1)
    point = hana.account.enter(c.WEIGHT, at, [WRONG], town.clock.now())
    await hana.link()
    person = await gives(hana, clinic, WEIGHT)
    assert (await hana.call("POST", "/measurement/zone", body={"zone": "Asia/Tokyo", "since": at.isoformat()})).status
    before = await clinic.call(reading(person, form="points"))
    assert WRONG in kgs(before.json["points"])

    case = await filed(town, hana, "correction", kinds=["weight"])
    fix = {"kind": "weight", "does": "replace", "start": at.isoformat(), "values": {"kg": RIGHT}}
    decided = {"act": "decide", "outcome": "full", "correction": {"points": [fix]}}
    await acts(town, DECIDER, case, {"act": "fix_scope", "scope": {"kinds": ["weight"]}}, decided)
    await told_right(hana)

    asked = town.asked_for(WEIGHT)
    hana.account.correct(c.WEIGHT, point, [WRONG], town.clock.now() + timedelta(hours=2))  # the source says it anew
    await town.pass_time(timedelta(days=2))
    assert town.asked_for(WEIGHT) > asked
    await told_right(hana)
    read = await clinic.call(reading(person, form="points"))
    assert RIGHT in kgs(read.json["points"])
    assert WRONG not in kgs(read.json["points"])

    await town.platform.tick("case_work")
    await town.settle()
    [item] = (await seen(town, case))["items"]
    assert [one["task"] for one in item["item"]["evidence"]] == ["correct", "holders"]
    [holder] = item["holders"]
    assert (holder["recipient"], holder["name"]["en"], holder["times"]) == (clinic.recipient, "Minato Hospital", 1)

    other = await filed(town, hana, "disclosure", kinds=["weight"], contact_data=False)
    await acts(town, DECIDER, other, {"act": "fix_scope", "scope": {"kinds": ["weight"], "contact_data": False}})
    await acts(town, DECIDER, other, {"act": "decide", "outcome": "full"})
    await acts(town, SECOND, other, {"act": "cosign"})
    headers = {"Authorization": f"Bearer {hana.token}"}
    package = await sent(town, "GET", f"/requests/{other}/results/1/1", headers)
    with zipfile.ZipFile(io.BytesIO(package.body)) as archive:
        told = {name: archive.read(name).decode("utf-8", "replace") for name in archive.namelist() if "weight" in name}
    assert told
    assert all(str(WRONG) not in text for text in told.values())
    assert any(f"{RIGHT},corrected:" in text for text in told.values())
    assert any('"status":"corrected"' in text for text in told.values())


def kgs(points: list[Any]) -> list[float]:
    return [one["values"]["kg"] for one in points]


async def told_right(hana: App) -> None:
    """In the app: points and summaries."""
    found = await hana.points(WEIGHT)
    assert WRONG not in kgs(found)
    [right] = [one for one in found if one["values"]["kg"] == RIGHT]
    assert right["origin"].startswith("corrected:")
    assert all(day["max_kg"] < WRONG for day in (await hana.days(WEIGHT)).values())
