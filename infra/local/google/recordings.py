"""A folder of answers recorded from the real Google becomes accounts that answer the same.

Understood are datasets, changes, lists of data sources (or one data source), and lists of sessions. Each point is
served byte for byte as it was recorded. Two recordings that give one point different values cannot be of one person,
so the second goes to another account. Recorded `merge_step_deltas` also appear in `estimated_steps`, as at Google.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from infra.local.google.accounts import Account, plain_source
from infra.local.google.catalogue import STEPS, TYPES, FieldSpec, merged_ids
from infra.local.google.points import Point
from infra.local.google.sessions import SLEEP_ACTIVITY, Session


class _Dataset(msgspec.Struct, rename="camel"):
    data_source_id: str
    point: list[msgspec.Raw] = []
    inserted_data_point: list[msgspec.Raw] = []


class _Point(msgspec.Struct, rename="camel"):
    start_time_nanos: str | int
    end_time_nanos: str | int
    origin_data_source_id: str = ""
    modified_time_millis: str | int = 0
    value: list[dict[str, Any]] = []


@dataclass
class Recorded:
    """What became of a folder: whose accounts, which files served, and which not, with the reason."""

    accounts: list[Account] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


def load(directory: Path, new_account: Callable[[str], Account]) -> Recorded:
    """Read every `*.json` in `directory`. Nothing in it is fatal; an empty folder yields one account without data."""
    recorded = Recorded([new_account("recorded-1@example.com")])
    for path in sorted(directory.glob("*.json")):
        try:
            raw = path.read_bytes()
            _take(json.loads(raw), raw, recorded, new_account)
            recorded.used.append(path.name)
        except (ValueError, LookupError, TypeError, RecursionError, OSError) as reason:
            recorded.skipped[path.name] = f"{type(reason).__name__}: {reason}"
    for account in recorded.accounts:
        _estimate_steps(account)
    return recorded


def _estimate_steps(account: Account) -> None:
    merged, estimated = merged_ids(STEPS)
    if merged in account.streams:
        stream = account.stream(estimated, STEPS)
        stream.put(p for p in account.streams[merged].points if not stream.holds(p))


def _take(document: Any, raw: bytes, recorded: Recorded, new_account: Callable[[str], Account]) -> None:
    if isinstance(document, list):
        _take_sources(document, recorded.accounts[0])
    elif not isinstance(document, dict):
        raise TypeError("not an object")
    elif "dataSource" in document:
        _take_sources(document["dataSource"], recorded.accounts[0])
    elif "dataStreamId" in document:
        _take_sources([document], recorded.accounts[0])
    elif "session" in document:
        for session in document["session"]:
            recorded.accounts[0].sessions.put(_session(session))
    elif "dataSourceId" in document:
        _take_dataset(msgspec.json.decode(raw, type=_Dataset), recorded, new_account)
    else:
        raise ValueError("not an answer of Fitness that holds data")


def _take_sources(sources: list[dict[str, Any]], account: Account) -> None:
    for source in sources:
        stream = account.stream(source["dataStreamId"], source["dataType"]["name"], source)
        stream.source = source


def _take_dataset(dataset: _Dataset, recorded: Recorded, new_account: Callable[[str], Account]) -> None:
    stream_id = dataset.data_source_id
    type_name = stream_id.split(":")[1]
    points, shapes = [], []
    for raw in (*dataset.point, *dataset.inserted_data_point):
        point = msgspec.json.decode(raw, type=_Point)
        shapes.append(point.value)
        points.append(
            Point(
                int(point.end_time_nanos),
                int(point.start_time_nanos),
                point.origin_data_source_id,
                int(point.modified_time_millis),
                (),
                bytes(raw).decode(),
            )
        )
    fields = TYPES[type_name].fields if type_name in TYPES else _fields(max(shapes, key=len, default=[]))
    account = _owner(stream_id, points, recorded, new_account)
    account.stream(stream_id, type_name, plain_source(stream_id, type_name, fields)).put(points)


def _owner(stream_id: str, points: list[Point], recorded: Recorded, new_account: Callable[[str], Account]) -> Account:
    """The first account in which no point says something else."""
    for account in recorded.accounts:
        stream = account.streams.get(stream_id)
        held = {p[:3]: p for p in stream.points} if stream else {}
        if all(held.get(p[:3], p) == p for p in points):
            return account
    account = new_account(f"recorded-{len(recorded.accounts) + 1}@example.com")
    recorded.accounts.append(account)
    return account


def _fields(values: list[dict[str, Any]]) -> list[FieldSpec]:
    """Names are lost, formats are not."""
    return [FieldSpec(f"field_{i}", "integer" if "intVal" in v else "floatPoint") for i, v in enumerate(values)]


def _session(session: dict[str, Any]) -> Session:
    return Session(
        session["id"],
        session.get("name", ""),
        int(session["startTimeMillis"]),
        int(session["endTimeMillis"]),
        int(session.get("modifiedTimeMillis", 0)),
        int(session.get("activityType", SLEEP_ACTIVITY)),
        package=session.get("application", {}).get("packageName", ""),
        raw=session,
    )
