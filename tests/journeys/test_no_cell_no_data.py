"""Every address behind which measurements can be reached: a withdrawn cell yields nothing, and a frozen person neither.

Which addresses those are follows from the code: a function that reaches the store of days stands here with all of its
routes. One that is added without a probe fails, and so does a function that begins to reach that store.
"""

import io
import zipfile
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from infra.imports import closure
from infra.local.google import catalogue as c
from infra.local.google.devices import scale
from infra.manifest import ROOT, load
from shared.cloud.documents import Query
from shared.cloud.stores import open_documents
from shared.vocabulary import Kind
from tests.journeys.contract import Contract
from tests.journeys.desk import desk_of, files
from tests.journeys.staff import at_work, decide, hospital_of, reading
from tests.journeys.town import Answer, App, Town

WEIGHT = 71.84375  # exact as a float of 32 bits, and nothing else's value
Probe = Callable[[Town, App, App], Awaitable[Answer]]
"""Ask, as whoever may call, for what was withdrawn: of a town, of the person, and of somebody else in it."""


async def _own(town: Town, hana: App, mio: App) -> Answer:
    return await hana.call("GET", "/measurement?kind=weight&from=2026-11-20&to=2026-11-24&zone=UTC&resolution=point")


async def _others(town: Town, hana: App, mio: App) -> Answer:
    return await mio.call("GET", "/measurement?kind=weight&from=2026-11-20&to=2026-11-24&zone=UTC&resolution=point")


async def _zone(town: Town, hana: App, mio: App) -> Answer:
    return await hana.call("POST", "/measurement/zone", body={"zone": "Asia/Tokyo"})


async def _sync(town: Town, hana: App, mio: App) -> Answer:
    await town.platform.advance(timedelta(hours=4), schedules=False)
    token = town.service_token("tasks", "sync_user")
    return await town.call("POST", "/sync_user", body={"uid": "hana", "provider": "google_fit"}, token=token)


async def _erasures(town: Town, hana: App, mio: App) -> Answer:
    return await hana.call("GET", "/erasure")


async def _erase(town: Town, hana: App, mio: App) -> Answer:
    return await hana.call("POST", "/erasure", body={"kinds": ["weight"]})


async def _run(town: Town, hana: App, mio: App) -> Answer:
    asked = await _erase(town, hana, mio)
    token = town.service_token("tasks", "erasure")
    return await town.call("POST", "/erasure/run", body={"erasure": asked.json["id"]}, token=token)


async def _people(town: Town, hana: App, mio: App) -> Answer:
    clinic = await hospital_of(town)
    answer = await clinic.call("")
    assert not answer.json["people"][0]["may_read"]
    return answer


def _reading(form: str) -> Probe:
    async def probe(town: Town, hana: App, mio: App) -> Answer:
        clinic = await hospital_of(town)
        [told] = await clinic.people()
        return await clinic.call(reading(told["person"], form=form))

    return probe


async def _package(town: Town, hana: App, mio: App) -> Answer:
    """Somebody else asks what is held of them: nothing of hers is in it."""
    desk = await desk_of(town)
    case = (await files(mio, {"type": "disclosure", "way": "electronic"})).json["id"]
    await desk.decided(case, "1")
    await desk.verifier.does(case, "cosign", item="1")
    token = town.service_token("tasks", "case_work")
    answer = await town.call("POST", "/case_work/run", body={"case": case}, token=token)
    handed = await mio.call("GET", f"/disclosure/requests/{case}/results/1/1")
    assert handed.status == 200, handed.body
    with zipfile.ZipFile(io.BytesIO(handed.body)) as package:
        assert not any(str(WEIGHT).encode() in package.read(name) for name in package.namelist())
    return answer


async def _sweep(town: Town, hana: App, mio: App) -> Answer:
    return await town.call("POST", "/case_work", token=town.service_token("scheduler", "case_work"))


PROBES: dict[tuple[str, str], Probe] = {
    ("GET", "/measurement"): _others,
    ("POST", "/measurement/zone"): _zone,
    ("POST", "/sync_user"): _sync,
    ("GET", "/release"): _people,
    ("GET", "/release/summaries"): _reading("summaries"),
    ("GET", "/release/points"): _reading("points"),
    ("GET", "/erasure"): _erasures,
    ("POST", "/erasure"): _erase,
    ("POST", "/erasure/run"): _run,
    ("POST", "/case_work"): _sweep,
    ("POST", "/case_work/run"): _package,
}


def reaching() -> set[str]:
    """The functions whose code reaches the store of days."""
    store = ROOT / "shared/measurement/store.py"
    return {name for name in load().functions if store in closure(ROOT / "functions" / name / "main.py", ROOT).files}


def test_every_address_behind_which_measurements_can_be_reached_is_tried():
    functions = reaching()
    behind = {(method, path) for method, path, _ in Contract().operations() if path.split("/")[1] in functions}
    assert PROBES.keys() == behind


async def linked(town: Town) -> tuple[App, App]:
    """Hana, with a weight that is told from any other, which a hospital reads; and Mio, who is nobody to her."""
    hana = town.person("hana", devices=[scale()])
    hana.account.enter(c.WEIGHT, town.clock.now() - timedelta(hours=1), [WEIGHT], town.clock.now())
    await hana.link()
    clinic = await hospital_of(town)
    given = await decide(hana, "give", Kind.WEIGHT, purpose="health_guidance", recipient=clinic.recipient)
    assert given.status == 200, given.body
    [told] = await clinic.people()
    assert str(WEIGHT).encode() in (await clinic.call(reading(told["person"], form="points"))).body
    return hana, town.person("mio", devices=[])


async def weights(town: Town) -> dict[str, str]:
    """The documents of Hana's weights: their versions by path."""
    documents = open_documents(town.platform.settings["DOCUMENTS"], project=town.platform.settings["PROJECT"])
    try:
        found = await documents.query(Query("users/hana/days"))
        return {one.path: one.version for one in found if one.id.startswith("weight.")}
    finally:
        await documents.close()


@pytest.mark.parametrize("where", PROBES, ids=" ".join)
async def test_a_withdrawn_cell_yields_nothing(town: Town, where: tuple[str, str]):
    hana, mio = await linked(town)
    assert (await hana.call("DELETE", "/consent")).status == 200
    hana.account.enter(c.WEIGHT, town.clock.now(), [WEIGHT + 1], town.clock.now())
    before = await weights(town)
    assert before
    answer = await PROBES[where](town, hana, mio)
    assert answer.status < 300 or answer.code == "consent_missing", answer.body
    assert str(WEIGHT).encode() not in answer.body
    assert set((await weights(town)).items()) <= set(before.items()), "nothing is written, if something may be deleted"


@pytest.mark.parametrize("where", PROBES, ids=" ".join)
async def test_a_frozen_persons_data_does_not_flow(town: Town, where: tuple[str, str]):
    hana, mio = await linked(town)
    async with at_work(town) as staff:
        await staff.people.deceased("hana", "certificate-1")
    before = await weights(town)
    answer = await PROBES[where](town, hana, mio) if where != ("POST", "/erasure/run") else await _own(town, hana, mio)
    assert str(WEIGHT).encode() not in answer.body
    assert set((await weights(town)).items()) <= set(before.items())


async def test_people_see_what_is_stored_of_them_after_withdrawing_and_not_once_frozen(town: Town):
    hana, mio = await linked(town)
    assert (await hana.decide("withdraw", Kind.WEIGHT)).status == 200
    assert str(WEIGHT).encode() in (await _own(town, hana, mio)).body
    async with at_work(town) as staff:
        await staff.people.deceased("hana", "certificate-1")
    frozen = await _own(town, hana, mio)
    assert (frozen.status, frozen.code, frozen.json["detail"]) == (403, "consent_missing", "frozen")
