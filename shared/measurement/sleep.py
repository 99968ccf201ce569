"""Civil days told from nights: each sleep whole, on the day the person woke up."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from shared.measurement.civil import ZoneTimeline
from shared.measurement.model import Points, is_manual
from shared.measurement.nights import ASLEEP, AWAKE, DEEP, LIGHT, OUT_OF_BED, REM, Night, Row, nights, rows_of
from shared.measurement.summary import DaySummary, Sleep, SleepDay, Stages

_MINUTE_NS = 60_000_000_000


class SleepTally:
    """As `tally.Tally`, for sleep."""

    def __init__(self, zones: ZoneTimeline, first: dt.date, last: dt.date) -> None:
        self._zones = zones
        self._first, self._last = first, last
        self._rows: list[Row] = []

    def add(self, points: Points) -> None:
        self._rows.extend(rows_of(points))

    def summaries(self) -> list[DaySummary]:
        days: dict[dt.date, list[Night]] = defaultdict(list)
        for night in nights(self._rows):
            woke_on = self._zones.civil_day_of(night.end_ns)
            if self._first <= woke_on <= self._last:
                days[woke_on].append(night)
        return [self._summary(on, slept) for on, slept in sorted(days.items())]

    def _summary(self, on: dt.date, slept: Sequence[Night]) -> SleepDay:
        main = max(slept, key=lambda night: (_asleep_ns(night), night.end_ns - night.start_ns, -night.start_ns))
        rows = [row for night in slept for row in night.rows]
        return SleepDay(
            on=on,
            points=len(rows),
            entered_by_hand=sum(is_manual(row.origin) for row in rows),
            asleep_minutes=_minutes(sum(map(_asleep_ns, slept))),
            main=self._sleep(main),
            naps=[self._sleep(night) for night in slept if night is not main],
        )

    def _sleep(self, night: Night) -> Sleep:
        return Sleep(
            start=self._zones.written(night.start_ns),
            end=self._zones.written(night.end_ns),
            total_minutes=_minutes(night.end_ns - night.start_ns),
            asleep_minutes=_minutes(_asleep_ns(night)),
            stages_minutes=_stages(night),
            origins=night.origins,
        )


def _asleep_ns(night: Night) -> int:
    if night.stage_ns is None:
        return night.end_ns - night.start_ns
    return sum(night.stage_ns.get(stage, 0) for stage in (ASLEEP, LIGHT, DEEP, REM))


def _stages(night: Night) -> Stages | None:
    if night.stage_ns is None:
        return None
    left = dict(night.stage_ns)
    recorded_ns = sum(left.values())
    return Stages(
        awake=_minutes(left.pop(AWAKE, 0)),
        light=_minutes(left.pop(LIGHT, 0)),
        deep=_minutes(left.pop(DEEP, 0)),
        rem=_minutes(left.pop(REM, 0)),
        asleep_unspecified=_minutes(left.pop(ASLEEP, 0)),
        out_of_bed=_minutes(left.pop(OUT_OF_BED, 0)),
        unrecognised=_minutes(sum(left.values())),
        not_recorded=_minutes(night.end_ns - night.start_ns - recorded_ns),
    )


def _minutes(lasted_ns: int) -> float:
    """Minutes to two decimals: the grain of a report in seconds."""
    return (lasted_ns * 200 + _MINUTE_NS) // (2 * _MINUTE_NS) / 100
