"""A hospital reads what a person lets it read; then some of that is taken back, in the midst of a fetch."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import msgspec

from infra.demo import steps
from infra.demo.people import HANA, TOKYO, Words
from infra.demo.phone import Phone, Unexpected
from infra.demo.stage import Stage
from infra.demo.words import KINDS
from infra.local import hospital
from infra.local.google import Fault
from shared.cloud.stores import open_documents
from shared.vocabulary import Kind, Purpose

NAME = Words(hospital.NAME.ja, hospital.NAME.en)
GIVEN = (Kind.BLOOD_PRESSURE, Kind.WEIGHT)
TAKEN_BACK = Kind.BLOOD_PRESSURE
PURPOSE = Purpose.HEALTH_GUIDANCE
_READS = timedelta(days=7)
_SLOW_S = 0.3
"""How long, in real seconds, Google keeps each call of the fetch waiting, so that the withdrawal falls into it."""
_PATIENCE_S = 20


@dataclass
class HandedOn:
    """One kind that the hospital was given: how often and when it got it, and what it is answered since."""

    kind: Kind
    given_at: str
    points: int = 0
    reads: int = 0
    last_read_at: str = ""
    withdrawn_at: str = ""
    refused: int = 0
    refused_with: str = ""


@dataclass
class Reading:
    """The hospital's system, which knows the address of `release` and its own service account."""

    url: str
    session: aiohttp.ClientSession
    token: Callable[[], str]

    async def people(self) -> list[dict[str, Any]]:
        """Whom it may read, and what it may not any more."""
        status, body = await self._get("release", {})
        if status != 200:
            raise Unexpected(f"GET /release answered {status}: {body}")
        found: list[dict[str, Any]] = body["people"]
        return found

    async def points(self, person: str, kind: Kind, first: date, last: date) -> tuple[int, str]:
        """How many points it is handed, and the code of what stood in the way."""
        span = {"from": first.isoformat(), "to": last.isoformat()}
        query = {"person": person, "purpose": PURPOSE.value, "kind": kind.value, **span}
        count = 0
        while True:
            status, body = await self._get("release/points", query)
            if status != 200:
                return count, str(body["code"])
            count += len(body["points"])
            if body["next_page_token"] is None:
                return count, ""
            query["page_token"] = body["next_page_token"]

    async def _get(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {self.token()}"}
        async with self.session.get(f"{self.url}/{path}", params=query, headers=headers) as answer:
            return answer.status, msgspec.json.decode(await answer.read())


@dataclass
class HandingOn:
    """The chapters about it. `told` is what the report shows."""

    stage: Stage
    told: dict[Kind, HandedOn] = field(default_factory=dict)
    _recipient: str = ""
    _system: Reading | None = None

    async def hana_gives_to_a_hospital(self) -> None:
        """Staff have registered it; she lets it see two kinds, for health guidance; its system reads them."""
        await self._opens()
        await self._decide("give", GIVEN)
        self.told = {kind: HandedOn(kind, self._now) for kind in GIVEN}
        await self._read()
        points = sum(one.points for one in self.told.values())
        self.stage.telling.says(steps.GIVEN_TO.filled(hospital=NAME, kinds=_names(GIVEN), points=points))

    async def hana_takes_blood_pressure_back(self) -> None:
        """While her data is fetched: the hospital gets no more of it from that moment on; the fetch goes on."""
        stage, account = self.stage, self.stage.person(HANA).account.email
        await self._read()
        slow = stage.world.faults.add(Fault("slow", account=account, times=None, seconds=_SLOW_S))
        calls = self._calls()
        await self._phone.call("POST", "connection/sync", 202, json={"provider": "google_fit"})
        fetching = asyncio.create_task(stage.platform.drain())
        async with asyncio.timeout(_PATIENCE_S):
            while self._calls() == calls:  # noqa: ASYNC110 - the simulated Google counts, and tells nobody
                await asyncio.sleep(0.01)
        await self._decide("withdraw", [TAKEN_BACK])
        self.told[TAKEN_BACK].withdrawn_at = self._now
        await self._read()
        midst = not fetching.done()
        stage.world.faults.clear(slow)
        await fetching
        stage.telling.says(steps.TAKEN_BACK.filled(hospital=NAME, kind=KINDS[TAKEN_BACK]))
        await self._check_stopped(midst=midst)

    async def _check_stopped(self, *, midst: bool) -> None:
        one, others = self.told[TAKEN_BACK], [self.told[kind] for kind in GIVEN if kind is not TAKEN_BACK]
        fetched = (await self._phone.connection())["kinds"][TAKEN_BACK]["last_success_at"]
        running = Words("取得中", "in the midst of a fetch") if midst else Words("取得の後", "after the fetch")
        self.stage.check(
            Words(
                "取得中に撤回した種類は、その瞬間から病院に渡らず、ほかは渡り続けた",
                "What was taken back during a fetch reached the hospital no more; the rest still did",
            ),
            Words(
                f"{running.ja}の {clock(one.withdrawn_at)} に撤回、病院への応答は {one.refused_with}",
                f"taken back at {clock(one.withdrawn_at)}, {running.en}; the hospital is answered {one.refused_with}",
            ),
            good=midst and one.refused_with == "consent_missing" and not any(other.refused for other in others),
        )
        self.stage.check(
            Words(
                "病院への提供をやめても、本人のための取得と保存は続いた",
                "To take it back from the hospital did not stop fetching and storing it for her",
            ),
            Words(f"血圧の最後の取得 {clock(fetched)}", f"blood pressure last fetched at {clock(fetched)}"),
            good=fetched >= one.withdrawn_at[:16],
        )

    async def look_back(self) -> None:
        """Days later it is still so; the hospital has been told, and every reading stands on record for her to see."""
        if not self.told:
            return
        await self._read()
        one = self.told[TAKEN_BACK]
        if one.withdrawn_at:
            [told] = await self._reading.people()
            ended = [gone["kind"] for gone in told["ended"]]
            self.stage.check(
                Words("病院は、提供が終わったことを知らされている", "The hospital has been told what ended"),
                Words(f"終了：{_listed(ended).ja}", f"ended: {_listed(ended).en}"),
                good=ended == [TAKEN_BACK],
            )
        seen = await self._phone.call("GET", "consent/provisions", 200)
        reads = sum(each.reads for each in self.told.values())
        self.stage.check(
            Words("病院が読んだ回数だけ、提供の記録がある", "There is a record for every reading, and none beside"),
            Words(
                f"読み取り {reads} 回、記録 {len(seen['provisions'])} 件",
                f"{reads} readings, {len(seen['provisions'])} records",
            ),
            good=len(seen["provisions"]) == reads > 0,
        )

    async def _read(self) -> None:
        """The hospital reads the last days of everything it was ever given."""
        [hana] = await self._reading.people()
        today = self.stage.clock.now().date()
        for kind, one in self.told.items():
            points, refused = await self._reading.points(hana["person"], kind, today - _READS, today)
            if refused:
                one.refused, one.refused_with = one.refused + 1, refused
            else:
                one.points, one.reads, one.last_read_at = points, one.reads + 1, self._now

    async def _opens(self) -> None:
        """Staff register the hospital, and the account that its system calls with."""
        platform = self.stage.platform
        documents = open_documents(platform.settings["DOCUMENTS"], project=platform.settings["PROJECT"])
        try:
            made = await hospital.registered(documents, self.stage.clock)
        finally:
            await documents.close()
        self._recipient = made.recipient
        self._system = Reading(platform.url, self._phone.session, lambda: made.token(platform.issuer, platform.url))

    async def _decide(self, decision: str, kinds: Sequence[Kind]) -> None:
        stands = await self._phone.call("GET", "consent", 200)
        about = {"purpose": PURPOSE.value, "recipient": self._recipient, "decision": decision}
        body = {
            "changes": [{**about, "kind": kind.value} for kind in kinds],
            "notice": stands["notice"],
            "if_epoch": stands["epoch"],
        }
        await self._phone.call("POST", "consent", 200, json=body)

    @property
    def _phone(self) -> Phone:
        return self.stage.phones[HANA]

    @property
    def _reading(self) -> Reading:
        if self._system is None:
            raise Unexpected("the hospital is not registered yet")
        return self._system

    def _calls(self) -> int:
        email = self.stage.person(HANA).account.email
        return sum(calls.get(email, 0) for calls in self.stage.world.counters().values())

    @property
    def _now(self) -> str:
        return self.stage.clock.now().isoformat()


def _names(kinds: Sequence[Kind]) -> Words:
    return Words("、".join(KINDS[kind].ja for kind in kinds), " and ".join(KINDS[kind].en.lower() for kind in kinds))


def _listed(kinds: Sequence[str]) -> Words:
    return _names([Kind(kind) for kind in kinds]) if kinds else Words("なし", "nothing")


def clock(at: str) -> str:
    """A time as the story tells it; "" where there is none."""
    return datetime.fromisoformat(at).astimezone(ZoneInfo(TOKYO)).strftime("%m-%d %H:%M") if at else ""
