"""Reading Google Fit: which URL brings what, in which pages, and when an answer is complete.

Source: developers.google.com/fit/rest/v1/reference and the discovery document fitness:v1, November 2026.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from shared import log
from shared.clock import Clock
from shared.cloud.http import Answer, Sender
from shared.config import Settings
from shared.errors import Fault, NotFound, Unavailable
from shared.measurement import columns
from shared.measurement.limits import LONGEST_NS
from shared.measurement.merge import Rows, Window
from shared.measurement.model import DAY_NS, Identity, Points, SetAside
from shared.source.google_fit import mapping
from shared.source.google_fit.faults import fault_of
from shared.source.google_fit.retry import patiently
from shared.source.google_fit.sift import SLEEP_ACTIVITIES
from shared.source.google_fit.streams import (
    Stream,
    check_fields,
    choose_stream,
    decode_sources,
    preferred_stream,
    type_names,
)
from shared.sync.ports import Budget, Feed, Gone, OutOfCalls, Read
from shared.vocabulary import Kind

PAGE_POINTS = 1000
"""Points a page. The ceiling is undocumented; 1,000 is what others have seen work, and about 300 KB."""
MOST_PAGES = 100
"""Of one dataset at a time: a reading a second fills 87 a day."""
MOST_FEED_PAGES = 20
SESSIONS = "sessions"
"""Stands among sleep's streams for the list of nights, which is not a data stream of Google's."""
_SLEEP = [("activityType", str(activity)) for activity in SLEEP_ACTIVITIES]
"""Sessions of every activity that is sleep: some apps name a nap by its stage."""


class GoogleFitSource:
    """Google Fit as `sync.ports.HealthSource`."""

    def __init__(self, settings: Settings, *, http: Sender, clock: Clock) -> None:
        self._base = f"{settings.google_fitness_url}/users/me"
        self._http = http
        self._clock = clock

    async def streams(
        self, token: str, kinds: Sequence[Kind], budget: Budget
    ) -> Mapping[Kind, tuple[str, ...] | Fault]:
        """As the port: one call for all kinds; Google lists what the granted scopes allow.

        Where it lists nothing at all the best-known streams are tried: one that is not there costs a 404, no data.
        """
        types = [name for kind in kinds for name in type_names(kind)]
        try:
            answer = await self._get(token, "dataSources", [("dataTypeName", name) for name in types], budget)
            listed = decode_sources(answer.body)
        except NotFound:
            listed = []
        return {kind: self._chosen(kind, listed) for kind in kinds}

    def _chosen(self, kind: Kind, listed: Sequence[Stream]) -> tuple[str, ...] | Fault:
        try:
            chosen = choose_stream(kind, listed) if listed else (preferred_stream(kind),)
            for stream in listed:
                if stream.id in chosen:
                    check_fields(kind, stream)
        except Fault as fault:
            return fault
        return (*chosen, SESSIONS) if kind is Kind.SLEEP else tuple(chosen)

    async def feed(self, token: str, kind: Kind, stream: str, since: str, budget: Budget) -> Feed | None:
        """As the port. A page that names no token, or none at all, means that this stream has no feed to go by."""
        if stream == SESSIONS:
            return await self._session_feed(token, since, budget)
        path = f"dataSources/{quote(stream, safe='')}/dataPointChanges"
        pages = _Feeding(kind, since)
        try:
            while pages.unfinished() and budget.in_time():
                answer = await self._get(token, path, pages.parameters(PAGE_POINTS), budget)
                page = mapping.decode_changes(kind, answer.body, now_ns=self._now_ns())
                gone = [Gone(identity, identity.start_ns) for identity in page.deleted]
                pages.take(page.upserts, gone, page.set_aside, page.next_page_token)
        except NotFound:
            return None
        return pages.feed()

    async def _session_feed(self, token: str, since: str, budget: Budget) -> Feed | None:
        pages = _Feeding(Kind.SLEEP, since)
        fixed = [("includeDeleted", "true"), *_SLEEP]
        try:
            while pages.unfinished() and budget.in_time():
                answer = await self._get(token, "sessions", [*fixed, *pages.parameters(None)], budget)
                page = mapping.decode_sessions(answer.body, now_ns=self._now_ns())
                gone = [Gone(Identity(name, "", 0, 0), start_ns) for name, start_ns in page.deleted]
                pages.take(page.points, gone, page.set_aside, page.next_page_token)
        except NotFound:
            return None
        return pages.feed()

    async def window(
        self, token: str, kind: Kind, stream_ids: Sequence[str], start_ns: int, end_ns: int, budget: Budget
    ) -> Sequence[Read]:
        """As the port. Sleep is read twice: its nights from the sessions, their stages from the streams."""
        reads: list[Read] = []
        rows = Rows.SEGMENTS if kind is Kind.SLEEP else Rows.ALL
        pages, set_aside, found, absent = list[Points](), list[SetAside](), False, list[str]()
        since_ns = start_ns
        for stream in stream_ids:
            if stream == SESSIONS:
                reads.append(await self._nights(token, start_ns, end_ns, budget))
                continue
            try:
                depth = _Depth()
                async for page in self._dataset(token, kind, stream, since_ns, end_ns, budget, depth):
                    pages.append(page.points)
                    set_aside += page.set_aside
                found, since_ns = True, max(since_ns, depth.since_ns)
            except NotFound:
                absent.append(stream)
                log.event("google.stream_absent", "NOTICE", kind=kind)
        if found:
            whole = columns.joined(pages, Points.none(kind))
            reads.append(_within(Window(since_ns, end_ns, rows, tuple(absent)), whole, set_aside))
        return reads

    async def _dataset(
        self, token: str, kind: Kind, stream: str, start_ns: int, end_ns: int, budget: Budget, depth: "_Depth"
    ) -> AsyncIterator[mapping.Page]:
        path = f"dataSources/{quote(stream, safe='')}/datasets/{start_ns}-{end_ns}"
        seen: set[str] = set()
        after = ""
        for _ in range(MOST_PAGES):
            if not budget.in_time() and depth.cut(end_ns):
                return
            parameters = [("limit", str(PAGE_POINTS)), *([("pageToken", after)] if after else [])]
            try:
                answer = await self._get(token, path, parameters, budget)
            except OutOfCalls:
                if not depth.cut(end_ns):
                    raise
                return
            page = mapping.decode_dataset(kind, answer.body, now_ns=self._now_ns())
            depth.take(page.points)
            yield page
            after = page.next_page_token
            if not after:  # only this ends a dataset: a page may be empty and yet not the last
                return
            if after in seen:
                raise Unavailable("upstream_malformed", "Google repeated a page token")
            seen.add(after)
        if not depth.cut(end_ns):
            raise Unavailable("upstream_malformed", f"a day of more than {MOST_PAGES} pages")

    async def _nights(self, token: str, start_ns: int, end_ns: int, budget: Budget) -> Read:
        # Of endTime the reference says "only sessions ending between the start and end times", the discovery document
        # "starting before endTime and ending after startTime up to (endTime + 1 day)". A night belongs where it starts,
        # so it is asked for until the longest that starts inside has ended: all that starts inside comes either way.
        parameters = [
            ("startTime", _rfc3339(start_ns - DAY_NS)),
            ("endTime", _rfc3339(end_ns + LONGEST_NS[Kind.SLEEP])),
            *_SLEEP,
        ]
        answer = await self._get(token, "sessions", parameters, budget)
        page = mapping.decode_sessions(answer.body, now_ns=self._now_ns())
        return _within(Window(start_ns, end_ns, Rows.SESSIONS), page.points, page.set_aside)

    async def _get(self, token: str, path: str, query: Sequence[tuple[str, str]], budget: Budget) -> Answer:
        # Google indents by default, which makes an answer a third larger.
        asked = [*query, ("prettyPrint", "false")]
        url = f"{self._base}/{path}?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in asked)
        headers = {"authorization": f"Bearer {token}", "accept": "application/json"}

        async def once() -> Answer:
            budget.spend()
            log.count("google_calls")
            return await self._http.send("GET", url, headers=headers)

        answer = await patiently(once, self._clock)
        if answer.status != 200:
            raise fault_of(answer)
        return answer

    def _now_ns(self) -> int:
        return int(self._clock.now().timestamp()) * 1_000_000_000


@dataclass(slots=True)
class _Depth:
    """How far back the pages of a dataset have come. Each page's points end before those of the page before it."""

    since_ns: int = 0
    newest_ns: int = 0
    oldest_ns: int | None = None
    backwards: bool = True

    def take(self, points: Points) -> None:
        if len(points):
            newest_ns = max(points.end_ns)
            self.backwards = self.backwards and (self.oldest_ns is None or newest_ns <= self.oldest_ns)
            self.newest_ns, self.oldest_ns = max(self.newest_ns, newest_ns), min(points.end_ns)

    def cut(self, end_ns: int) -> bool:
        """Leave the rest for another time, behind the last UTC day that was read whole. False where none was: the day
        that the window's end begins is none, though points of its first moment are listed with the window."""
        if self.oldest_ns is None or not self.backwards:
            return False
        since_ns = -(-(self.oldest_ns + 1) // DAY_NS) * DAY_NS
        if since_ns > self.newest_ns or since_ns >= end_ns:
            return False
        self.since_ns = since_ns
        return True


@dataclass(slots=True)
class _Feeding:
    """The pages of one feed, as far as one visit goes."""

    kind: Kind
    token: str
    pages: list[Points] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    visits: int = 0
    done: bool = False
    absent: bool = False

    def unfinished(self) -> bool:
        return not self.done and self.visits < MOST_FEED_PAGES

    def parameters(self, limit: int | None) -> list[tuple[str, str]]:
        named = [("limit", str(limit))] if limit else []
        return [*named, ("pageToken", self.token)] if self.token else named

    def take(self, points: Points, gone: Sequence[Gone], set_aside: Sequence[SetAside], token: str) -> None:
        # A later page's deletion concerns an earlier page's point as well, and so does a later word about a night,
        # which may have moved to another day.
        dropped = {identity for identity, _ in gone} | {i for i in points.identities() if i.name}
        if dropped:
            self.pages = [columns.without(page, dropped) for page in self.pages]
        self.pages.append(points)
        self.gone += gone
        self.set_aside += set_aside
        self.visits += 1
        empty = not len(points) and not gone and not set_aside
        self.absent = not token
        self.done = not token or token == self.token or empty
        self.token = token or self.token

    def feed(self) -> Feed | None:
        if self.absent:
            return None
        points = columns.joined(self.pages, Points.none(self.kind))
        return Feed(points, self.gone, self.set_aside, self.token, caught_up=self.done)


def _within(window: Window, points: Points, set_aside: Sequence[SetAside]) -> Read:
    """The part that starts inside the window: what overlaps its edge belongs to the window before or behind.

    What was set aside without a readable time is kept."""
    inside = columns.started_within(points, window.start_ns, window.end_ns)
    kept = [one for one in set_aside if one.start_ns is None or window.start_ns <= one.start_ns < window.end_ns]
    return Read(window, inside, kept)


def _rfc3339(ns: int) -> str:
    import datetime as dt

    instant = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=ns // 1000)
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"
