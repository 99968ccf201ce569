"""What must hold after every I/O, looked at from outside: each commit beside the one before, and what Google gave."""

import datetime as dt
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import unquote

import msgspec

from infra.local.google import World
from shared.audit.model import Entry, first_break, hash_of
from shared.audit.writes import KEPT
from shared.cloud.documents import Data, Write
from shared.cloud.http import Answer
from shared.connection.model import Connection, LinkState
from shared.consent import ledger
from shared.consent.ledger import Event, Tail, rebuild
from shared.consent.model import LIVE
from shared.ids import digest
from shared.measurement.model import Identity, identify
from shared.vocabulary import Kind, Purpose
from tests.faults.copied import KIND_OF, Broken, Copy, Row, Worker, demand

_LINKED = (LinkState.ACTIVE, LinkState.PAUSED)
_NEVER = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


class Watch(Copy):
    """Checks each commit against the one before, and against what Google has and gave."""

    def __init__(self, world: World, secrets: dict[str, bytes]) -> None:
        super().__init__(world, secrets)
        self.broken: list[Broken] = []
        self.issued: set[str] = set()
        self.history: list[list[str]] = []
        self._minted: dict[str, int] = {}
        self._newest_stored: dict[tuple[str, Kind, Identity], int] = {}

    def memory(self) -> Any:
        """What is known besides the documents, to be remembered in another setting of the scene."""
        return dict(self._minted), dict(self._newest_stored)

    def remember(self, memory: Any) -> None:
        """As `memory` gave it."""
        self._minted, self._newest_stored = memory

    # -------------------------------------------------------------- what workers tell

    def committed(self, worker: Worker, writes: Sequence[Write]) -> None:
        """Take a commit over, and hold it to every invariant."""
        before = dict(self.documents)
        self.take(writes)
        paths = [write.path for write in writes]
        self.history.append(paths)
        try:
            self._check_days(worker, before, paths)
            self._check_connections(worker, before, paths)
            self._check_audit(before, paths)
            self._check_ledger(paths)
        except Broken as broken:
            self.broken.append(broken)
            raise

    def google_moved(self) -> None:
        """Note what Google gave out: all of it, and refresh tokens in their order."""
        oauth = self.world.oauth
        for token in oauth.refresh_tokens:
            self._minted.setdefault(token, len(self._minted))
        self.issued |= {*oauth.refresh_tokens, *oauth.access_tokens, *oauth.codes}

    def returned(self, worker: Worker, path: str, answer: Answer) -> None:
        """Note what a worker was given."""
        if answer.status != 200 or "/users/me/" not in path:
            return
        try:
            page = json.loads(answer.body, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return
        if not isinstance(page, dict):
            return
        if path.endswith("/sessions"):
            for one in page.get("session", []):
                start_ns = int(one["startTimeMillis"]) * 1_000_000
                identity = identify(Kind.SLEEP, one["id"], "", start_ns, 0)
                worker.seen[Kind.SLEEP][identity] = int(one["modifiedTimeMillis"])
            return
        stream = re.search(r"dataSources/([^/]+)/(?:datasets|dataPointChanges)", path)
        if stream is None:
            return
        kind = KIND_OF.get(unquote(stream[1]).split(":")[1], Kind.SLEEP)
        for one in [*page.get("point", []), *page.get("insertedDataPoint", [])]:
            origin = one.get("originDataSourceId") or page["dataSourceId"]
            identity = identify(kind, "", origin, int(one["startTimeNanos"]), int(one["endTimeNanos"]))
            worker.seen[kind][identity] = int(one["modifiedTimeMillis"])

    # -------------------------------------------------------------- I2, I3: days

    def _check_days(self, worker: Worker, before: dict[str, Data], paths: Iterable[str]) -> None:
        touched = {(p.split("/")[1], Kind(p.split("/")[3].partition(".")[0])) for p in paths if "/days/" in p}
        for uid, kind in touched:
            self._check_consent(uid, kind, before)
            now, held = self.stored(uid, kind), self.held(uid, kind)
            was = {i for day in self.days(uid, kind, before).values() for i in day.points.identities()}
            for identity in was - now.keys():
                demand(identity not in held, "I2", f"{kind} {identity} was removed, and Google has it")
            for identity, row in now.items():
                newest = self._newest_stored.get((uid, kind, identity), 0)
                demand(row[2] >= newest, "I2", f"{kind} {identity}: {row[2]} replaces the newer {newest}")
                self._newest_stored[uid, kind, identity] = row[2]

    def _check_consent(self, uid: str, kind: Kind, before: dict[str, Data]) -> None:
        """A data commit stands under the consent, and the link, that the commits before it left."""
        cell = self.consents(uid, before).cells.get(f"qolms_store|{kind}|qolms")
        demand(cell is not None and cell.state in LIVE, "I3", f"{kind} is stored without consent")
        connection = self.connection(uid, before)
        demand(connection is not None and connection.state is LinkState.ACTIVE, "I3", f"{kind} stored while not linked")
        assert connection is not None
        stands = self.consents(uid, before).for_purpose(Purpose.QOLMS_STORE)
        demand(connection.consents == stands, "I3", "the connection's consents are stale")

    # -------------------------------------------------------------- I4, I5: the connection

    def _check_connections(self, worker: Worker, before: dict[str, Data], paths: Iterable[str]) -> None:
        for uid in {p.split("/")[1] for p in paths if "/connections/" in p}:
            old, new = self.connection(uid, before), self.connection(uid)
            demand(new is not None, "I5", "a connection was removed")
            assert new is not None
            self._check_token(old, new)
            if old is not None and old.subject == new.subject:
                for kind, link in new.kinds.items():
                    self._check_cursor(worker, uid, kind, old, new)
                    demand(link.stored >= 0, "I4", f"{kind} counts {link.stored} points")
            stands = self.consents(uid).for_purpose(Purpose.QOLMS_STORE)
            demand(new.consents == stands, "I3", "connection and consents went apart")

    def _check_cursor(self, worker: Worker, uid: str, kind: Kind, old: Connection, new: Connection) -> None:
        was, now = old.kinds[kind], new.kinds[kind]
        demand(now.cursor_ns >= was.cursor_ns, "I4", f"the cursor of {kind} went back")
        if now.cursor_ns == was.cursor_ns and now.changes == was.changes:
            return
        if new.consents.epoch != old.consents.epoch:  # a withdrawn kind forgets where it stood
            return
        stored, held = self.stored(uid, kind), self.held(uid, kind)
        for identity, modified_ms in worker.seen[kind].items():
            if identity not in held or held[identity][0] >= now.cursor_ns:
                continue
            demand(identity in stored, "I4", f"{kind} {identity} was returned, is before the cursor, and is not stored")
            demand(stored[identity][2] >= modified_ms, "I4", f"{kind} {identity} is stored older than returned")

    def _check_token(self, old: Connection | None, new: Connection) -> None:
        was, now = self.refresh_token(old), self.refresh_token(new)
        demand(now is None or new.state in _LINKED, "I5", f"tokens are kept while {new.state}")
        if now is None:
            if was is not None and new.state is LinkState.NEEDS_REAUTH:
                account = self._account(new.uid)
                alive = was in self.world.oauth.refresh_tokens and not account.refresh_refusal
                demand(not alive, "I5", "a refresh token that lives was discarded")
            elif was is not None:
                demand(new.state is LinkState.REVOKED, "I5", f"no refresh token while {new.state}")
            return
        if old is not None and old.linked != new.linked and old.subject == new.subject:
            demand(
                (old.granted_at or _NEVER) <= (new.granted_at or _NEVER), "I5", "an older grant replaced a newer one"
            )
        elif was is not None and was != now and old is not None and old.subject == new.subject:
            demand(self._minted[now] > self._minted[was], "I5", "an older refresh token replaced a newer one")

    # -------------------------------------------------------------- I8: audit

    def _check_audit(self, before: dict[str, Data], paths: Sequence[str]) -> None:
        written: dict[str, list[Entry]] = defaultdict(list)
        for path in paths:
            if path.startswith("audit/"):
                demand(path not in before and path in self.documents, "I8", f"{path} was written again")
                entry = msgspec.convert(self.documents[path], Entry, builtin_types=KEPT)
                demand(entry.hash == hash_of(entry), "I8", f"{path} has the wrong hash")
                written[entry.stream].append(entry)
        for stream, entries in written.items():
            tip = before.get(f"audit/{stream}.{entries[0].number - 1:010d}")
            follows = (tip is None and entries[0].number == 1) or (
                tip is not None and tip["hash"] == entries[0].previous
            )
            demand(follows, "I8", f"{stream} does not go on where it stood")
        self._check_heads(before, paths, written)

    def _check_heads(self, before: dict[str, Data], paths: Sequence[str], written: dict[str, list[Entry]]) -> None:
        for path in paths:
            stream = _stream_of(path)
            if stream is None:
                continue
            entries = written.pop(stream, [])
            old, new = before.get(path), self.documents.get(path)
            if new is None:  # a parked grant may also be removed by its confirmation, which the connection's log tells
                demand(any(p.startswith("audit/") for p in paths), "I8", f"{path} was removed without an entry")
                continue
            head = (old or {"audit": {"length": 0, "hash": ""}})["audit"]
            expected = (entries[-1].number, entries[-1].hash) if entries else (head["length"], head["hash"])
            found = (new["audit"]["length"], new["audit"]["hash"])
            demand(found == expected, "I8", f"{path} says its log is at {found}, it is at {expected}")
            if not entries and "/connections/" in path:
                demand(old is not None, "I8", "a connection was made without an entry")
                changed = [name for name in _STATE if _STATE[name](old) != _STATE[name](new)]
                consent = any(p.startswith("audit/consent.") for p in paths)
                demand(not changed or consent, "I8", f"{changed} changed without an entry")
            if not entries and "/connections/" in path and any("/days/" in p for p in paths):
                raise Broken("I8: data was stored without an entry")
        demand(not written, "I8", f"entries of {list(written)} without their document")

    def _check_ledger(self, paths: Iterable[str]) -> None:
        for uid in {p.split("/")[1] for p in paths if p.endswith("/consent/state")}:
            prefix = f"users/{uid}/consent_events/"
            lines = sorted(p for p in self.documents if p.startswith(prefix))
            events = [msgspec.convert(self.documents[p], Event, builtin_types=KEPT) for p in lines]
            demand(rebuild(events) == self.consents(uid), "I8", "the ledger does not lead to the state of consent")
            tail = msgspec.convert(self.documents[f"users/{uid}/consent/state"]["tail"], Tail)
            broken = ledger.first_break(events, tail)
            demand(broken is None, "I8", f"the ledger is broken: {broken}")

    def check_chains(self) -> None:
        """Every stream from its start."""
        streams: dict[str, list[Entry]] = defaultdict(list)
        for path in sorted(p for p in self.documents if p.startswith("audit/")):
            entry = msgspec.convert(self.documents[path], Entry, builtin_types=KEPT)
            streams[entry.stream].append(entry)
        for stream, entries in streams.items():
            broken = first_break(entries)
            demand(broken is None, "I8", f"{stream}: {broken}")

    # -------------------------------------------------------------- at rest

    def check_fetched(self, uid: str, since_ns: int) -> None:
        """I1: what Google holds of each consented and granted kind since `since_ns` is stored as it is now, and nothing
        else, but for what another account of theirs brought before."""
        connection = self.connection(uid)
        assert connection is not None
        for kind, link in connection.kinds.items():
            cell = connection.consents.cells.get(f"qolms_store|{kind}|qolms")
            if not link.granted or cell is None or cell.state not in LIVE:
                continue
            held = {i: row for i, row in self.held(uid, kind).items() if row[0] >= since_ns}
            stored = self.stored(uid, kind)
            elsewhere = self.held_elsewhere(uid, kind)
            theirs = {i: row for i, row in stored.items() if i in held or i not in elsewhere}
            demand(theirs == held, "I1", f"{kind}: {_difference(theirs, held)}")
            if theirs == stored:
                demand(link.stored == len(stored), "I1", f"{kind} counts {link.stored}, holds {len(stored)}")

    def tokens_alive(self, connection: Connection) -> bool:
        """Whether Google still accepts any refresh token of the account."""
        account = self._account(connection.uid)
        return any(held.account is account for held in self.world.oauth.refresh_tokens.values())

    def is_newest(self, token: str) -> bool:
        """Whether a refresh token lives at Google, and no other was given for it."""
        held = self.world.oauth.refresh_tokens.get(token)
        return held is not None and not held.successor


def _stream_of(path: str) -> str | None:
    """The audit stream of the aggregate that lives at `path`, if it is one."""
    if path.endswith("/consent/state"):
        return f"consent.{digest('subject', path.split('/')[1])}"
    if "/connections/" in path or path.startswith(("link_attempts/", "loose_grants/")):
        return f"link.{digest('path', path)}"
    return None


_STATE: dict[str, Any] = {
    "state": lambda data: data["state"],
    "granted": lambda data: {kind: link["granted"] for kind, link in data["kinds"].items()},
    "consents": lambda data: data["consents"]["epoch"],
    "linked": lambda data: data["linked"],
    "subject": lambda data: data["subject"],
    "tokens": lambda data: data["tokens"] is None,
}
"""What of a connection may not change without an audit entry."""


def _difference(stored: dict[Identity, Row], held: dict[Identity, Row]) -> str:
    missing, surplus = held.keys() - stored.keys(), stored.keys() - held.keys()
    other = [i for i in held.keys() & stored.keys() if held[i] != stored[i]]
    differing = [(held[i], stored[i]) for i in other][:3]
    return f"missing {sorted(missing)[:3]}, surplus {sorted(surplus)[:3]}, other {differing}"


def _refuse(constant: str) -> None:
    raise ValueError(constant)
