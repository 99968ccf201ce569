"""The summary at the terminal: readable at 80 columns, fuller where there is room."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.demo.summary import KindSeen, PersonSeen, Summary

_YES, _NO = Text("yes", "green"), Text("NO", "bold red")
_WIDE = 100


def show(summary: Summary, console: Console) -> None:
    """Who has what, what it took, and whether it is right."""
    wide = console.width >= _WIDE
    console.print()
    console.print(_people(summary, wide=wide))
    if summary.recordings:
        console.print(_recordings(summary))
    console.print(_costs(summary))
    console.print(_checks(summary))
    verdict = "[bold green]everything is as it should be[/]" if summary.ok else "[bold red]not as it should be[/]"
    console.print(f"{verdict}, after {sum(summary.seconds.values()):.0f} s\n", highlight=False)


def _table(title: str, *, header: bool = True) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, show_header=header)


def _people(summary: Summary, *, wide: bool) -> Table:
    table = _table("Who has what")
    table.add_column("", no_wrap=True)
    table.add_column("points", justify="right", no_wrap=True)
    if wide:
        table.add_column("at Google", justify="right", no_wrap=True)
    table.add_column("newest", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("complete", no_wrap=True)
    table.add_column("bytes each" if wide else "B each", justify="right", no_wrap=True)
    for person in summary.people:
        table.add_row(Text(person.name.en, "bold"))
        for kind in person.kinds:
            if kind.points or kind.held_by_google or not kind.complete:
                table.add_row(*_row(kind, wide=wide))
        for what, silent in _silent(person).items():
            table.add_row(Text(f"  {what}", "dim"), Text(f"{len(silent)} kinds", "dim"))
        table.add_section()
    return table


def _row(kind: KindSeen, *, wide: bool) -> list[str | Text]:
    newest = f"{kind.newest[0 if wide else 5 : 10]} {kind.newest[11:16]}" + (kind.newest[-6:] if wide else "")
    row: list[str | Text] = [f"  {_said(kind.kind)}", f"{kind.points:,}"]
    if wide:
        row.append(f"{kind.held_by_google:,}")
    state = Text(kind.state, "green" if kind.state == "active" else "yellow")
    each = "" if kind.bytes_per_sample is None else f"{kind.bytes_per_sample:,.1f}"
    return [*row, newest if kind.newest else "", state, _YES if kind.complete else _NO, each]


def _silent(person: PersonSeen) -> dict[str, list[KindSeen]]:
    """Kinds without a point: those there is no device for, and those not agreed to."""
    found: dict[str, list[KindSeen]] = {}
    for kind in person.kinds:
        if not kind.points and not kind.held_by_google and kind.complete:
            found.setdefault("no data" if kind.granted else "not granted", []).append(kind)
    return found


def _costs(summary: Summary) -> Table:
    table = _table("What it took", header=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    calls, typical = summary.google_calls, summary.median_sync
    table.add_row("calls to Google", f"{sum(calls.values()):,}", _parts(calls))
    table.add_row("requests", f"{sum(summary.requests.values()):,}", _parts(summary.requests))
    for what in ("store_reads", "store_writes"):
        parts = {name: cost.get(what, 0) for name, cost in summary.by_function.items()}
        table.add_row(_said(what), f"{summary.total(what):,}", _parts(parts))
    median = "{google_calls:.0f} calls to Google, {store_reads:.0f} store reads, {store_writes:.0f} writes"
    table.add_row("median visit", "", median.format(**typical))
    table.add_row("tasks", f"{summary.tasks['created']:,}", f"delivered {summary.tasks['delivered']:,} times")
    if summary.points:
        size = f"{summary.points:,} points in {summary.sealed_bytes:,} sealed bytes"
        table.add_row("bytes a sample", f"{summary.sealed_bytes / summary.points:.1f}", size)
    aside = {
        f"{_said(r)} ({_said(k.kind)})": n for p in summary.people for k in p.kinds for r, n in k.set_aside.items()
    }
    table.add_row("set aside", f"{sum(aside.values()):,}", _parts(aside))
    seconds = ", ".join(f"{_said(name)} {s:.1f}" for name, s in summary.seconds.items())
    table.add_row("seconds", f"{sum(summary.seconds.values()):.1f}", seconds)
    return table


def _parts(parts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for n, name in sorted(((n, name) for name, n in parts.items() if n), reverse=True))


def _recordings(summary: Summary) -> Table:
    assert summary.recordings is not None
    table = _table("Recorded answers")
    table.add_column("file", overflow="fold")
    table.add_column("served by the simulated Google", overflow="fold")
    for name in summary.recordings.used:
        table.add_row(name, _YES)
    for name, reason in summary.recordings.unusable.items():
        table.add_row(name, Text(f"no: {reason}", "yellow"))
    return table


def _checks(summary: Summary) -> Table:
    table = _table("Checked")
    table.add_column("what had to come true", ratio=5)
    table.add_column("", no_wrap=True)
    table.add_column("seen", ratio=4)
    for check in summary.checks:
        table.add_row(check.what.en, _YES if check.good else _NO, check.seen.en)
    return table


def _said(name: str) -> str:
    return name.replace("_", " ")
