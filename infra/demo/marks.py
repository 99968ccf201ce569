"""What is drawn on a chart: bars, bands and lines, as SVG. A day without a value breaks lines and bands."""

import datetime as dt
from collections.abc import Mapping, Sequence

from infra.demo.axes import Frame

Series = Mapping[dt.date, float]
"""A value per day, for the days that have one."""


def bars(frame: Frame, stacks: Sequence[tuple[str, Series]]) -> str:
    """Bars from zero, the series of one day on top of each other; each series has its class."""
    width = max(frame.day_px * 0.78, 0.8)
    heights: dict[dt.date, float] = {}
    drawn = []
    for name, series in stacks:
        path = []
        for on, value in sorted(series.items()):
            if value <= 0:
                continue
            base = heights.get(on, 0.0)
            heights[on] = base + value
            top, bottom = frame.y(base + value), frame.y(base)
            path.append(f"M{frame.x(on) - width / 2:.1f} {bottom}V{top}h{width:.1f}V{bottom}z")
        drawn.append(f'<path class="{name}" d="{"".join(path)}"/>')
    return "".join(drawn)


def band(frame: Frame, low: Series, high: Series) -> str:
    """The area between two series."""
    drawn = []
    for run in _runs(low):
        edge = frame.day_px / 2 if len(run) == 1 else 0.0  # a single day has width, too
        over = [(frame.x(on), frame.y(high[on])) for on in run]
        under = [(frame.x(on), frame.y(low[on])) for on in reversed(run)]
        if edge:
            over = [(over[0][0] - edge, over[0][1]), (over[0][0] + edge, over[0][1])]
            under = [(under[0][0] + edge, under[0][1]), (under[0][0] - edge, under[0][1])]
        drawn.append("M" + "L".join(f"{x:.1f} {y}" for x, y in over + under) + "z")
    return f'<path class="band" d="{"".join(drawn)}"/>'


def line(frame: Frame, series: Series, name: str) -> str:
    """A line through consecutive days, with a dot for each day where there is room or no neighbour."""
    drawn, dots = [], []
    roomy = frame.day_px >= 12
    for run in _runs(series):
        places = [f"{frame.x(on)} {frame.y(series[on])}" for on in run]
        if len(run) > 1:
            drawn.append("M" + "L".join(places))
        if len(run) == 1 or roomy:
            dots += [f"M{place}h.01" for place in places]
    # A dot is a line of no length with round ends: one path holds them all.
    return f'<path class="line {name}" d="{"".join(drawn)}"/><path class="dot {name}" d="{"".join(dots)}"/>'


def _runs(series: Series) -> list[list[dt.date]]:
    """The days, cut where one is missing."""
    runs: list[list[dt.date]] = []
    for on in sorted(series):
        if runs and (on - runs[-1][-1]).days == 1:
            runs[-1].append(on)
        else:
            runs.append([on])
    return runs
