"""The end of a story: everything is read back and set against what Google holds."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from infra.demo import steps
from infra.demo.handing_on import HandedOn
from infra.demo.people import Person, Words
from infra.demo.requested import Requested
from infra.demo.stage import Stage
from infra.demo.stored import Shelf, Size
from infra.demo.summary import KindSeen, PersonSeen, Recordings, Summary
from infra.demo.truth import compare, held_by
from shared.config import settings
from shared.vocabulary import Kind

_DAY = timedelta(days=1)
_TOKENS = ("ya29.", "1//0", "4/0", "eyJ")
"""How Google's access and refresh tokens, its codes, and all signed tokens begin."""


async def look_back(stage: Stage, began: datetime) -> list[PersonSeen]:
    """Read everything of everybody over HTTP."""
    stage.telling.says(steps.READ_BACK)
    stage.telling.begins(steps.COMPARING, steps=len(stage.people) * len(Kind))
    shelf = Shelf()
    since = _floor(began)
    with stage.timed("read_back_and_compare"):
        return [await _person(stage, shelf, person, since) for person in stage.people]


async def _person(stage: Stage, shelf: Shelf, person: Person, since: date) -> PersonSeen:
    shown = await stage.phones[person.uid].connection()
    sizes = await shelf.sizes(person.uid)
    kinds = []
    for kind in Kind:
        kinds.append(await _kind(stage, shelf, person, kind, shown["kinds"][kind], sizes.get(kind, Size()), since))
        stage.telling.steps(f"{person.name.ja} {kind.value}")
    return PersonSeen(person.uid, person.name, person.about, person.zone, shown["state"], kinds)


async def _kind(
    stage: Stage, shelf: Shelf, person: Person, kind: Kind, shown: dict[str, Any], size: Size, since: date
) -> KindSeen:
    phone, today = stage.phones[person.uid], stage.clock.now().date()
    first, last = since - _DAY, today + _DAY
    ticked = kind in person.ticked
    since_ns = int(datetime(since.year, since.month, since.day, tzinfo=UTC).timestamp()) * 1_000_000_000
    held = held_by(person.account, kind, since_ns) if ticked else ()
    compared = await compare(held, phone.points(kind, first, last), kind)
    aside = await shelf.set_aside(person.uid, kind, first, last) if shown["set_aside"] else []
    return KindSeen(
        kind,
        ticked,
        shown["state"] if shown["granted"] else "not granted",
        compared.read,
        compared.held,
        dict(Counter(one.reason for one in aside)),
        compared.newest,
        shown["last_error"] or "",
        compared.complete(one.start_ns for one in aside) and (ticked or not size.documents),
        size.documents,
        size.sealed_bytes,
        await phone.days(kind, since, today + _DAY),
    )


def check_everything(stage: Stage, people: list[PersonSeen]) -> None:
    """What has to be true at the end of every story."""
    _check_complete(stage, people)
    refused = [kind for person in people for kind in person.kinds if not kind.granted]
    if refused:
        documents = sum(kind.documents for kind in refused)
        stage.check(
            Words("同意のない種類は何も保存されていない", "Nothing is stored of kinds that were not agreed to"),
            Words(f"{len(refused)} 種類、文書 {documents} 件", f"{len(refused)} kinds, {documents} documents"),
            good=not any(kind.points or kind.documents for kind in refused),
        )
    requests = sum(stage.log.requests.values())
    failed = stage.log.events["fault.unexpected"] + stage.log.events["not_an_event"]
    stage.check(
        Words("関数に予期しない失敗はなかった", "No function failed unexpectedly"),
        Words(f"要求 {requests:,} 件、失敗 {failed} 件", f"{requests:,} requests, {failed} failures"),
        good=not failed,
    )
    log = stage.log.text()
    stage.check(
        Words("ログにトークンは残っていない", "No token is in the log"),
        Words(f"{len(log):,} 文字を検索", f"{len(log):,} characters searched"),
        good=not any(begins in log for begins in _TOKENS),
    )


def _check_complete(stage: Stage, people: list[PersonSeen]) -> None:
    granted = [(person, kind) for person in people for kind in person.kinds if kind.granted]
    wrong = [f"{person.name.en} {kind.kind}" for person, kind in granted if not kind.complete]
    points = sum(kind.points for _, kind in granted)
    aside = sum(n for _, kind in granted for n in kind.set_aside.values())
    good = not wrong and points > 0
    seen = Words(f"{points:,} 件を照合、過不足なし", f"{points:,} points compared, none missing, none too many")
    if aside:
        seen = Words(f"{seen.ja}、除外 {aside:,} 件", f"{seen.en}; {aside:,} set aside")
    if not good:
        seen = Words(
            f"不一致: {', '.join(wrong) or '値が一件もない'}",
            f"differs: {', '.join(wrong) or 'there are no points at all'}",
        )
    stage.check(
        Words(
            "Google にある値はすべて、同じ値で届くか、理由とともに除外された",
            "Every point Google holds arrived with its value, or was set aside with a reason",
        ),
        seen,
        good=good,
    )


def summed_up(
    stage: Stage,
    people: list[PersonSeen],
    *,
    source: str,
    began: datetime,
    recordings: Recordings | None = None,
    handed_on: Iterable[HandedOn] = (),
    request: Requested | None = None,
) -> Summary:
    """All of it, as one value."""
    log, counts = stage.log, stage.platform.delivery.counts
    return Summary(
        source,
        began.isoformat(),
        stage.clock.now().isoformat(),
        settings().backfill_days,
        settings().sync_interval_s,
        people,
        stage.checks,
        stage.telling.told,
        {name: sum(calls.values()) for name, calls in stage.world.counters().items()},
        dict(log.requests),
        {name: dict(cost) for name, cost in log.costs.items()},
        log.typical_sync(),
        {"created": counts["tasks"], "delivered": counts["deliveries"]},
        stage.seconds,
        recordings,
        [*handed_on],
        request,
    )


def _floor(began: datetime) -> date:
    return began.astimezone(UTC).date() - timedelta(days=settings().backfill_days)
