"""What a measurement is held to, and how the whole is written down."""

import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from shared.cloud.documents import Data


@dataclass(frozen=True, slots=True)
class Target:
    """One number with the most it may be."""

    name: str
    measured: float
    limit: float
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether it is within its limit."""
        return self.measured <= self.limit

    def document(self) -> Data:
        """As JSON."""
        return {
            "name": self.name,
            "measured": round(self.measured, 3),
            "limit": round(self.limit, 3),
            "unit": self.unit,
            "pass": self.met,
        }


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of the bench found: its targets, and numbers that only inform."""

    targets: Sequence[Target]
    numbers: Data

    def document(self) -> Data:
        """As JSON."""
        return {"targets": [target.document() for target in self.targets], **self.numbers}


def machine() -> Data:
    """Where this was measured."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_before": round(os.getloadavg()[0], 2),
    }


def spread(values: Sequence[float], digits: int = 1) -> Data:
    """Median, 95th percentile, least and most."""
    ordered = sorted(values)
    return {
        "median": round(statistics.median(ordered), digits),
        "p95": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], digits),
        "least": round(ordered[0], digits),
        "most": round(ordered[-1], digits),
        "n": len(ordered),
    }


def say(what: str) -> None:
    """One line of progress for whoever waits."""
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.__stderr__, flush=True)
