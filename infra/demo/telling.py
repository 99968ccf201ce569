"""How the story is followed at the terminal: what happens now, and the simulated date."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from infra.demo import steps
from infra.demo.people import TOKYO, Words
from shared.clock import Clock

_ZONE = ZoneInfo(TOKYO)
_TOKENS = re.compile(r"[!-~]+ ?|.")
"""What a line is not broken within: runs of Latin letters and digits, and single characters."""


@dataclass(frozen=True)
class Told:
    """Something that happened, and when in simulated time (Japan's)."""

    at: str
    what: Words


def stacked(words: Words, width: int = 0) -> Text:
    """Both languages, one under the other; with a `width`, the Japanese is broken there."""
    return Text.assemble(_broken(words.ja, width) if width else words.ja, "\n", (words.en, "dim"))


def _broken(text: str, width: int) -> str:
    """Japanese breaks between any two characters, but no line begins with what closes the one before."""
    lines = [""]
    for token in _TOKENS.findall(text):
        full = cell_len(lines[-1]) + cell_len(token.rstrip()) > width - 2  # the room for what closes a line
        if full and lines[-1] and token not in "、。）」":
            lines.append("")
        lines[-1] += token
    return "\n".join(line.rstrip() for line in lines)


def listed(console: Console, lines: Iterable[tuple[Text, Words]]) -> None:
    """Print words in both languages, each with what stands in front of it."""
    for head, words in lines:
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_row(head, stacked(words, max(20, console.width - head.cell_len - 2)))
        console.print(grid)


class Telling:
    """Lines that stay, in both languages, and under them, in a terminal, one that moves. `told` keeps the former."""

    def __init__(self, console: Console, clock: Clock) -> None:
        self.told: list[Told] = []
        self._clock = clock
        # Standard error is the functions' own; the bar must not take it from them.
        self._progress = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=16),
            MofNCompleteColumn(),
            TextColumn("[dim]{task.fields[note]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task(_beside(steps.STARTING), total=None, note="")

    @contextmanager
    def following(self) -> Iterator[None]:
        """Show the moving line."""
        with self._progress:
            yield

    def says(self, what: Words) -> None:
        """Something happens in the story: it is told, and kept."""
        now = self._now()
        self.told.append(Told(now.isoformat(), what))
        listed(self._progress.console, [(Text(_when(now), "cyan"), what)])

    def begins(self, what: Words, steps: int | None = None) -> None:
        """A part of the work begins, of so many steps."""
        self._progress.reset(self._task, total=steps, description=_beside(what), note="")

    def steps(self, note: str = "", by: int = 1) -> None:
        """One step is done."""
        self._progress.update(self._task, advance=by, note=note or _when(self._now()))

    def notes(self, note: Words) -> None:
        """Something to show meanwhile."""
        self._progress.update(self._task, note=_beside(note))

    def _now(self) -> datetime:
        return self._clock.now().astimezone(_ZONE)


def _when(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")


def _beside(words: Words) -> str:
    return f"{words.ja} / {words.en}"
