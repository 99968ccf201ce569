"""Civil days follow the person, not the server."""

import asyncio
from datetime import timedelta
from typing import Any

from infra.local.google import catalogue as c
from infra.local.google.devices import scale
from shared.vocabulary import Kind
from tests.journeys.town import App, Town


async def tell(app: App, zone: str, since: str | None = None) -> list[Any]:
    answer = await app.call("POST", "/measurement/zone", body={"zone": zone, "since": since})
    assert answer.status == 200, answer.body
    return list(answer.json["zones"])


async def weighed(town: Town) -> App:
    """Somebody who stood on the scales at 22:30 UTC on Saturday, 21 November: Sunday morning in Tokyo."""
    hana = town.person("hana", devices=[scale()], days=0)
    hana.account.enter(c.WEIGHT, town.clock.now() - timedelta(hours=25, minutes=30), [60.5], town.clock.now())
    await hana.link([Kind.WEIGHT])
    return hana


async def test_days_follow_the_zone_that_the_app_told_and_its_changes(town: Town):
    hana = await weighed(town)
    await tell(hana, "Asia/Tokyo")
    [day] = (await hana.days(Kind.WEIGHT, zone=None)).values()
    assert (day["on"], day["last_at"]) == ("2026-11-22", "2026-11-22T07:30:00+09:00")
    # she was in Honolulu that week, and tells it late
    told = await tell(hana, "Pacific/Honolulu", "2026-11-20T00:00:00-10:00")
    assert [one["zone"] for one in told] == ["Pacific/Honolulu", "Asia/Tokyo"]
    [day] = (await hana.days(Kind.WEIGHT, zone=None)).values()
    assert (day["on"], day["last_at"]) == ("2026-11-21", "2026-11-21T12:30:00-10:00")


async def test_the_same_moment_told_again_replaces(town: Town):
    hana = await weighed(town)
    since = "2026-11-01T00:00:00Z"
    await tell(hana, "Asia/Tokyo", since)
    assert await tell(hana, "Europe/Berlin", since) == [{"since": since, "zone": "Europe/Berlin"}]


async def test_a_zone_can_be_asked_for_whatever_was_told(town: Town):
    hana = await weighed(town)
    await tell(hana, "Asia/Tokyo")
    assert list(await hana.days(Kind.WEIGHT, zone="America/New_York")) == ["2026-11-21"]


async def test_without_any_zone_days_cannot_be_cut(town: Town):
    hana = await weighed(town)
    answer = await hana.call("GET", "/measurement?kind=weight&from=2026-11-20&to=2026-11-23")
    assert (answer.status, answer.code) == (400, "zone_missing")


async def test_what_is_no_zone_or_no_moment_is_refused_and_changes_nothing(town: Town):
    hana = await weighed(town)
    told = await tell(hana, "Asia/Tokyo", "2026-11-01T00:00:00Z")
    for zone in ("", "Mars/Olympus", "../../etc/passwd", "Asia/Tokyo\x00", "JST", "localtime", "a" * 10_000):
        answer = await hana.call("POST", "/measurement/zone", body={"zone": zone})
        assert (answer.status, answer.code) == (400, "zone_unknown"), zone
    for since in ("2026-11-23", "2026-11-23T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "now"):
        answer = await hana.call("POST", "/measurement/zone", body={"zone": "UTC", "since": since})
        assert (answer.status, answer.code) == (400, "body_invalid"), since
    assert await tell(hana, "Asia/Tokyo", "2026-11-01T00:00:00Z") == told


async def test_devices_that_tell_zones_at_once_lose_none_or_are_asked_to_tell_again(town: Town):
    hana = await weighed(town)
    moments = [f"2026-0{month}-01T00:00:00Z" for month in range(1, 7)]
    bodies = [{"zone": "Europe/Berlin", "since": moment} for moment in moments]
    answers = await asyncio.gather(*(hana.call("POST", "/measurement/zone", body=body) for body in bodies))
    kept = [moment for moment, answer in zip(moments, answers, strict=True) if answer.status == 200]
    assert kept
    assert {(answer.status, answer.code) for answer in answers} <= {(200, ""), (409, "precondition_failed")}
    told = await tell(hana, "Asia/Tokyo", "2026-11-01T00:00:00Z")
    assert [one["since"] for one in told] == [*kept, "2026-11-01T00:00:00Z"]


async def test_questions_about_too_many_days_or_the_wrong_way_round_are_refused(town: Town):
    hana = town.person("hana", devices=[])
    wrong = {
        "from=2026-11-23&to=2026-11-22": "query_invalid",
        "from=2025-01-01&to=2026-11-22": "query_invalid",
        "from=2026-09-01&to=2026-11-22&resolution=point": "query_invalid",
        "from=1969-12-31&to=1970-01-02": "query_invalid",
        "from=9999-12-31&to=9999-12-31": "query_invalid",
        "from=2026-02-30&to=2026-03-01": "query_invalid",
        "from=2026-11-22&to=2026-11-22&resolution=hour": "query_invalid",
        "from=2026-11-22&to=2026-11-22&resolution=point&page_token=x": "query_invalid",
        "from=2026-11-22&to=2026-11-22&uid=ken": "query_invalid",
        "from=2026-11-22": "query_invalid",
    }
    for query, code in wrong.items():
        answer = await hana.call("GET", f"/measurement?kind=steps&zone=Asia/Tokyo&{query}")
        assert (answer.status, answer.code) == (400, code), query
    answer = await hana.call("GET", "/measurement?kind=location&from=2026-11-22&to=2026-11-22&zone=UTC")
    assert (answer.status, answer.code) == (400, "query_invalid")


async def test_nobody_sees_anybody_elses(town: Town):
    hana = await weighed(town)
    ken = town.person("ken", devices=[])
    assert await hana.points(Kind.WEIGHT)
    assert await ken.points(Kind.WEIGHT) == []
    assert await ken.connection() is None
