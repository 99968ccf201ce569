"""Where recent nights are stored, known without reading the days around them.

A night is its name (I2), and the day it is stored under is where it starts, which may change while it grows. Whoever
stores it under one day must take it away from another; this says from which, if from any.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator

MOST = 10_000
"""Nights that are kept track of: some hundred kilobytes of the connection's document, which may have one megabyte."""
_EPOCH = dt.date(1970, 1, 1)
_ONE_DAY = dt.timedelta(days=1)


class Nights:
    """Keyed hashes of the names of stored nights, each with its day, packed: the day since which none is missing (2
    bytes, little end first), a hash of nothing (4) that tells keys apart, then day (2) and hash (8) of each, ascending.
    Empty: nothing is known, and nothing will be until the kind begins (`beginning`) to be read anew.

    Under another key than they were packed under they say nothing either. Then no fingerprint holds any more, so that
    reading everything again (`rereading`) stores every day, and with it every night.
    """

    HEAD, SIZE = 6, 10

    def __init__(self, packed: bytes, key: bytes, *, beginning: bool = False, rereading: bool = False) -> None:
        self._key = key
        ours = packed[2 : self.HEAD] == self._hash("")[:4]
        self._complete = beginning or ours
        self._relearnt = self._complete or (bool(packed) and rereading)
        self._foreign = b"" if ours else packed
        packed = packed if ours else b""
        self._since = int.from_bytes(packed[:2], "little")
        self._days: dict[bytes, int] = {
            packed[i + 2 : i + self.SIZE]: int.from_bytes(packed[i : i + 2], "little")
            for i in range(self.HEAD, len(packed), self.SIZE)
        }

    def elsewhere(self, name: str, on: dt.date, reached: dt.date | None) -> list[dt.date]:
        """The days besides `on` that may hold the night `name`. `reached` is since when every day has been read."""
        known = self._days.get(self._hash(name))
        if known is not None:
            return [] if known == _number(on) else [_EPOCH + known * _ONE_DAY]
        before, behind = on - _ONE_DAY, on + _ONE_DAY
        if self._complete and reached is not None and before >= reached and _number(before) >= self._since:
            return []
        return [before, behind]

    def moved(self, names: Iterable[str], on: dt.date) -> Iterator[tuple[str, dt.date]]:
        """Which of the nights that start on `on` are stored under another day, and under which."""
        for name in filter(None, names):
            known = self._days.get(self._hash(name))
            if known is not None and known != _number(on):
                yield name, _EPOCH + known * _ONE_DAY

    def store(self, on: dt.date, names: Iterable[str]) -> None:
        """`on` now holds exactly these nights."""
        number = _number(on)
        self._days = {name: day for name, day in self._days.items() if day != number}
        if 0 <= number < 1 << 16:
            self._days.update((self._hash(name), number) for name in names if name)

    def packed(self, since: dt.date) -> bytes:
        """As stored, without days before `since`."""
        if not self._relearnt:
            return self._foreign  # it still says that there is something to be learnt again
        least = max(0, _number(since))
        kept = sorted((day, name) for name, day in self._days.items() if day >= least)
        if len(kept) > MOST:
            return b""
        head = least.to_bytes(2, "little") + self._hash("")[:4]
        return b"".join([head, *(day.to_bytes(2, "little") + name for day, name in kept)])

    def _hash(self, name: str) -> bytes:
        return hashlib.blake2b(name.encode(), key=self._key, digest_size=8).digest()


def _number(on: dt.date) -> int:
    return (on - _EPOCH).days
