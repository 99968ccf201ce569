"""The story: three people over five simulated days, with everything that ordinarily goes wrong."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from infra.demo import steps
from infra.demo.handing_on import HandingOn
from infra.demo.people import HANA, KEN, MIDORI, Words
from infra.demo.request import Request
from infra.demo.stage import Stage
from infra.demo.summary import KindSeen, PersonSeen
from infra.demo.words import STATES
from infra.local.google import Device, Fault
from infra.local.google import catalogue as c
from infra.local.google.points import Point
from infra.local.platform import CLIENT_ID
from shared.config import settings
from shared.measurement.limits import Reason
from shared.vocabulary import Kind

BEGINS = datetime(2026, 11, 15, 23, 0, tzinfo=UTC)
"""A Monday, eight in the morning in Tokyo."""
BACKFILL_DAYS = 45
"""How far back the first fetch reaches: less than by default, to keep the story short."""
LONGER_DAYS = 10
"""So much longer they have had their devices, so that where the fetch ends is seen."""
ENDS_AFTER = timedelta(hours=102)
"""A Friday, two in the afternoon: the desk is open."""
BERLIN = "Europe/Berlin"
IN_THE_AIR = timedelta(hours=13)
LONGEST_NIGHT = timedelta(hours=10)

_BAD_MORNING = (
    Fault("status", "dataPointChanges", status=500, times=9),
    Fault("status", "datasets", status=503, times=3),
    Fault("status", "dataPointChanges", status=429, reason="rateLimitExceeded", retry_after=600, times=2),
    Fault("truncated", "dataPointChanges", times=4),
    Fault("malformed", "sessions", times=2),
    Fault("dropped", "token", times=2),
    Fault("repeated_token", "datasets", times=1),
    Fault("html", "dataSources", times=1),
)


class Chapter(NamedTuple):
    """Something that happens `after` so long, and then: `act`."""

    after: timedelta
    act: Callable[["Story"], Awaitable[None]]


class Story:
    """What the chapters remember for each other."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self._late_points = 0
        self._wrong: dict[str, Point] = {}
        self._calls_when_quiet = 0
        self._faults = 0
        self._landed_on: date | None = None
        self.handing_on = HandingOn(stage)
        self.request = Request(stage, folder)

    async def tell(self, ends_after: timedelta = ENDS_AFTER) -> None:
        """Play every chapter that lies before the end, each at its time, and go on to the end."""
        stage = self.stage
        began = stage.clock.now()
        with stage.timed("link_and_first_fetch"):
            await self.three_people_link()
        stage.telling.begins(steps.DAYS_PASS, steps=round(ends_after / timedelta(hours=1)))
        with stage.timed("days"):
            for chapter in CHAPTERS:
                if chapter.after < ends_after:
                    await stage.pass_until(began + chapter.after)
                    await chapter.act(self)
            await stage.pass_until(began + ends_after)

    async def three_people_link(self) -> None:
        """Sign in, agree at Google, come back; the first fetch reaches back over the history."""
        stage = self.stage
        for person in stage.people:
            stage.telling.begins(steps.LINKING.filled(who=person.name))
            linked = await stage.link(person)
            granted = [kind for kind, shown in linked["kinds"].items() if shown["granted"]]
            stage.telling.says(steps.LINKED.filled(who=person.name, kinds=len(granted)))
            stage.check(
                Words(
                    f"{person.name.ja}さんの同意した種類だけが許可された",
                    f"Exactly what {person.name.en} ticked was granted",
                ),
                Words(f"8 種類中 {len(granted)}", f"{len(granted)} of 8 kinds"),
                good=sorted(granted) == sorted(person.ticked),
            )
        await stage.drain(steps.FETCHING.filled(days=settings().backfill_days))
        stage.telling.says(steps.FIRST_FETCH.filled(calls=stage.log.total("google_calls")))

    async def the_watch_loses_its_phone(self) -> None:
        """What it measures from now on stays on the watch."""
        self._watch.offline = True
        self.stage.telling.says(steps.WATCH_LOST)

    async def the_watch_uploads(self) -> None:
        """Two days of points arrive at once, with their old times."""
        stage = self.stage
        account = stage.person(MIDORI).account
        account.live(stage.clock.now())
        self._late_points = account.upload_late(self._watch, stage.clock.now())
        stage.telling.says(steps.WATCH_BACK.filled(records=self._late_points))

    async def google_has_a_bad_morning(self) -> None:
        """Errors of every sort, more than the retries within one visit can hide."""
        for fault in _BAD_MORNING:
            self.stage.world.faults.add(replace(fault))
        self._faults = sum(fault.times or 0 for fault in _BAD_MORNING)
        self.stage.telling.says(steps.BAD_MORNING.filled(planned=self._faults))

    async def google_is_well_again(self) -> None:
        """By now the faults should have worn off; whether anybody lost their link over them is looked at here."""
        stage = self.stage
        left = sum(fault.times or 0 for fault in stage.world.faults.active)
        stage.world.faults.clear()
        struck = self._faults - left
        active = sum([(await phone.connection())["state"] == "active" for phone in stage.phones.values()])
        stage.telling.says(steps.WELL_AGAIN.filled(planned=self._faults, struck=struck, active=active))
        stage.check(
            Words("Google の障害で連携が切れた人はいない", "Nobody's link broke over Google's bad morning"),
            Words(
                f"仕掛けた障害 {self._faults} 回のうち {struck} 回が発生、連携中 {active} 人",
                f"{struck} of {self._faults} planned failures came about, {active} active",
            ),
            good=active == len(stage.people) and struck > 0,
        )

    async def hana_mistypes(self) -> None:
        """Two entries by hand that will not stand, and a heart rate nobody can have."""
        stage = self.stage
        account, now = stage.person(HANA).account, stage.clock.now()
        for type_name, value in ((c.WEIGHT, 165.2), (c.GLUCOSE, 15.1)):
            self._wrong[type_name] = account.enter(type_name, now - timedelta(minutes=20), (value,), now)
        at_ns = int((now - timedelta(minutes=7)).timestamp()) * 1_000_000_000
        origin = "raw:com.google.heart_rate.bpm:com.example.broken:sensor"
        broken = Point(at_ns, at_ns, origin, at_ns // 1_000_000, (5000.0,))
        account.raw_point(c.merged_ids(c.HEART_RATE)[-1], c.HEART_RATE, broken)
        stage.telling.says(steps.MISTYPED)

    async def hana_notices(self) -> None:
        """One is corrected at Google, the other deleted."""
        stage = self.stage
        account = stage.person(HANA).account
        weight, glucose = self._wrong[c.WEIGHT], self._wrong[c.GLUCOSE]
        before = await self._holds(Kind.WEIGHT, weight), await self._holds(Kind.BLOOD_GLUCOSE, glucose)
        account.correct(c.WEIGHT, weight, (65.2,), stage.clock.now())
        account.delete(c.GLUCOSE, [glucose])
        stage.check(
            Words("手入力の値が届いていた", "What was entered by hand had arrived"),
            Words(f"2 件中 {sum(before)} 件", f"{sum(before)} of 2 entries"),
            good=all(before),
        )
        stage.telling.says(steps.NOTICED)

    async def hana_looks_again(self) -> None:
        """The corrected value is there, the deleted one is not."""
        weight = self._wrong[c.WEIGHT]._replace(values=(65.2,))
        corrected = await self._holds(Kind.WEIGHT, weight)
        deleted = not await self._holds(Kind.BLOOD_GLUCOSE, self._wrong[c.GLUCOSE])
        self.stage.telling.says(steps.LOOKED_AGAIN)
        self.stage.check(
            Words("Google での訂正と削除が反映された", "A correction and a deletion at Google took effect"),
            Words(
                f"訂正 {corrected:d} 件、削除 {deleted:d} 件",
                f"{corrected:d} correction and {deleted:d} deletion arrived",
            ),
            good=corrected and deleted,
        )

    async def ken_takes_off(self) -> None:
        """He lives by Berlin's clock once he is there; on the way his devices are off."""
        now = self.stage.clock.now()
        self.stage.person(KEN).account.fly(BERLIN, now, now + IN_THE_AIR)
        self.stage.telling.says(steps.TAKES_OFF.filled(hours=IN_THE_AIR // timedelta(hours=1)))

    async def ken_lands(self) -> None:
        """The phone tells the new zone; days before stay as they were."""
        await self.stage.phones[KEN].tell_zone(BERLIN)
        self._landed_on = self.stage.clock.now().astimezone(ZoneInfo(BERLIN)).date()
        self.stage.telling.says(steps.LANDS)

    async def midori_takes_it_back(self) -> None:
        """In her Google Account, where we learn of it only by a token that is dead."""
        self.stage.world.revoke(self.stage.person(MIDORI).account.email, CLIENT_ID)
        self.stage.telling.says(steps.REVOKED)

    async def we_have_noticed(self) -> None:
        """The link asks her to reconnect; from now on there is quiet."""
        shown = await self.stage.phones[MIDORI].connection()
        self._calls_when_quiet = self._calls_for_midori()
        self.stage.check(
            Words("トークン失効後は再連携待ちになった", "After the token died the link waits for her to reconnect"),
            STATES[shown["state"]],
            good=shown["state"] == "needs_reauth",
        )
        self.stage.telling.says(steps.REVOCATION_SEEN.filled(state=STATES[shown["state"]]))

    async def midori_reconnects(self) -> None:
        """The same account again: everything goes on where it stood."""
        stage = self.stage
        calls = self._calls_for_midori() - self._calls_when_quiet
        stage.check(
            Words("再連携待ちの間、Google を一度も呼ばなかった", "While it waited, Google was not called for her once"),
            Words(f"22 時間で {calls} 回", f"{calls} calls in 22 hours"),
            good=calls == 0,
        )
        linked = await stage.link(stage.person(MIDORI))
        stage.telling.says(steps.RECONNECTED.filled(state=STATES[linked["state"]]))

    def look_back(self, people: list[PersonSeen]) -> None:
        """What this story, of all stories, has to show at its end."""
        seen = {person.uid: {kind.kind: kind for kind in person.kinds} for person in people}
        if self._late_points:
            late = [kind for kind in seen[MIDORI].values() if kind.points and kind.complete]
            self.stage.check(
                Words("二日遅れで届いた値もすべてそろった", "What the watch uploaded two days late is all there"),
                Words(
                    f"遅れて届いた記録 {self._late_points:,} 件、{len(late)} 種類とも完全",
                    f"{self._late_points:,} records came late; {len(late)} kinds, all complete",
                ),
                good=bool(late) and all(kind.complete for kind in seen[MIDORI].values()),
            )
        if self._wrong:
            aside = {kind: seen[HANA][kind].set_aside for kind in Kind if seen[HANA][kind].set_aside}
            count = sum(n for reasons in aside.values() for n in reasons.values())
            self.stage.check(
                Words(
                    "あり得ない値は理由とともに除外され、数えられた",
                    "The impossible value was set aside with its reason, and counted",
                ),
                Words(f"除外 {count} 件（5,000 bpm）", f"{count} set aside (5,000 bpm)"),
                good=aside == {Kind.HEART_RATE: {Reason.IMPOSSIBLE: 1}},
            )
        if self._landed_on:
            newest = seen[KEN][Kind.STEPS].newest
            newest = newest[:16] + newest[-6:]
            self.stage.check(
                Words("移動後の値は新しい時間帯で示される", "After the flight, times are shown in the new zone"),
                Words(f"最新の歩数 {newest}", f"newest steps {newest}"),
                good=newest.endswith("+01:00"),
            )
            self._check_nights(seen[KEN][Kind.SLEEP], self._landed_on)

    def _check_nights(self, sleep: KindSeen, landed_on: date) -> None:
        """A life that went on by Tokyo's clock would show as one endless night."""
        slept = {day["on"]: sum(one["total_minutes"] for one in (day["main"], *day["naps"])) for day in sleep.days}
        after = [timedelta(minutes=m) for on, m in slept.items() if date.fromisoformat(on) > landed_on]
        if after:
            hours = max(after) / timedelta(hours=1)
            self.stage.check(
                Words("移動後の睡眠も、一日に一晩ぶんである", "After the flight, too, a day holds one night's sleep"),
                Words(f"{len(after)} 日、最長 {hours:.1f} 時間", f"days: {len(after)}, {hours:.1f} hours at most"),
                good=max(after) < LONGEST_NIGHT,
            )

    @property
    def _watch(self) -> Device:
        return self.stage.person(MIDORI).account.devices[0]

    def _calls_for_midori(self) -> int:
        email = self.stage.person(MIDORI).account.email
        return sum(calls.get(email, 0) for calls in self.stage.world.counters().values())

    async def _holds(self, kind: Kind, point: Point) -> bool:
        """Whether Hana's app shows this very point."""
        on = datetime.fromtimestamp(point.start_ns // 1_000_000_000, UTC).date()
        day = timedelta(days=1)
        rows = self.stage.phones[HANA].points(kind, on - day, on + day)
        return any([list(row.values.values())[:1] == [point.values[0]] and row.entered_by_hand async for row in rows])


CHAPTERS = (
    Chapter(timedelta(hours=4), Story.the_watch_loses_its_phone),
    Chapter(timedelta(hours=6), lambda story: story.request.ken_calls()),
    Chapter(timedelta(hours=25), Story.google_has_a_bad_morning),
    Chapter(timedelta(hours=29), Story.google_is_well_again),
    Chapter(timedelta(hours=31), lambda story: story.handing_on.hana_gives_to_a_hospital()),
    Chapter(timedelta(hours=34), Story.hana_mistypes),
    Chapter(timedelta(hours=48), Story.ken_takes_off),
    Chapter(timedelta(hours=49), Story.hana_notices),
    Chapter(timedelta(hours=52), Story.the_watch_uploads),
    Chapter(timedelta(hours=55), Story.hana_looks_again),
    Chapter(timedelta(hours=57), lambda story: story.handing_on.hana_takes_blood_pressure_back()),
    Chapter(timedelta(hours=61), Story.ken_lands),
    Chapter(timedelta(hours=73), Story.midori_takes_it_back),
    Chapter(timedelta(hours=75), Story.we_have_noticed),
    Chapter(timedelta(hours=78), lambda story: story.request.the_form_comes_back()),
    Chapter(timedelta(hours=97), Story.midori_reconnects),
)
