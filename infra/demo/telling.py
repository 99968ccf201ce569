"""How the story is followed at the terminal: what happens now, and the simulated date."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from shared.clock import Clock


class Telling:
    """Lines that stay, and under them, in a terminal, one that moves."""

    def __init__(self, console: Console, clock: Clock, zone: str) -> None:
        self.console = console
        self._clock = clock
        self._zone = ZoneInfo(zone)
        # Standard error is the functions' own; the bar must not take it from them.
        self._progress = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("[dim]{task.fields[note]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task("starting", total=None, note="")

    @contextmanager
    def following(self) -> Iterator[None]:
        """Show the moving line."""
        with self._progress:
            yield

    def says(self, what: str) -> None:
        """Something happens in the story: a line that stays."""
        self._progress.console.print(f"[cyan]{self._when(self._clock.now())}[/cyan]  {what}", highlight=False)

    def begins(self, what: str, steps: int | None = None) -> None:
        """A part of the work begins, of so many steps."""
        self._progress.reset(self._task, total=steps, description=what, note="")

    def steps(self, note: str = "", by: int = 1) -> None:
        """One step is done."""
        self._progress.update(self._task, advance=by, note=note or self._when(self._clock.now()))

    def notes(self, note: str) -> None:
        """Something to show meanwhile."""
        self._progress.update(self._task, note=note)

    def _when(self, at: datetime) -> str:
        return at.astimezone(self._zone).strftime("%Y-%m-%d %a %H:%M")
