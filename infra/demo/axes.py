"""Where things lie on a chart, and the lines and labels that say so."""

import datetime as dt
from dataclasses import dataclass
from math import ceil, floor, log10

WIDTH, HEIGHT = 560, 250
LEFT, RIGHT, TOP, BOTTOM = 70, 10, 12, 30
_NICE = (1, 2, 5, 10)


@dataclass(frozen=True)
class Frame:
    """Days from left to right, values from bottom to top."""

    first: dt.date
    last: dt.date
    low: float
    high: float

    @property
    def days(self) -> int:
        """How many days there is room for."""
        return (self.last - self.first).days + 1

    @property
    def day_px(self) -> float:
        """The room of one day."""
        return (WIDTH - LEFT - RIGHT) / self.days

    def x(self, on: dt.date) -> float:
        """The middle of a day."""
        return round(LEFT + ((on - self.first).days + 0.5) * self.day_px, 1)

    def y(self, value: float) -> float:
        """A value's height; what lies beyond is drawn at the edge."""
        part = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM), 1)

    def drawn(self) -> str:
        """Grid, values at the left, dates below."""
        lines = []
        for value in ticks(self.low, self.high):
            y = self.y(value)
            lines.append(f'<path class="grid" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>')
            lines.append(f'<text x="{LEFT - 8}" y="{y + 5}" text-anchor="end">{value:,.10g}</text>')
        for on in self._dates():
            x = self.x(on)
            lines.append(f'<path class="tick" d="M{x} {HEIGHT - BOTTOM}v5"/>')
            lines.append(f'<text x="{x}" y="{HEIGHT - 9}" text-anchor="middle">{on:%m-%d}</text>')
        lines.append(f'<path class="axis" d="M{LEFT} {HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>')
        return "".join(lines)

    def _dates(self) -> list[dt.date]:
        """Days to be named: not too many, evenly, and none at the very edge."""
        step = next((step for step in (1, 2, 7, 14, 28, 56, 112, 364) if self.days / step <= 8), 728)
        days = [self.last - dt.timedelta(days=back) for back in range(0, self.days, step)]
        return [on for on in days if LEFT + 14 <= self.x(on) <= WIDTH - RIGHT - 18]


def framed(first: dt.date, last: dt.date, values: list[float], *, least: float, most: float) -> Frame:
    """A frame from `least` to `most`, which gives way to values beyond, so that nothing real is cut off."""
    low, high = min([least, *values]), max([most, *values])
    step = _step(high - low)
    low = least if low == least else floor(low / step) * step
    high = most if high == most else ceil(high / step) * step
    return Frame(first, last, low, high)


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from `low` to `high`, some four to eight of them."""
    step = _step(high - low)
    return [round(n * step, 6) for n in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def _step(span: float) -> float:
    rough = span / 7
    size: float = 10.0 ** floor(log10(rough))
    return next(nice * size for nice in _NICE if nice * size >= rough * 0.98)
