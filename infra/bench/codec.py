"""How fast a page of Google's becomes a packed day, beside `orjson.loads` alone on the same bytes, and how small.

A ratio is the median of the ratios of single rounds: in each round everything is measured once, in an order drawn anew,
so that a machine that is busy for a while is so for both sides of a ratio. How far the rounds went apart stands beside
it. The page is a day of heart rate as Google sends it, with an empty `mapVal` in each value, in two forms: indented, as
the service answers by default, and compact, as it answers with `prettyPrint=false`.
"""

import gc
import json
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from infra.bench.targets import spread
from shared.cloud.documents import Data
from shared.measurement.merge import Change, merge, split_by_day
from shared.measurement.model import Day
from shared.measurement.pack import digest, pack, unpack
from shared.source.google_fit import wire
from shared.source.google_fit.mapping import decode_dataset
from shared.vocabulary import Kind

POINTS = 1440
SEALING_BYTES = 40
START_MS = 1_790_726_400_000  # 2026-09-30T00:00Z
NOW_NS = (START_MS + 2 * 86_400_000) * 1_000_000
WATCH = "raw:com.google.heart_rate.bpm:com.example.health:Example:Band 7:4f5a6b7c:live heart rate"
CAMERA = "raw:com.google.heart_rate.bpm:com.example.instantheartrate:"


def heart_rate_page(*, origins: int, indent: int | None) -> bytes:
    """A day's page: a sample about every minute, at millisecond grain, uploaded every three hours.

    With two origins, some three in a hundred samples were taken with a phone's camera.
    """
    noise = random.Random(1)
    upload_ms, bpm, points = 0, 60, []
    for minute in range(POINTS):
        at_ms = START_MS + minute * 60_000 + noise.randrange(8_000)
        if minute % 180 == 0:
            upload_ms = at_ms + 10_800_000 + noise.randrange(600_000)
        bpm = max(45, min(160, bpm + noise.randrange(-4, 5)))
        point = {
            "startTimeNanos": f"{at_ms}000000",
            "endTimeNanos": f"{at_ms}000000",
            "dataTypeName": "com.google.heart_rate.bpm",
            "originDataSourceId": CAMERA if origins == 2 and noise.random() < 0.03 else WATCH,
            "value": [{"fpVal": bpm, "mapVal": []}],
            "modifiedTimeMillis": str(upload_ms),
        }
        points.append(point)
    page = {
        "minStartTimeNs": f"{START_MS}000000",
        "maxEndTimeNs": f"{START_MS + 86_400_000}000000",
        "dataSourceId": "derived:com.google.heart_rate.bpm:com.google.android.gms:merge_heart_rate_bpm",
        "point": points,
    }
    return json.dumps(page, indent=indent, separators=(",", ": " if indent else ":")).encode()


def to_packed_day(body: bytes, stored: Day | None) -> bytes:
    """Decode, validate, normalise, merge, pack: everything that happens to a page between Google and sealing."""
    page = decode_dataset(Kind.HEART_RATE, body, now_ns=NOW_NS)
    ((on, day),) = split_by_day(page.points, page.set_aside).items()
    return pack(merge(on, stored, Change(day.points, (), day.set_aside)))


def run(repetitions: int = 150) -> dict[str, Any]:
    """Measure, and say whether the targets are met: a ratio of 0.6, and 6 bytes a sample once sealed."""
    forms = {
        f"{name}, {origins} origin{'s' * (origins - 1)}": _form(origins, indent, repetitions)
        for name, indent in (("compact", None), ("indented", 2))
        for origins in (1, 2)
    }
    worst_size = max(form["bytes_per_sample"] for form in forms.values())
    return {
        "points": POINTS,
        "ratio": forms["compact, 1 origin"]["ratio"],
        "ratio_target": 0.6,
        "bytes_per_sample": worst_size,
        "bytes_per_sample_target": 6,
        "forms": forms,
    }


def _form(origins: int, indent: int | None, repetitions: int) -> dict[str, Any]:
    body = heart_rate_page(origins=origins, indent=indent)
    points = decode_dataset(Kind.HEART_RATE, body, now_ns=NOW_NS).points
    ((on, day),) = split_by_day(points).items()
    fresh = Change(day.points)
    packed = pack(merge(on, None, fresh))
    stored = unpack(Kind.HEART_RATE, on, packed)  # as it comes from the store: equal, not the same
    of_typed, first, last = wire.typed_dataset(Kind.HEART_RATE), body.index(b"["), body.rindex(b"]") + 1
    took = in_rounds(
        {
            "orjson": lambda: orjson.loads(body),
            "ours": lambda: to_packed_day(body, None),
            "ours_into_equal": lambda: to_packed_day(body, stored),
            "typed_decode": lambda: of_typed.decode(memoryview(body)[first:last]),
            "decode_to_columns": lambda: decode_dataset(Kind.HEART_RATE, body, now_ns=NOW_NS),
            "split": lambda: split_by_day(points),
            "merge_into_empty": lambda: merge(on, None, fresh),
            "merge_into_equal": lambda: merge(on, stored, fresh),
            "pack": lambda: pack(day),
            "digest": lambda: digest(day, b"key"),
            "unpack": lambda: unpack(Kind.HEART_RATE, on, packed),
        },
        repetitions,
    )
    ratios = of_rounds(took["ours"], took["orjson"])
    into_equal = of_rounds(took["ours_into_equal"], took["orjson"])
    middle = {name: round(statistics.median(times), 4) for name, times in took.items()}
    whole = {name: middle.pop(name) for name in ("orjson", "ours", "ours_into_equal")}
    return {
        "body_bytes": len(body),
        "orjson_ms": whole["orjson"],
        "ours_ms": whole["ours"],
        "ratio": ratios["median"],
        "ratio_of_rounds": ratios,
        "ours_into_equal_ms": whole["ours_into_equal"],
        "ratio_into_equal": into_equal["median"],
        "ratio_into_equal_of_rounds": into_equal,
        "stages_ms": middle,
        "bytes_per_sample": round((len(packed) + SEALING_BYTES) / POINTS, 2),
    }


def in_rounds(
    steps: Mapping[str, Callable[[], object]], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[float]]:
    """Milliseconds of each step in each round, whose order is drawn anew; freeing what a step made is part of it."""
    took: dict[str, list[float]] = {name: [] for name in steps}
    drawn, order = random.Random(2), list(steps)
    gc.collect()
    for _ in range(rounds):
        drawn.shuffle(order)
        for name in order:
            begun = clock()
            made = steps[name]()
            del made
            took[name].append((clock() - begun) * 1000)
    return took


def of_rounds(ours: Sequence[float], theirs: Sequence[float]) -> Data:
    """How ours relates to theirs within each round: the median, and how far the rounds went apart."""
    return spread([mine / other for mine, other in zip(ours, theirs, strict=True)], digits=3)


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
