"""The same job on answers recorded from the real Google Fit: whoever they are of is linked, fetched and shown."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console

from infra.demo import steps
from infra.demo.looking_back import check_everything, look_back, summed_up
from infra.demo.people import recorded
from infra.demo.stage import staged
from infra.demo.summary import Recordings, Summary
from infra.demo.telling import Telling
from infra.demo.truth import oldest_and_newest
from infra.local.google import Account, World
from shared.clock import ManualClock, SystemClock
from shared.policy.notices import digest_of, notices

ZONE = "UTC"
"""Recordings do not say where the person was."""
HOURS = 26
"""Long enough for the daily re-read to go over everything once more."""


async def play(responses: Path, folder: Path, console: Console) -> Summary:
    """Fetch everything in `responses`, at a time shortly after its newest point."""
    clock = ManualClock(SystemClock().now())
    world = World.from_recordings(responses, clock)
    oldest, newest = _span(world.recorded.accounts, clock.now())
    clock.set(newest + timedelta(hours=3))
    people = recorded(world.recorded.accounts, ZONE)
    backfill = {"BACKFILL_DAYS": str((clock.now() - oldest).days + 2)}
    told = {"NOTICES": str(as_of_then(folder / "notices"))}
    telling = Telling(console, clock)
    with telling.following():
        telling.says(steps.RECORDED.filled(answers=len(world.recorded.used), accounts=len(people)))
        async with staged(folder, world, clock, people, telling, backfill | told) as stage:
            began = clock.now()
            with stage.timed("link_and_first_fetch"):
                for person in people:
                    await stage.link(person)
                await stage.drain(steps.FETCHING.filled(days=backfill["BACKFILL_DAYS"]))
            telling.says(steps.FIRST_FETCH.filled(calls=stage.log.total("google_calls")))
            telling.begins(steps.DAYS_PASS, steps=HOURS)
            with stage.timed("days"):
                await stage.pass_until(began + timedelta(hours=HOURS))
            seen = await look_back(stage, began)
            check_everything(stage, seen)
            files = Recordings(world.recorded.used, world.recorded.skipped)
            return summed_up(stage, seen, source=str(responses), began=began, recordings=files)


def as_of_then(folder: Path) -> Path:
    """Our notices in `folder`, in force since the earliest time a point may have: whoever was recorded lived before the
    first of them."""
    published = []
    for notice in notices():
        files = dict(notice.files)
        since = f"in_force_from: {notice.contents.in_force_from}".encode()
        files["notice.yaml"] = files["notice.yaml"].replace(since, b"in_force_from: 2000-01-01")
        version = folder / notice.contents.version
        version.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (version / name).write_bytes(content)
        published.append(f"{digest_of(files)} {notice.contents.version}\n")
    (folder / "PUBLISHED").write_text("".join(published), encoding="utf-8")
    return folder


def _span(accounts: list[Account], now: datetime) -> tuple[datetime, datetime]:
    """From the oldest to the newest point of our kinds, as far as they can be true; now, where there are none."""
    spans = [span for account in accounts if (span := oldest_and_newest(account))]
    if not spans:
        return now, now
    first_ns, last_ns = min(span[0] for span in spans), max(span[1] for span in spans)
    earliest = datetime(2000, 1, 1, tzinfo=UTC)
    return max(earliest, _at(first_ns)), min(now, max(earliest, _at(last_ns)))


def _at(ns: int) -> datetime:
    return datetime.fromtimestamp(ns // 1_000_000_000, UTC)
